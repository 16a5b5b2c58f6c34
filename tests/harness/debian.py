"""Installing a Debian package in the middle of a test run, where that is possible."""

import fcntl
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from tests.harness.missing import missing


def install(package: str) -> None:
    """Install `package` with apt-get when we are root on a Debian; otherwise say why the test cannot run."""
    apt_get = shutil.which("apt-get")
    if apt_get is None:
        missing(package, "it is not installed, and there is no apt-get to install it with")
    if os.geteuid() != 0:
        missing(package, f"it is not installed; run: sudo apt-get install {package}")
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    # Tests run in several processes, and a second apt-get would fail at the first one's lock instead of waiting.
    with (Path(tempfile.gettempdir()) / "sendlens-tests-apt.lock").open("w") as turn:
        fcntl.flock(turn, fcntl.LOCK_EX)
        for command in (["update"], ["install", "-y", "--no-install-recommends", package]):
            done = subprocess.run([apt_get, *command], env=environment, capture_output=True, text=True, check=False)
            if done.returncode != 0:
                missing(package, f"apt-get {command[0]} failed: {done.stderr.strip()[-500:]}")
