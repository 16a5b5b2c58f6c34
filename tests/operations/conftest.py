"""A stopped data directory with a little of everything, and a backup of it."""

from pathlib import Path

import pytest

from tests.harness.server import running
from tests.operations.commands import sendlens
from tests.upgrade.make_fixture import post


@pytest.fixture(scope="module")
def stopped(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data directory of a server that was stopped; a test that changes it works on a copy."""
    data = tmp_path_factory.mktemp("stopped") / "data"
    with running(data) as server:
        post(server, 0, 120)
        server.wait_settled()
        assert server.stop() == 0
    return data


@pytest.fixture(scope="module")
def backup(stopped: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A backup of it with its secret key, as a directory; a test that changes it works on a copy."""
    target = tmp_path_factory.mktemp("backup") / "backup"
    sendlens(stopped, "backup", str(target), "--with-secret-key")
    return target
