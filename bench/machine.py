"""The machine a run was made on, and what processes of ours cost it.

Owns reading /proc. Load averages are part of every result: on a shared machine they say how far to trust it.
"""

from __future__ import annotations

import os
import platform
import subprocess
import threading
from importlib.metadata import version
from pathlib import Path

import msgspec

_TICKS = os.sysconf("SC_CLK_TCK") if hasattr(os, "sysconf") else 100
_LIBRARIES = ("chdb", "clickhouse-connect", "pyarrow", "uvicorn", "litestar", "asyncpg")


class Machine(msgspec.Struct, frozen=True, kw_only=True):
    """What a reader has to know to place the numbers."""

    processor: str
    cores: int
    memory_gb: float
    system: str
    python: str
    libraries: dict[str, str]
    commit: str
    load_before: tuple[float, float, float]
    load_after: tuple[float, float, float] = (0.0, 0.0, 0.0)


def describe() -> Machine:
    """Return this machine, with the load of the moment."""
    return Machine(
        processor=_processor(),
        cores=os.cpu_count() or 1,
        memory_gb=round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9, 1),
        system=f"{platform.system()} {platform.machine()}",
        python=platform.python_version(),
        libraries={name: _version(name) for name in _LIBRARIES},
        commit=_commit(),
        load_before=os.getloadavg(),
    )


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or "unknown"
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "unknown")


def _version(name: str) -> str:
    try:
        return version(name)
    except ModuleNotFoundError:
        return "not installed"


def _commit() -> str:
    command = ["git", "rev-parse", "--short", "HEAD"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=Path(__file__).parent)
    except OSError:
        return ""
    return done.stdout.strip()


def rss_mb(pid: int) -> float:
    """Return the resident memory of a process in megabytes, 0 where it cannot be known."""
    try:
        status = Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    except OSError:
        return 0.0
    return next((int(line.split()[1]) / 1024 for line in status.splitlines() if line.startswith("VmRSS:")), 0.0)


def cpu_seconds(pid: int) -> float:
    """Return the processor time a process has used, all its threads together; 0 where it cannot be known."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / _TICKS


class Watch:
    """Watches the memory of a process from the outside: the most it had since the last `peak`."""

    def __init__(self, pid: int) -> None:
        """Begin to look at `pid` ten times a second."""
        self._pid = pid
        self._most = 0.0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._thread.start()

    def peak(self) -> float:
        """Return the most memory since the last call, in megabytes, and begin again."""
        most, self._most = max(self._most, rss_mb(self._pid)), 0.0
        return most

    def stop(self) -> None:
        """Look no longer."""
        self._stop.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._stop.wait(0.1):
            self._most = max(self._most, rss_mb(self._pid))
