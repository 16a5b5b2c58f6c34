"""The demonstration from outside, as people start it."""

import re
import signal
import subprocess
import sys
import urllib.request

import msgspec
import pytest

from sendlens.cli.demo_check import RATES
from sendlens.cli.demo_report import Check
from sendlens.model.events import Event
from tests.harness.ports import free_port

DEMO = [sys.executable, "-m", "sendlens", "demo"]


def test_one_campaign_is_counted_to_the_last_event(tmp_path):
    words = [*DEMO, "--once", "--recipients", "1500", "--port", str(free_port()), "--data", str(tmp_path / "data")]
    done = subprocess.run(words, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "checks hold: every figure equals the truth" in done.stdout
    assert "\x1b[" not in done.stdout  # plain where nobody sees colours
    for words in ("Open rate", "Return on investment", "gmail", "Apple Mail", "proxy", "best hour", "events/s"):
        assert words in done.stdout


def test_live_traffic_until_it_is_told_to_stop(tmp_path):
    port, data = free_port(), tmp_path / "data"
    words = [*DEMO, "--events", "3000", "--days", "2", "--port", str(port), "--data", str(data)]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        shown = ""
        while "Ctrl-C" not in shown:
            line = process.stdout.readline()
            assert line, (process.stderr.read() if process.stderr else "") + shown
            shown += line
        assert f"http://127.0.0.1:{port}" in shown
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=10) as answer:
            assert answer.status == 200
        process.send_signal(signal.SIGINT)
        rest, errors = process.communicate(timeout=60)
    assert process.returncode == 0
    assert "Stopped. The data is in" in rest
    assert errors == ""
    assert (data / "control.sqlite").exists()


def test_a_directory_in_use_is_left_alone(tmp_path):
    (tmp_path / "control.sqlite").touch()
    done = subprocess.run([*DEMO, "--data", str(tmp_path)], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 2
    assert "already holds a Sendlens" in done.stderr


def test_history_can_be_written_to_a_file(tmp_path):
    file = tmp_path / "events.ndjson"
    words = [*DEMO, "--file", str(file), "--events", "5000", "--days", "14"]
    done = subprocess.run(words, capture_output=True, text=True, timeout=60, check=True)
    events = msgspec.json.Decoder(Event).decode_lines(file.read_bytes())
    assert 3_000 < len(events) < 6_000  # what was mailed just now has most of its events ahead
    told = re.match(r"([\d,]+) events in", done.stdout)
    assert told is not None
    assert int(told[1].replace(",", "")) == len(events)


@pytest.mark.parametrize(
    "words", [("--throttle", "nobody"), ("--recipients", "3"), ("--events", "-1"), ("--days", "0")], ids=" ".join
)
def test_nonsense_is_refused_with_what_is_accepted(words):
    done = subprocess.run([*DEMO, *words], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 2
    assert words[0].removeprefix("--") in done.stderr


def test_a_figure_that_differs_by_one_does_not_hold():
    assert Check("x", (1, 2), (1, 2)).holds
    assert not Check("x", (1, 2), (1, 3)).holds
    assert not Check("x", 5, 6).holds
    assert "✗" in Check("x", 5, 6).mark
    assert len(RATES) > 10
