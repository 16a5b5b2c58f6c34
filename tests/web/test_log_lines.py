"""One event can be followed from its request to its batch."""

from __future__ import annotations

import logging
from collections.abc import Callable

import pytest
from structlog.testing import capture_logs

from sendlens.pipeline import writer
from tests.web.conftest import Running


def test_from_the_request_to_the_batch(
    running: Running, caplog: pytest.LogCaptureFixture, deploy: Callable[[bool], None]
) -> None:
    deploy(True)
    with caplog.at_level(logging.DEBUG, logger=writer.__name__), capture_logs() as lines:
        running.send(0, 8, sick=1, **{"x-request-id": "order-17"})
        running.settle()
        running.until(lambda: any(line["event"] == "records set aside" for line in lines))
    (appended,) = [line for line in lines if line.get("request_id") == "order-17"]
    assert (appended["event"], appended["records"], appended["source"]) == ("block appended", 8, "api")
    (stored,) = [line for line in lines if "order-17" in line.get("requests", ())]
    assert stored["event"] == "batch stored"
    assert stored["first"] <= appended["offset"] <= stored["last"]
    assert (stored["stored"], stored["dead"]) == (7, 1)
    batches = running.parts.store.fetch_internal("SELECT DISTINCT batch_id FROM events").rows
    assert batches == [(stored["batch"],)]
    (letter,) = running.parts.control.deadletters.list(running.tenant.id)
    assert (letter.request_id, letter.batch_id) == ("order-17", stored["batch"])
    # Lines name no person and quote no record.
    assert "example.com" not in str(lines)


def test_a_slow_batch_is_told_of_at_level_info(
    running: Running, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer, "SLOW_SECONDS", -1.0)
    with caplog.at_level(logging.INFO, logger=writer.__name__), capture_logs() as lines:
        running.send(0, 3)
        running.until(lambda: any(line["event"] == "batch stored slowly" for line in lines))
    (line,) = [line for line in lines if line["event"] == "batch stored slowly"]
    assert (line["log_level"], line["records"]) == ("info", 3)
