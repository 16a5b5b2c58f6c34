"""`docs/cli.md` has a section per command, with its purpose and its arguments in the words of the code."""

import inspect
import re
from collections.abc import Iterator

from cyclopts import App

from sendlens.cli import COMMANDS, build
from tests.docs.pages import DOCS


def commands(app: App, path: str = "sendlens") -> Iterator[tuple[str, App]]:
    """Return every command with the words that call it."""
    for name in app:
        if not name.startswith("-"):
            command = app[name]
            if command.default_command is not None:
                yield f"{path} {name}", command
            yield from commands(command, f"{path} {name}")


def section(words: str, command: App) -> str:
    """Return what the page has to say of a command."""
    assert command.default_command is not None
    purpose = (inspect.getdoc(command.default_command) or "").split("\n\nArgs:")[0].strip()
    lines = [f"### `{words}`", "", purpose]
    rows: list[str] = []
    for argument in command.assemble_argument_collection(parse_docstring=True):
        meaning = (argument.parameter.help or "").replace("|", "\\|")
        assert meaning, f"{words}: {argument.names[0]} has no help"
        default = argument.field_info.default
        name = argument.names[0].removeprefix("--").upper() if argument.required else argument.names[0]
        if argument.required:
            shown = "required"
        elif default in ("", (), None, False, inspect.Parameter.empty):
            shown = ""
        else:
            shown = ", ".join(f"`{each}`" for each in (default if isinstance(default, tuple) else (default,)))
        rows.append(f"| `{name}` | {shown} | {meaning} |")
    if rows:
        lines += ["", "| argument | default | meaning |", "|---|---|---|", *rows]
    return "\n".join(lines)


def test_every_command_has_its_section() -> None:
    page = (DOCS / "cli.md").read_text(encoding="utf-8")
    missing = [text for words, command in commands(build()) if (text := section(words, command)) not in page]
    assert not missing, "docs/cli.md needs these sections:\n\n" + "\n\n".join(missing)


def test_no_section_is_about_a_command_that_is_gone() -> None:
    page = (DOCS / "cli.md").read_text(encoding="utf-8")
    known = {words for words, _ in commands(build())}
    assert set(re.findall(r"^### `([^`]+)`$", page, re.MULTILINE)) == known


def test_the_line_in_the_help_is_the_groups_own() -> None:
    app = build()
    for command in COMMANDS:
        target = app[command.name]
        assert target.help.split("\n\n")[0].startswith(command.help), command.name
