"""Data directories of earlier releases open, show the figures they showed, and go on counting."""

import json
import tarfile
from pathlib import Path
from typing import Any

import pytest

from tests.harness.server import inspect_data, running
from tests.operations.commands import sendlens, sendlens_json
from tests.upgrade.make_fixture import EXPECTED, FIXTURES, post
from tests.upgrade.questions import answers

RELEASES = sorted(path.name.removesuffix(".tar.gz") for path in FIXTURES.glob("*.tar.gz"))


@pytest.fixture(params=RELEASES)
def release(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Path, dict[str, Any]]:
    """The data directory of a release, and the figures it showed."""
    with tarfile.open(FIXTURES / f"{request.param}.tar.gz") as archive:
        archive.extractall(tmp_path, filter="data")
    (tmp_path / "data").chmod(0o700)
    return tmp_path / "data", json.loads((tmp_path / EXPECTED).read_text(encoding="utf-8"))


def test_there_is_one() -> None:
    assert "0.1.0" in RELEASES


def test_every_release_fits_into_the_repository() -> None:
    for path in FIXTURES.glob("*.tar.gz"):
        assert path.stat().st_size < 1_000_000, path.name


def test_opened_by_this_version(release: tuple[Path, dict[str, Any]]) -> None:
    data, expected = release
    with running(data) as server:
        server.wait_settled()
        assert server.stop() == 0
        found = answers(data)
        assert {name: found[name] for name in expected} == expected

        # The key of then still opens, what was counted then is recognised, and old messages take new events.
        server.start()
        post(server, 350, 100)
        server.wait_settled()
        assert server.stop() == 0
    more = inspect_data(data, events="SELECT count(), uniqExact(event_key) FROM events")
    assert more["disagreements"] == []
    assert more["answers"]["events"] == [["450", "450"]]
    (account,) = [row for row in answers(data)["intake"] if row[1] == "event"]
    assert [int(number) for number in account[2:]] == [551, 450, 100, 1, 0]


def test_backed_up_and_restored_by_this_version(release: tuple[Path, dict[str, Any]], tmp_path: Path) -> None:
    """A backup of a directory that this version never started on keeps the schema of its release."""
    data, expected = release
    sendlens(data, "backup", str(tmp_path / "backup"), "--with-secret-key")
    restored = tmp_path / "restored"
    sendlens(restored, "restore", str(tmp_path / "backup"))
    with running(restored) as server:
        server.wait_settled()
        assert server.stop() == 0
    found = answers(restored)
    assert {name: found[name] for name in expected} == expected
    assert sendlens_json(restored, "doctor")["healthy"]
