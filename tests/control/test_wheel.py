"""The migrations are part of what is installed."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

from hatchling.builders.wheel import WheelBuilder

ROOT = Path(__file__).resolve().parents[2]
OPEN = """
import sys, sendlens
from sendlens.control import Control
from sendlens.control.migrations import current, newest
with Control.open(sys.argv[1], b"a secret key for tests, 32 bytes or more") as control:
    with control.database.read() as connection:
        assert current(connection) == newest() != ""
print(sendlens.__file__)
"""


def test_an_installed_wheel_migrates(tmp_path: Path) -> None:
    (wheel,) = WheelBuilder(str(ROOT)).build(directory=str(tmp_path), versions=["standard"])
    installed = tmp_path / "installed"
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(installed)
    done = subprocess.run(
        [sys.executable, "-c", OPEN, f"sqlite:///{tmp_path}/control.sqlite"],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(installed)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(str(installed))
