"""The command line: `sendlens` and its commands, each in a file of its own that is imported when it is called.

A new command is two things: a line in `COMMANDS`, and the module it names, with

- either a function (`"sendlens.cli.serve:serve"`), whose arguments are the options and whose docstring is its help,
- or a group, an `App` with the name of the line (`"sendlens.cli.tenant:app"`), with functions under `@app.command`.

The rules that keep `sendlens --help` fast and the answers clear:

- This module imports nothing of the other rooms but `errors`. A command's module may import cyclopts and
  `cli.output`; what its work needs (settings, control plane, server) is imported inside the function.
- A mistake of the user is a `SendlensError`: `main` shows it with its hint and ends with code 2, without a traceback.
- A list has a table for people and `--json` for programs; see `cli.output`.
- `docs/cli.md` explains every command; `tests/docs/test_commands.py` compares.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Final, NamedTuple

from cyclopts import App

from sendlens.errors import SendlensError


class Command(NamedTuple):
    """One word after `sendlens`: where its code is, and its line in the help."""

    name: str
    code: str
    help: str


COMMANDS: Final = (
    Command("serve", "sendlens.cli.serve:serve", "Run the server."),
    Command("demo", "sendlens.cli.demo:demo", "Start Sendlens with a simulated e-mail program."),
    Command("import", "sendlens.cli.import_:import_", "Send events from files to a running server."),
    Command("track", "sendlens.cli.track:track", "Put a pixel and tracked links into a message."),
    Command("tenant", "sendlens.cli.tenant:app", "Create, list and change tenants."),
    Command("user", "sendlens.cli.user:app", "Create accounts, give roles, and reset passwords."),
    Command("key", "sendlens.cli.key:app", "Create, list and revoke API keys."),
    Command("source", "sendlens.cli.source:app", "Create and list sources of events, and replace their secrets."),
    Command("backup", "sendlens.cli.backup:backup", "Write a backup, whether or not the server runs."),
    Command("restore", "sendlens.cli.restore:restore", "Restore a backup into an empty data directory."),
    Command("doctor", "sendlens.cli.doctor:doctor", "Examine a data directory and say in plain words how it is."),
    Command("networks", "sendlens.cli.networks:app", "Show and refresh the networks that verdicts rest on."),
    Command("metrics", "sendlens.cli.metrics:metrics", "List the metrics with their formulas."),
    Command(
        "deadletters", "sendlens.cli.deadletters:app", "List, replay and delete records that could not be processed."
    ),
    Command("fuse", "sendlens.cli.fuse:app", "List sources that are stopped, and let them in again."),
    Command("person", "sendlens.cli.person:app", "Export and erase what is known of one person."),
    Command("log", "sendlens.cli.log:app", "Check the log for damage."),
    Command("version", "sendlens.cli.version:version", "Print the version."),
)


def build() -> App:
    """Return the application with every command, none of them imported yet."""
    from sendlens import __version__

    app = App(
        name="sendlens",
        help="Real-time analytics for e-mail programs. Settings come from SENDLENS_* variables, see docs/settings.md.",
        help_format="plaintext",
        version=__version__,
    )
    for command in COMMANDS:
        app.command(command.code, name=command.name, help=command.help)
    return app


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and leave the process, with code 2 for a mistake that was explained."""
    app = build()
    try:
        app(arguments)
    except SendlensError as error:
        sys.stderr.write(f"{error.title}: {error.detail}\n")
        if error.hint:
            sys.stderr.write(f"{error.hint}\n")
        sys.exit(2)
    except KeyboardInterrupt:
        # The code shells give to a program that was ended by Ctrl-C.
        sys.exit(130)
    except BrokenPipeError:
        # Whoever read our output has seen enough, as `head` does. Python would complain once more at exit.
        sys.stdout = None
        sys.exit(0)
