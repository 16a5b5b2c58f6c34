"""A PostgreSQL server of our own: a throw-away cluster on a free port, installed from Debian when it is missing.

`postgres_server` runs once per session; `postgres_url` gives each test an empty database of its own.
"""

import os
import pwd
import secrets
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
import pytest

from tests.harness import debian
from tests.harness.ports import free_port


@dataclass(frozen=True)
class PostgresServer:
    """A running server; the user may create and drop databases."""

    port: int
    user: str
    password: str = field(repr=False)
    host: str = "127.0.0.1"

    def url(self, database: str = "postgres") -> str:
        """Return the address of one database, without a driver name in the scheme."""
        return f"postgresql://{self.user}:{self.password}@{self.host}:{self.port}/{database}"


def binaries() -> Path:
    """Return the directory of `initdb` and `postgres`, of the newest version where there are several."""
    found = _installed()
    if found is None:
        debian.install("postgresql")
        found = _installed()
    if found is None:
        raise RuntimeError("the package postgresql is installed, but has no /usr/lib/postgresql/*/bin/initdb")
    return found


def _installed() -> Path | None:
    versions = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    if versions:
        return versions[-1].parent
    # Other systems put the server programs on PATH.
    on_path = shutil.which("initdb")
    return Path(on_path).resolve().parent if on_path else None


def _unprivileged() -> pwd.struct_passwd | None:
    """Return the account to run as: PostgreSQL refuses root."""
    if os.geteuid() != 0:
        return None
    try:
        return pwd.getpwnam("postgres")
    except KeyError:
        return pwd.getpwnam("nobody")


@contextmanager
def running(*, durable: bool = False) -> Generator[PostgresServer]:
    """Create a cluster, run it, and remove it afterwards; `durable` syncs every commit to disk."""
    programs = binaries()
    account = _unprivileged()
    # Not below pytest's own temporary directory: that one is closed to the other account.
    home = Path(tempfile.mkdtemp(prefix="sendlens-postgres-"))
    server = PostgresServer(port=free_port(), user="sendlens", password=secrets.token_hex(16))
    password = home / "password"
    password.write_text(server.password)
    if account is not None:
        for path in (home, password):
            os.chown(path, account.pw_uid, account.pw_gid)

    cluster = ["-D", str(home / "data")]
    initdb = [*cluster, "-U", server.user, "-E", "UTF8", "--no-locale", "--no-sync"]
    initdb += ["--auth=scram-sha-256", f"--pwfile={password}"]
    # No socket file, and no fsync in a test: nothing there has to survive a power cut.
    serve = [*cluster, "-p", str(server.port), *([] if durable else ["-F"])]
    serve += ["-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories="]
    try:
        log = home / "log"
        if _start(programs / "initdb", initdb, account, log).wait() != 0:
            raise RuntimeError(f"initdb failed:\n{log.read_text()}")
        process = _start(programs / "postgres", serve, account, log)
        try:
            _wait_until_ready(server, process, log)
            yield server
        finally:
            # SIGINT is PostgreSQL's fast shutdown: it does not wait for clients that forgot to hang up.
            process.send_signal(signal.SIGINT)
            process.wait(timeout=30)
    finally:
        shutil.rmtree(home, ignore_errors=True)


def _start(
    program: Path, arguments: list[str], account: pwd.struct_passwd | None, log: Path
) -> subprocess.Popen[bytes]:
    command = [str(program), *arguments]
    with log.open("ab") as out:
        if account is None:
            return subprocess.Popen(command, cwd=log.parent, stdout=out, stderr=out)
        return subprocess.Popen(
            command,
            cwd=log.parent,
            stdout=out,
            stderr=out,
            user=account.pw_uid,
            group=account.pw_gid,
            extra_groups=[account.pw_gid],
        )


def _wait_until_ready(server: PostgresServer, process: subprocess.Popen[bytes], log: Path, seconds: float = 60) -> None:
    """Wait for a successful login: PostgreSQL listens a while before it lets anybody in."""
    give_up = time.monotonic() + seconds
    while True:
        try:
            psycopg.connect(server.url(), connect_timeout=2).close()
        except psycopg.OperationalError:
            if process.poll() is not None or time.monotonic() > give_up:
                raise RuntimeError(f"PostgreSQL did not start:\n{log.read_text(errors='replace')[-2000:]}") from None
            time.sleep(0.05)
        else:
            return


@pytest.fixture(scope="session")
def postgres_server() -> Generator[PostgresServer]:
    """A PostgreSQL server for the whole session."""
    with running() as server:
        yield server


@pytest.fixture
def postgres_url(postgres_server: PostgresServer) -> Generator[str]:
    """The address of an empty database that only this test sees."""
    name = f"test_{secrets.token_hex(6)}"
    with psycopg.connect(postgres_server.url(), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}".encode())
        yield postgres_server.url(name)
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())
