"""Programs whose disk fails them, run in a process of their own because the failure is the process's.

`full`: no file may grow (RLIMIT_FSIZE), then it may again. `fsync`: the kernel answers EIO to every flush (seccomp).
Each prints what happened as JSON.
"""

import asyncio
import ctypes
import json
import platform
import resource
import signal
import struct
import sys
from pathlib import Path

from sendlens.errors import Unavailable
from sendlens.log import SqliteLog
from tests.log.blocks import block

# fsync and fdatasync, by machine: the architecture number of the audit interface and the two system calls.
SYSTEM_CALLS = {"x86_64": (0xC000003E, 74, 75), "aarch64": (0xC00000B7, 82, 83)}
ALLOW, EIO = 0x7FFF0000, 0x00050000 | 5


def append(log: SqliteLog, numbers: range) -> dict[str, object]:
    """Append together; return how many were acknowledged and what the others were told."""

    async def run() -> list[object]:
        blocks = [block(n, body=bytes(50_000)) for n in numbers]
        return await asyncio.gather(*[log.append(each) for each in blocks], return_exceptions=True)

    results = asyncio.run(run())
    refused = [result for result in results if isinstance(result, Unavailable)]
    return {
        "acknowledged": sum(isinstance(result, tuple) for result in results),
        "refused": len(refused),
        "told": refused[0].detail if refused else "",
        "retry_after": refused[0].retry_after if refused else None,
        "trouble": log.trouble,
        "backlog": log.backlog(),
    }


def full(path: Path) -> list[dict[str, object]]:
    """Take the space away and give it back."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    log = SqliteLog(path)
    report = [append(log, range(4))]
    largest = path.with_name(path.name + "-wal").stat().st_size
    resource.setrlimit(resource.RLIMIT_FSIZE, (largest + 60_000, resource.RLIM_INFINITY))
    report.append(append(log, range(4, 8)))
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    report.append(append(log, range(8, 12)))
    log.close()
    return report


def fsync(path: Path) -> list[dict[str, object]]:
    """Let every flush fail from some moment on; there is no way back from a filter."""
    log = SqliteLog(path)
    report = [append(log, range(4))]
    refuse_flushes()
    report.append(append(log, range(4, 8)))
    return report


def refuse_flushes() -> None:
    """Let the kernel answer EIO to every flush of this process. Raises `OSError` where it does not take a filter."""
    architecture, first, second = SYSTEM_CALLS[platform.machine()]
    load, equal, give = 0x20, 0x15, 0x06
    program = [
        (load, 0, 0, 4),
        (equal, 0, 3, architecture),
        (load, 0, 0, 0),
        (equal, 2, 0, first),
        (equal, 1, 0, second),
        (give, 0, 0, ALLOW),
        (give, 0, 0, EIO),
    ]
    code = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *line) for line in program))
    filter_program = ctypes.create_string_buffer(struct.pack("HxxxxxxP", len(program), ctypes.addressof(code)))
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(38, 1, 0, 0, 0) != 0:  # no new privileges, without which a filter is refused
        raise OSError(ctypes.get_errno(), "prctl")
    # seccomp(2) with "all threads": the appender's thread runs already.
    number = {"x86_64": 317, "aarch64": 277}[platform.machine()]
    if libc.syscall(number, 1, 1, filter_program) != 0:
        raise OSError(ctypes.get_errno(), "seccomp")


if __name__ == "__main__":
    what, where = sys.argv[1:]
    sys.stdout.write(json.dumps({"full": full, "fsync": fsync}[what](Path(where))))
    sys.stdout.flush()
