"""The SQLite log: the contract, and what a file on one machine adds to it."""

import asyncio
import json
import os
import platform
import random
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import msgspec
import pytest
from msgspec.structs import replace

from sendlens.errors import SendlensError, Unavailable
from sendlens.log import CorruptBlock, SqliteLog
from tests.harness.missing import missing
from tests.log.blocks import block
from tests.log.contract import LogContract, append, append_together
from tests.log.failing_disk_child import SYSTEM_CALLS

ROOT = Path(__file__).resolve().parents[2]
HERE = Path(__file__).parent


class TestSqliteLog(LogContract):
    @pytest.fixture(autouse=True)
    def _directory(self, tmp_path: Path) -> None:
        self.path = tmp_path / "log.sqlite"

    def open_log(self) -> SqliteLog:
        return SqliteLog(self.path)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "log.sqlite"


def child(program: str, *arguments: object) -> list[str]:
    return [sys.executable, str(HERE / program), *map(str, arguments)]


ENVIRONMENT = os.environ | {"PYTHONPATH": str(ROOT)}


def test_every_commit_is_flushed(path: Path) -> None:
    log = SqliteLog(path)
    writer = log._writer
    assert writer is not None
    assert writer.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    assert writer.execute("PRAGMA synchronous").fetchone() == (2,)
    log.close()


def test_appends_that_wait_together_are_one_statement(path: Path) -> None:
    """A call of SQLite for each row would be a wait for the interpreter's lock for each row."""
    log = SqliteLog(path)
    statements: list[str] = []
    assert log._writer is not None  # pyright: ignore[reportPrivateUsage]
    log._writer.set_trace_callback(statements.append)  # pyright: ignore[reportPrivateUsage]
    offsets = append_together(log, [block(n) for n in range(50)])
    assert offsets == list(range(1, 51))
    assert {one.split(" (")[0] for one in statements} == {"INSERT INTO blocks"}, statements
    assert [one.block.request_id for one in log.read(0, 0, max_records=1 << 40)] == [f"request-{n}" for n in range(50)]
    log.close()


def test_what_was_acknowledged_survives_sigkill(path: Path, long: bool) -> None:
    acknowledged: set[str] = set()
    for seed in range(30 if long else 4):
        process = subprocess.Popen(
            child("acknowledging_child.py", path), stdout=subprocess.PIPE, text=True, env=ENVIRONMENT
        )
        assert process.stdout is not None
        # Killed after a number of acknowledgements, not after a time: it then was at work on any machine.
        for _ in range(random.Random(seed).randrange(1, 200)):
            acknowledged.add(process.stdout.readline().strip())
        process.kill()
        acknowledged |= {line.strip() for line in process.stdout if line.endswith("\n")}
        process.wait()
        process.stdout.close()
        log = SqliteLog(path)
        found = log.read(0, 0, max_records=1 << 40)
        assert log.verify() == []
        assert {f"request-{number}" for number in acknowledged} <= {each.block.request_id for each in found}
        assert log.backlog() == sum(each.block.count for each in found)
        log.close()
    assert acknowledged


def test_a_full_disk_refuses_and_recovers(path: Path) -> None:
    done = subprocess.run(
        child("failing_disk_child.py", "full", path), capture_output=True, text=True, env=ENVIRONMENT, check=True
    )
    before, during, after = json.loads(done.stdout.splitlines()[-1])
    assert (before["acknowledged"], before["backlog"]) == (4, 12)
    assert during["refused"] > 0
    assert str(path) in during["told"]
    assert during["retry_after"]
    assert during["backlog"] == 12 + 3 * during["acknowledged"]
    assert (after["acknowledged"], after["refused"], after["trouble"]) == (4, 0, "")
    log = SqliteLog(path)
    ids = {each.block.request_id for each in log.read(0, 0, max_records=1 << 40)}
    assert {f"request-{n}" for n in (0, 1, 2, 3, 8, 9, 10, 11)} <= ids
    assert log.verify() == []
    log.close()


@pytest.mark.skipif(
    sys.platform != "linux" or platform.machine() not in SYSTEM_CALLS, reason="the failing flush is made with seccomp"
)
def test_a_failing_fsync_is_never_acknowledged(path: Path) -> None:
    done = subprocess.run(
        child("failing_disk_child.py", "fsync", path), capture_output=True, text=True, env=ENVIRONMENT, check=False
    )
    if "PermissionError" in done.stderr:
        missing("seccomp", "this machine does not let a process filter its own system calls")
    assert done.returncode == 0, done.stderr
    before, during = json.loads(done.stdout.splitlines()[-1])
    assert before["acknowledged"] == 4
    assert (during["acknowledged"], during["refused"]) == (0, 4)
    assert "disk I/O error" in during["told"]
    assert during["trouble"]
    log = SqliteLog(path)
    assert len(log.read(0, 0, max_records=1 << 40)) >= 4
    assert append(log, [block(99)]) == [log.head(0)]
    log.close()


def test_a_connection_that_failed_is_replaced(path: Path) -> None:
    log = SqliteLog(path)
    append(log, [block(1)])
    assert log._writer is not None
    log._writer.close()
    with pytest.raises(Unavailable):
        append(log, [block(2)])
    assert append(log, [block(3)]) == [2]
    assert log.trouble == ""
    log.close()


def test_more_waiting_than_the_queue_holds_is_refused(path: Path) -> None:
    log = SqliteLog(path, queue_bytes=100_000)

    async def flood() -> list[object]:
        blocks = [block(n, body=bytes(30_000)) for n in range(20)]
        return await asyncio.gather(*[log.append(each) for each in blocks], return_exceptions=True)

    # While another connection holds the file, no commit ends and no room is made.
    with sqlite3.connect(path, isolation_level=None) as other:
        other.execute("BEGIN IMMEDIATE")

        async def flood_then_release() -> list[object]:
            task = asyncio.ensure_future(flood())
            for _ in range(3):
                await asyncio.sleep(0)
            other.execute("ROLLBACK")
            return await task

        results = asyncio.run(flood_then_release())
    other.close()
    refused = [result for result in results if isinstance(result, Unavailable)]
    assert len(refused) == 17
    assert all(each.retry_after for each in refused)
    assert len(append_together(log, [block(n) for n in range(50)])) == 50
    log.close()


def test_one_block_larger_than_the_queue_gets_through(path: Path) -> None:
    log = SqliteLog(path, queue_bytes=1000)
    assert append(log, [block(body=bytes(5000))]) == [1]
    log.close()


def test_text_that_cannot_be_stored_fails_its_caller_alone(path: Path) -> None:
    log = SqliteLog(path)
    bad = msgspec.structs.replace(block(), request_id="\ud800")

    async def run() -> list[object]:
        return await asyncio.gather(
            *[log.append(each) for each in (block(1), bad, block(2))],
            return_exceptions=True,
        )

    first, second, third = asyncio.run(run())
    assert (first, third) == ((0, 1), (0, 2))
    assert isinstance(second, UnicodeEncodeError)
    log.close()


def test_a_damaged_block_is_marked(path: Path) -> None:
    log = SqliteLog(path)
    append(log, [block(n) for n in range(5)])
    log.close()
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE blocks SET body = zeroblob(length(body)) WHERE offset = 3")
        connection.execute("UPDATE blocks SET request_id = 'request-9' WHERE offset = 5")
    log = SqliteLog(path)
    assert log.verify() == [3, 5]
    found = log.read(0, 0, max_records=100)
    assert [(each.offset, each.damaged) for each in found] == [(n, n in (3, 5)) for n in range(1, 6)]
    assert found[2].block == replace(block(2), body=bytes(len(block(2).body)))
    log.close()


@pytest.mark.parametrize(
    "change",
    [
        "count = -1",
        "count = 0, rejected = 0",
        "rejected = 1 << 40",
        "kind = 'evens'",
        "received_at = 12",
        "tenant = ''",
        "tenant = char(0, 0, 0)",
        "source = CAST(x'73e86f70' AS TEXT)",
    ],
)
def test_a_block_of_which_nothing_is_known_is_named_and_can_be_given_up(path: Path, change: str) -> None:
    log = SqliteLog(path)
    append(log, [block(n) for n in range(5)])
    log.close()
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(f"UPDATE blocks SET {change}, request_id = 'x' WHERE offset = 3")
    log = SqliteLog(path)
    assert log.verify() == [3]
    assert [each.offset for each in log.read(0, 0, max_records=100)] == [1, 2]
    with pytest.raises(CorruptBlock, match=r"Block 3 of .*log\.sqlite is damaged") as found:
        log.read(0, 2, max_records=100)
    assert found.value.offset == 3
    assert "sendlens log discard 3" in found.value.hint
    assert log.discard(3)
    assert not log.discard(3)
    assert [each.offset for each in log.read(0, 2, max_records=100)] == [4, 5]
    assert log.backlog() == 12
    log.close()


def test_a_file_that_is_no_log_is_named(path: Path) -> None:
    path.write_bytes(b"not a database" * 1000)
    with pytest.raises(CorruptBlock, match="damaged beyond single blocks") as found:
        SqliteLog(path)
    assert "backup" in found.value.hint


def test_a_write_that_was_cut_short_is_no_damage(path: Path, tmp_path: Path) -> None:
    log = SqliteLog(path)
    append(log, [block(n) for n in range(3)])
    copy = tmp_path / "copy.sqlite"
    copy.write_bytes(path.read_bytes())
    tail = path.with_name("log.sqlite-wal").read_bytes()
    log.close()
    copy.with_name("copy.sqlite-wal").write_bytes(tail[:-100])
    log = SqliteLog(copy)
    assert log.verify() == []
    assert [each.block.request_id for each in log.read(0, 0, max_records=100)] == ["request-0", "request-1"]
    log.close()


def test_a_newer_format_is_refused(path: Path) -> None:
    SqliteLog(path).close()
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(SendlensError, match="format 99"):
        SqliteLog(path)


def test_nothing_of_a_rewritten_or_trimmed_body_stays_in_the_files(path: Path) -> None:
    log = SqliteLog(path)
    needle, trimmed = b"someone@example.com", b"gone@example.com"
    append(log, [block(0, body=trimmed * 2000)])
    log.commit(0, 1)
    append(log, [block(1, body=needle * 3000), block(2, body=b"keep" * 5000)])
    assert log.trim(0, 1 << 50) == 1
    assert needle in files(path)
    assert log.rewrite(0, lambda old: block(1, body=b"") if needle in old.body else None) == 1
    assert needle not in files(path)
    assert trimmed not in files(path)
    assert b"keep" in files(path)
    log.close()
    assert needle not in files(path)


def files(path: Path) -> bytes:
    return b"".join(each.read_bytes() for each in path.parent.iterdir())
