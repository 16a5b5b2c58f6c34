"""SIGKILL while a new version opens the data directory of an earlier one: the next start finishes the migrations."""

from __future__ import annotations

import contextlib
import random
import tarfile
import time
from pathlib import Path

from tests.faults.checks import Found
from tests.faults.conftest import Note
from tests.faults.load import Account
from tests.harness.server import Server, inspect_data
from tests.upgrade.make_fixture import FIXTURES, post

OLDEST = "0.1.0"
ACCOUNTS = (
    "SELECT sum(received), sum(stored), sum(duplicate), sum(rejected), sum(dead) FROM intake FINAL WHERE kind = 'event'"
)


def test_killed_while_it_migrates(tmp_path: Path, long: bool, note: Note) -> None:
    """Each is killed once or twice on its way; nothing of before is lost, and what was counted is recognised."""
    rounds = 20 if long else 1
    rng = random.Random(6)
    for number in range(rounds):
        with tarfile.open(FIXTURES / f"{OLDEST}.tar.gz") as archive:
            archive.extractall(tmp_path / str(number), filter="data")
        data = tmp_path / str(number) / "data"
        data.chmod(0o700)
        server = Server(data)
        try:
            for _ in range(rng.randint(1, 2) if long else 1):
                killed_on_the_way(server, rng)
            server.start()
            post(server, 350, 100)  # half of them were there before
            server.wait_settled()
            assert server.stop() == 0, server.output()
        finally:
            server.kill()
        seen = inspect_data(data, events="SELECT count(), uniqExact(event_key) FROM events", accounts=ACCOUNTS)
        assert seen["disagreements"] == []
        assert seen["answers"]["events"] == [["450", "450"]]
        assert seen["answers"]["accounts"] == [["551", "450", "100", "1", "0"]]
    account = Account(acknowledged={str(number) for number in range(450)})
    note("SIGKILL while migrating an old directory", rounds, account, Found(corrections=0, duplicates=50))


def killed_on_the_way(server: Server, rng: random.Random) -> None:
    """Launch, and kill at a random moment after the first change to the tables, or while there is none yet."""
    before = tables(server.data)
    process = server.launch()
    deadline = time.monotonic() + rng.choice((2.0, 60.0, 60.0, 60.0))
    while time.monotonic() < deadline and tables(server.data) == before:
        assert process.poll() is None, server.output()
        time.sleep(0.005)
    time.sleep(rng.random() ** 2)
    server.kill()


def tables(data: Path) -> set[tuple[str, int]]:
    """Return the definitions of tables that the store has on disk, each with its size."""
    found: set[tuple[str, int]] = set()
    for path in (data / "store" / "engine" / "store").glob("*/*/*.sql"):
        with contextlib.suppress(FileNotFoundError):  # it is being replaced
            found.add((path.name, path.stat().st_size))
    return found
