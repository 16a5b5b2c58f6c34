"""Free TCP ports, and waiting until a server listens on one."""

import socket
import subprocess
import time
from pathlib import Path


def free_port() -> int:
    """Return a port of 127.0.0.1 that was free a moment ago.

    Another process may take it before the server binds it; the servers here then fail to start and say so.
    """
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def wait_until_listening(port: int, process: subprocess.Popen[bytes], log: Path, seconds: float = 60) -> None:
    """Return as soon as `port` accepts connections; raise with the end of the log when the process dies first."""
    give_up = time.monotonic() + seconds
    while time.monotonic() < give_up:
        if process.poll() is not None:
            raise RuntimeError(f"the server ended with code {process.returncode}:\n{_tail(log)}")
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise TimeoutError(f"nothing listens on port {port} after {seconds:.0f} s:\n{_tail(log)}")


def _tail(log: Path) -> str:
    return log.read_text(errors="replace")[-2000:]
