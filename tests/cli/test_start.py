"""The command line itself: what it imports, how it fails."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from sendlens import __version__
from sendlens.cli import COMMANDS, build
from tests.cli.conftest import Call

IMPORTED = """
import json, sys
from sendlens.cli import main
try:
    main(sys.argv[1:])
finally:
    json.dump(sorted(sys.modules), sys.stderr)
"""
# Whatever of these is loaded, the help has become slow.
HEAVY = {
    "alembic",
    "asyncio",
    "chdb",
    "clickhouse_connect",
    "cryptography",
    "httpx",
    "jinja2",
    "litestar",
    "numpy",
    "psycopg",
    "pyarrow",
    "sqlalchemy",
    "sqlite3",
    "structlog",
    "uvicorn",
}


# Whatever of these is loaded before the first page, every start has become slower: it has to wait for its first use.
LATER = {
    "alembic",
    "cryptography.x509",
    "dns",
    "httpx",
    "pandas",
    "pyarrow.compute",
    "requests",
    "sendlens.simulator",
    "sendlens.sources.mail.dispatch",
    "sendlens.sources.mail.freetext",
    "tldextract",
}


def imported(*words: str) -> set[str]:
    done = subprocess.run([sys.executable, "-c", IMPORTED, *words], capture_output=True, text=True, check=True)
    return set(json.loads(done.stderr))


@pytest.mark.parametrize("words", [("--help",), ("version",), ("tenant", "--help"), ("source", "create", "--help")])
def test_help_imports_nothing_heavy(words: tuple[str, ...]) -> None:
    assert not imported(*words) & HEAVY


def test_a_start_imports_nothing_that_the_first_page_does_not_need() -> None:
    code = "import json, sys, sendlens.app; json.dump(sorted(sys.modules), sys.stderr)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not set(json.loads(done.stderr)) & LATER


def test_help_imports_no_command_and_no_other_room() -> None:
    ours = {name for name in imported("--help") if name.split(".")[0] == "sendlens"}
    assert ours == {"sendlens", "sendlens.cli", "sendlens.errors"}


def test_help_names_every_command(call: Call) -> None:
    answer = call("--help")
    assert answer.code == 0
    for command in COMMANDS:
        assert command.name in answer.out
        assert command.help.split(".")[0][:40] in answer.out


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.name)
def test_the_code_of_every_command_is_there(command: tuple[str, str, str]) -> None:
    assert build()[command[0]] is not None


def test_the_version(call: Call) -> None:
    assert call("version").out == call("--version").out == f"{__version__}\n"


def test_a_mistake_is_explained_without_a_traceback(call: Call, data: Path) -> None:
    answer = call("tenant", "list")
    assert (answer.out, answer.code) == ("", 2)
    assert f"There is no Sendlens in {data} yet" in answer.err
    assert "SENDLENS_DATA" in answer.err
    assert "Traceback" not in answer.err
    assert not data.exists(), "a command that only looks must leave nothing behind"


def test_a_misspelt_setting_is_explained(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SENDLENS_PRT", "80")
    answer = call("tenant", "list")
    assert answer.code == 2
    assert "SENDLENS_PORT" in answer.err


def test_an_unknown_word_is_refused(call: Call) -> None:
    answer = call("frobnicate")
    assert answer.code != 0
    assert "frobnicate" in answer.err


def test_the_installed_program_runs() -> None:
    program = Path(sys.executable).with_name("sendlens")
    done = subprocess.run([program, "version"], capture_output=True, text=True, check=True)
    assert done.stdout == f"{__version__}\n"
