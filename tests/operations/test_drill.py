"""The drill: a backup taken while events keep coming is restored elsewhere; nothing is lost, nothing counted twice."""

import itertools
import shutil
import threading
from pathlib import Path
from typing import Any

import pytest

from tests.harness.server import Server, inspect_data
from tests.operations.commands import sendlens, sendlens_json

KINDS = ("injected", "delivered", "opened", "clicked", "bounced", "converted")
COUNTED = "SELECT message_id, sum(weight) FROM events GROUP BY message_id"
PER_TABLE = {
    "keys": "SELECT uniqExact(bucket, event_key) FROM event_keys",
    "journeys": "SELECT sum(weight) FROM recipient_events",
    "messages": "SELECT count() FROM messages FINAL",
    "quarters": "SELECT sum(n) FROM metrics_quarter WHERE clock = 'event' AND measure = 'conversions'",
    "minutes": "SELECT sum(n) FROM metrics_minute WHERE clock = 'event' AND measure = 'conversions'",
    "conversions": "SELECT count() FROM conversions FINAL",
    "events": "SELECT count() FROM events",
}


def event(number: int) -> dict[str, Any]:
    kind = KINDS[number % len(KINDS)]
    value = {"value": "1.50", "currency": "USD"} if kind == "converted" else {}
    return {
        "id": f"e{number}",
        "type": kind,
        "occurred_at": f"2026-11-{1 + number % 15:02d}T10:{number % 60:02d}:00Z",
        "message_id": f"m{number}",
        "recipient": f"p{number % 50}@example.org",
        "campaign_id": f"c{number % 3}",
        **value,
    }


class Sender(threading.Thread):
    """Posts one batch after another, every fifth one twice, until it is stopped; remembers what was acknowledged."""

    def __init__(self, server: Server) -> None:
        super().__init__(daemon=True)
        self.server = server
        self.acknowledged: set[int] = set()
        self.over = threading.Event()

    def run(self) -> None:
        for first in itertools.count(0, 20):
            numbers = range(first, first + 20)
            body = {"events": [event(number) for number in numbers]}
            for _ in range(2 if first % 100 == 0 else 1):
                assert self.server.post("/v1/events", body).status_code == 202
            self.acknowledged.update(numbers)
            if self.over.is_set():
                return

    def reach(self, count: int) -> None:
        while len(self.acknowledged) < count:
            assert self.is_alive(), "posting failed"
            threading.Event().wait(0.01)

    def stop(self) -> None:
        self.over.set()
        self.join(60)


@pytest.mark.parametrize("form", ["file", pytest.param("directory", marks=pytest.mark.long)])
def test_backup_under_load_and_restore_elsewhere(tmp_path: Path, form: str) -> None:
    backup = tmp_path / ("backup.tar" if form == "file" else "backup")
    server = Server(tmp_path / "first", environment={"SENDLENS_BATCH_MS": "5"}).start()
    sender = Sender(server)
    sender.start()
    try:
        sender.reach(300)
        before = set(sender.acknowledged)
        told = sendlens_json(server.data, "backup", str(backup))["answer"]
        during = len(sender.acknowledged)
        sender.reach(during + 200)
        sender.stop()
        assert "exists already" in sendlens(server.data, "backup", str(backup), code=2)
    finally:
        server.kill()
    assert told["events"] + told["waiting"] >= len(before)
    assert not told["secret_key"]
    assert not list(server.data.glob("store/engine/shadow/sendlens_*"))
    assert "Every file is as it was written" in sendlens(tmp_path / "nowhere", "restore", str(backup), "--check")

    # Without the key it was written with, nothing is restored; with it, into an empty directory only.
    data = tmp_path / "second"
    assert "--secret-key" in sendlens(data, "restore", str(backup), code=2)
    assert not list(data.glob("*"))
    key = shutil.copy(server.data / "secret.key", tmp_path / "kept.key")
    sendlens(data, "restore", str(backup), "--secret-key", str(key))
    assert "not empty" in sendlens(data, "restore", str(backup), "--secret-key", str(key), code=2)
    assert (data / "secret.key").stat().st_mode & 0o777 == 0o600

    again = Server(data).start()
    try:
        again.wait_settled()
        assert again.stop() == 0
        found = inspect_data(data, counted=COUNTED, **PER_TABLE)
        assert found["disagreements"] == []
        counted = {int(name[1:]): int(times) for name, times in found["answers"]["counted"]}
        assert set(counted.values()) == {1}
        # Everything acknowledged before the backup began is in it; nothing is in it that was never sent.
        assert before <= counted.keys()
        assert counted.keys() <= set(range(max(sender.acknowledged) + 1))
        assert_tables(found["answers"], counted.keys())

        # The key of the first server opens the second, and what was lost since the backup can be sent again.
        again.start()
        everything = sorted(sender.acknowledged)
        for start in range(0, len(everything), 500):
            body = {"events": [event(number) for number in everything[start : start + 500]]}
            assert again.post("/v1/events", body).status_code == 202
        again.wait_settled()
        assert again.stop() == 0
    finally:
        if again.process and again.process.poll() is None:
            again.kill()
    found = inspect_data(data, counted=COUNTED, **PER_TABLE)
    assert found["disagreements"] == []
    assert {int(name[1:]): int(times) for name, times in found["answers"]["counted"]} == dict.fromkeys(everything, 1)
    assert_tables(found["answers"], everything)

    verdict = sendlens_json(data, "doctor")
    assert verdict["healthy"], verdict
    assert "every table agrees with the events" in str(verdict)


def assert_tables(answers: dict[str, Any], numbers: Any) -> None:
    """Assert that each table has what these events make, no more and no less."""
    conversions = sum(KINDS[number % len(KINDS)] == "converted" for number in numbers)
    wanted = dict.fromkeys(("keys", "journeys", "messages", "events"), len(numbers))
    wanted |= dict.fromkeys(("quarters", "minutes", "conversions"), conversions)
    assert {name: int(answers[name][0][0]) for name in wanted} == wanted
