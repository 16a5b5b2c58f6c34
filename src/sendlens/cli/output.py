"""How commands show things: tables for people, JSON for programs, and the control plane they talk to."""

from __future__ import annotations

import sys
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from sendlens.errors import SettingsError

if TYPE_CHECKING:
    from sendlens.control import Control
    from sendlens.settings import Settings

Json = Annotated[bool, Parameter(name="--json", negative="", help="Print JSON instead of text.")]


@contextmanager
def opened(*, create: bool = False) -> Generator[tuple[Control, Settings]]:
    """Give the control plane of the settings, whether or not a server runs; with `create` also a new one."""
    from sendlens import settings as configuration
    from sendlens.control import Control, load_secret_key
    from sendlens.control.directory import prepare

    settings = configuration.load()
    # A command in the wrong directory must not leave an empty Sendlens there and report that nothing exists.
    if not create and not settings.control and not (settings.data / "control.sqlite").exists():
        raise SettingsError(
            f"There is no Sendlens in {settings.data} yet.",
            hint="Set SENDLENS_DATA to the directory of the server, or begin one: sendlens tenant create",
        )
    prepare(settings.data)
    with Control.open(settings.control_url, load_secret_key(settings)) as control:
        yield control, settings


def print_json(value: object) -> None:
    """Print a value as indented JSON."""
    import msgspec

    sys.stdout.write(msgspec.json.format(msgspec.json.encode(value)).decode() + "\n")


def print_table(columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Print rows under their headings; lines are as long as they have to be where nobody sees a terminal's edge."""
    from rich.console import Console
    from rich.table import Table

    console = Console(highlight=False, markup=False, emoji=False, width=None if sys.stdout.isatty() else 10_000)
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*[str(cell) for cell in row])
    console.print(table)


def print_facts(facts: Mapping[str, object]) -> None:
    """Print names and values, one below the other."""
    widest = max(len(name) for name in facts)
    for name, value in facts.items():
        sys.stdout.write(f"{name:<{widest}}  {value}\n")


def moment(ms: int) -> str:
    """Return UTC milliseconds as people write times; a dash for never."""
    return datetime.fromtimestamp(ms / 1000, UTC).strftime("%Y-%m-%d %H:%M:%S UTC") if ms else "–"


def typed_secret(given: str, prompt: str) -> str:
    """Return a secret from an option; `-` reads it from standard input, so that it is not seen in the process list."""
    if given != "-":
        return given
    if sys.stdin.isatty():
        import getpass

        return getpass.getpass(prompt + ": ")
    return sys.stdin.readline().rstrip("\r\n")
