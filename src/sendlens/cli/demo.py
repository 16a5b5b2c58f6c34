"""`sendlens demo`: a server with a simulated e-mail program, to look at, or to check itself and stop (`--once`).

Owns the options and the course of the demonstration. The server is `demo_server`'s, what is sent to it
`demo_traffic`'s, the checks are `demo_check`'s, and everything that happens comes from `simulator`.
"""

from __future__ import annotations

import asyncio
import signal
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

if TYPE_CHECKING:
    from rich.console import Console

    from sendlens.cli.demo_server import DemoServer


@dataclass(frozen=True, kw_only=True)
class Wishes:
    """The options of a demonstration."""

    once: bool
    recipients: int
    days: int
    events: int
    rate: float
    seed: int
    throttle: str


def demo(
    *,
    once: Annotated[bool, Parameter(negative="")] = False,
    recipients: int = 10_000,
    days: int = 14,
    events: int = 60_000,
    rate: float = 25.0,
    seed: int = 1,
    throttle: str = "",
    port: int | None = None,
    data: Path | None = None,
    file: Path | None = None,
) -> None:
    """Start Sendlens with a simulated e-mail program whose true figures are known.

    Args:
        once: Send one campaign, compare every figure with the truth, print the report and stop; code 1 if one is wrong.
        recipients: How many people the campaign of --once goes to.
        days: How many days of history there are at the start.
        events: About how many events the history has.
        rate: Events per second of the live traffic; 0 for none.
        seed: Decides everything that happens; the same number gives the same world.
        throttle: A mailbox provider, such as yahoo_aol, that starts to defer mail a minute after the start.
        port: Port of the server; else SENDLENS_PORT, or 8000. A free one is taken if it is in use.
        data: Directory to keep the data in; else a temporary one that is removed at the end.
        file: Write the history as lines of JSON to this file and stop, without a server.
    """
    wishes = Wishes(once=once, recipients=recipients, days=days, events=events, rate=rate, seed=seed, throttle=throttle)
    _refuse_nonsense(wishes)
    if file is not None:
        from sendlens.cli.demo_traffic import write

        write(file, wishes)
        return
    if code := asyncio.run(_run(_console(), wishes, port, data)):
        sys.exit(code)


def _refuse_nonsense(wishes: Wishes) -> None:
    from sendlens.errors import InvalidField
    from sendlens.simulator.mailboxes import MAILBOXES

    limits = (
        ("recipients", wishes.recipients, 100, 1_000_000),
        ("days", wishes.days, 1, 400),
        ("events", wishes.events, 0, 100_000_000),
        ("rate", wishes.rate, 0, 100_000),
        ("seed", wishes.seed, 0, 2**31),
    )
    for name, value, least, most in limits:
        if not least <= value <= most:
            raise InvalidField(name, value, f"{least} to {most}")
    providers = sorted({mailbox.provider for mailbox in MAILBOXES if "." not in mailbox.provider})
    if wishes.throttle and wishes.throttle not in providers:
        raise InvalidField("throttle", wishes.throttle, f"one of {', '.join(providers)}")


def _console() -> Console:
    from rich.console import Console

    # Where nobody sees a terminal's edge, lines are wide enough for the tables.
    return Console(highlight=False, emoji=False, width=None if sys.stdout.isatty() else 118)


async def _run(console: Console, wishes: Wishes, port: int | None, data: Path | None) -> int:
    from sendlens.cli.demo_server import DemoServer
    from sendlens.simulator.programs import HOLLAND_AND_FERN

    task = asyncio.current_task()
    if task is not None:
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, task.cancel)
    started = time.monotonic()
    server = DemoServer(data, port, HOLLAND_AND_FERN.name)
    try:
        console.print("Starting Sendlens …")
        await asyncio.to_thread(server.start)
        if server.port != server.wanted_port:
            console.print(f"Port {server.wanted_port} is in use; listening on {server.port} instead.")
        if wishes.once:
            from sendlens.cli.demo_check import check

            return await check(console, server, wishes.recipients, wishes.seed, started)
        await _show(console, server, wishes, started)
    except asyncio.CancelledError:
        if wishes.once:
            console.print("Stopped before the end; the figures were not compared.")
            return 130
        console.print("\nStopping …")
    finally:
        await asyncio.to_thread(server.stop)
    console.print("Stopped." if server.temporary else f"Stopped. The data is in {server.directory}.")
    return 0


async def _show(console: Console, server: DemoServer, wishes: Wishes, started: float) -> None:
    from rich.panel import Panel

    from sendlens.cli.demo_traffic import Traffic

    async with Traffic(server, wishes) as traffic:
        if wishes.events:
            accepted = await traffic.history()
            seconds = time.monotonic() - started
            console.print(f"{accepted:,} events of {wishes.days} days were accepted {seconds:.1f} s after the start.")
        lines = [
            f"[bold]{server.url}[/bold]",
            "",
            f"{traffic.world.company.name}, a made-up shop, mails {traffic.world.population.size:,} made-up people.",
            f"Live traffic: about {wishes.rate:g} events per second, from four providers' webhooks and the API."
            if wishes.rate
            else "There is no live traffic.",
            f"API key: {server.key}",
            "",
            "Ctrl-C ends it.",
        ]
        if wishes.throttle:
            lines.insert(4, f"In a minute {wishes.throttle} begins to defer mail.")
        console.print(Panel("\n".join(lines), title="Sendlens", expand=False, padding=(1, 3)))
        await traffic.live()
