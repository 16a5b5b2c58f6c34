"""The doctor finds a sound directory sound, and says of each damage what it is and what to do."""

import dataclasses
import shutil
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sendlens.operations.advice import doubts
from sendlens.operations.doctor import EXAMINATIONS
from sendlens.settings import Settings
from tests.harness.server import running
from tests.operations.commands import sendlens, sendlens_json


def states(report: dict[str, Any]) -> dict[str, str]:
    """Return the worst that was said under each name."""
    order = ["good", "warning", "bad"]
    found: dict[str, str] = {}
    for finding in report["findings"]:
        name = finding["name"]
        found[name] = max(found.get(name, "good"), finding["state"], key=order.index)
    return found


@pytest.fixture
def data(stopped: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(stopped, tmp_path / "data", symlinks=True))


def test_a_sound_directory(stopped: Path) -> None:
    report = sendlens_json(stopped, "doctor")
    assert report["healthy"]
    assert set(states(report)) >= EXAMINATIONS.keys() | {"tables", "batches", "dead letters"}
    told = sendlens(Path("/nowhere"), "doctor", "--data", str(stopped))
    assert "every table agrees with the events" in told
    assert "BAD" not in told


def test_a_running_server(tmp_path: Path) -> None:
    with running(tmp_path / "data") as server:
        report = sendlens_json(server.data, "doctor", SENDLENS_PORT=str(server.port))
        assert report["healthy"], report
        assert states(report)["writer"] == "good"
        assert str(server.process.pid if server.process else "") in str(report)
        wrong_port = sendlens_json(server.data, "doctor", code=1, SENDLENS_PORT="1")
        assert states(wrong_port)["server"] == "bad"


def nothing_there(data: Path) -> None:
    shutil.rmtree(data)


def open_to_others(data: Path) -> None:
    data.chmod(0o755)


def key_open_to_others(data: Path) -> None:
    (data / "secret.key").chmod(0o644)


def no_key(data: Path) -> None:
    (data / "secret.key").unlink()


def newer_format(data: Path) -> None:
    (data / "format").write_text("99\n")


def change(database: str, statement: str) -> Callable[[Path], None]:
    def run(data: Path) -> None:
        connection = sqlite3.connect(data / database)
        with connection:
            connection.execute(statement)
        connection.close()

    return run


def broken_control(data: Path) -> None:
    content = bytearray((data / "control.sqlite").read_bytes())
    content[4096:8192] = bytes(4096)
    (data / "control.sqlite").write_bytes(content)


AHEAD = int(time.time() * 1000) + 86_400_000


@pytest.mark.parametrize(
    ("damage", "name", "state", "words"),
    [
        (nothing_there, "directory", "bad", "there is no Sendlens"),
        (newer_format, "directory", "bad", "has the format '99'"),
        (open_to_others, "permissions", "bad", "chmod 700"),
        (key_open_to_others, "permissions", "bad", "chmod 600"),
        (no_key, "secret key", "bad", "is missing"),
        (
            change("log.sqlite", "UPDATE blocks SET body = x'00' WHERE offset = 1"),
            "log",
            "bad",
            "blocks are damaged: 1",
        ),
        (change("log.sqlite", f"UPDATE blocks SET received_at = {AHEAD}"), "clock", "bad", "the clock was set back"),
        (broken_control, "control plane", "bad", ""),
        (
            change("control.sqlite", "UPDATE batches SET state = 'open' WHERE batch_id = 1"),
            "batches",
            "warning",
            "The next start finishes it",
        ),
        (
            change(
                "control.sqlite",
                """INSERT INTO facts SELECT 'mailbox ' || id, '{"error": "the password is wrong"}' FROM sources""",
            ),
            "polling",
            "warning",
            "source api could not be read at its last look: the password is wrong",
        ),
    ],
)
def test_what_is_wrong_is_said(data: Path, damage: Callable[[Path], None], name: str, state: str, words: str) -> None:
    damage(data)
    report = sendlens_json(data, "doctor", code=1 if state == "bad" else 0)
    assert states(report)[name] == state
    assert words in str([finding for finding in report["findings"] if finding["name"] == name])
    assert report["healthy"] == (state != "bad")


def test_tables_that_disagree(data: Path) -> None:
    harm = (
        "import sys; from pathlib import Path\n"
        "from sendlens.settings import Settings; from sendlens.store import Store\n"
        "with Store.open(Settings(data=Path(sys.argv[1]))) as store:\n"
        "    store._run('INSERT INTO metrics_quarter SELECT * FROM metrics_quarter LIMIT 1', {})"
    )
    subprocess.run([sys.executable, "-c", harm, str(data)], check=True)
    report = sendlens_json(data, "doctor", code=1)
    assert "sums of metrics_quarter are not what the message states add up to" in str(report)


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ({"store_memory_mb": 10**7}, "three quarters"),
        ({"max_lag_events": 1000, "batch_events": 5000}, "fewer events may wait"),
        ({"batch_ms": 60_000}, "seconds behind"),
        ({"geo_database": "/nowhere/countries.mmdb"}, "does not exist"),
        ({"public_url": "http://mail.example.com"}, "not encrypted"),
        ({"host": "0.0.0.0"}, "public address"),
        ({"trusted_proxies": "10.0.0.0/8, 0.0.0.0/0"}, "everybody is believed"),
    ],
)
def test_doubtful_settings(setting: dict[str, Any], words: str) -> None:
    modest = Settings(store_memory_mb=256)
    assert list(doubts(modest)) == []
    (found,) = doubts(dataclasses.replace(modest, **setting))
    assert words in found[0]
    assert found[1].endswith(".")
