"""`sendlens log`."""

import sqlite3
from pathlib import Path

from sendlens.control import DataDirectory
from sendlens.log import SqliteLog
from sendlens.log.sqlite import FILE
from tests.cli.conftest import Call
from tests.log.blocks import block
from tests.log.contract import append


def written(data: Path, *, damage: int = 0) -> None:
    DataDirectory.open(data).close()
    log = SqliteLog(data / FILE)
    append(log, [block(n) for n in range(3)])
    log.close()
    if damage:
        connection = sqlite3.connect(data / FILE)
        connection.execute("UPDATE blocks SET body = x'00' WHERE offset = ?", (damage,))
        connection.commit()
        connection.close()


def test_a_sound_log_is_called_sound(call: Call, data: Path) -> None:
    written(data)
    assert "as it was written" in call("log", "verify").out
    assert call("log", "verify", "--json").json == {"head": 3, "damaged": []}


def test_a_damaged_block_is_named_and_given_up(call: Call, data: Path) -> None:
    written(data, damage=2)
    found = call("log", "verify", "--json")
    assert (found.json, found.code) == ({"head": 3, "damaged": [2]}, 2)
    assert call("log", "discard", "2").code == 0
    assert call("log", "verify").code == 0
    assert call("log", "discard", "2").code == 2


def test_a_log_in_use_is_left_alone(call: Call, data: Path) -> None:
    written(data)
    with DataDirectory.open(data):
        answer = call("log", "verify")
    assert answer.code == 2
    assert "in use" in answer.err


def test_no_log_is_told_so(call: Call, data: Path) -> None:
    answer = call("log", "verify")
    assert answer.code == 2
    assert "There is no log" in answer.err
