"""An IMAP server of our own: Dovecot as an ordinary user on a free port with TLS, installed from Debian when missing.

`imap_server` runs once per session; `folder` of it makes an empty account by name.
"""

import datetime as dt
import os
import pwd
import shutil
import socket
import ssl
import subprocess
import tempfile
import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from tests.harness import debian
from tests.harness.ports import free_port

PASSWORD = "open-sesame"
_CONFIG = """\
base_dir = {home}/run
state_dir = {home}/run
log_path = {home}/log
protocols = imap
ssl = required
ssl_cert = <{home}/cert.pem
ssl_key = <{home}/key.pem
ssl_dh =
disable_plaintext_auth = yes
mail_location = maildir:{home}/mail/%u
namespace inbox {{
  inbox = yes
  mailbox Bulk {{
    special_use = \\Junk
    auto = create
  }}
}}
default_login_user = {user}
default_internal_user = {user}
default_internal_group = {group}
first_valid_uid = 1
first_valid_gid = 0
passdb {{
  driver = static
  args = password={password}
}}
userdb {{
  driver = static
  args = uid={uid} gid={gid} home={home}/mail/%u allow_all_users=yes
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {plain}
  }}
  inet_listener imaps {{
    port = {port}
    ssl = yes
  }}
}}
service anvil {{
  chroot =
}}
service stats {{
  chroot =
}}
"""


@dataclass(frozen=True)
class ImapServer:
    """A running server: any user name is an account with the password `PASSWORD`."""

    port: int
    plain: int
    home: Path
    host: str = "localhost"

    @property
    def context(self) -> ssl.SSLContext:
        """Trusts the server's certificate and no other."""
        return ssl.create_default_context(cafile=str(self.home / "cert.pem"))

    def deliver(self, user: str, *mails: bytes, folder: str = "") -> Path:
        """Put mails into a folder of the account, its inbox by default, as a mail server would; returns the Maildir.

        `Bulk` is the folder that is marked for spam.
        """
        box = self.home / "mail" / user / (f".{folder}" if folder else "")
        for name in ("new", "cur", "tmp"):
            (box / name).mkdir(parents=True, exist_ok=True)
        for mail in mails:
            file = box / "new" / f"{time.time_ns()}.M{len(list((box / 'new').iterdir()))}.test"
            file.write_bytes(mail)
        _own(self.home / "mail")
        return box


def _account() -> pwd.struct_passwd:
    return pwd.getpwuid(os.geteuid()) if os.geteuid() else pwd.getpwnam("nobody")


def _own(path: Path) -> None:
    if os.geteuid() == 0:
        who = _account()
        for each in (path, *path.rglob("*")):
            os.chown(each, who.pw_uid, who.pw_gid)


def _program() -> str:
    found = shutil.which("dovecot", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    if found is None:
        debian.install("dovecot-imapd")
        found = shutil.which("dovecot", path="/usr/sbin:/usr/local/sbin")
    if found is None:
        raise RuntimeError("the package dovecot-imapd is installed, but there is no dovecot")
    return found


def _certificate(home: Path) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=7))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    (home / "cert.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (home / "key.pem").write_bytes(key.private_bytes(*form))


@contextmanager
def running() -> Generator[ImapServer]:
    """Configure and run a server, and remove it afterwards."""
    program = _program()
    home = Path(tempfile.mkdtemp(prefix="sendlens-imap-"))
    home.chmod(0o755)
    server = ImapServer(port=free_port(), plain=free_port(), home=home)
    who = _account()
    _certificate(home)
    (home / "mail").mkdir()
    _own(home / "mail")
    (home / "config").write_text(
        _CONFIG.format(
            home=home,
            port=server.port,
            plain=server.plain,
            user=who.pw_name,
            group=_group(who.pw_gid),
            uid=who.pw_uid,
            gid=who.pw_gid,
            password=PASSWORD,
        )
    )
    process = subprocess.Popen([program, "-F", "-c", str(home / "config")], stderr=subprocess.PIPE)
    try:
        _wait_until_ready(server, process)
        yield server
    finally:
        process.terminate()
        process.wait(timeout=20)
        if process.stderr:
            process.stderr.close()
        shutil.rmtree(home, ignore_errors=True)


def _group(gid: int) -> str:
    import grp

    return grp.getgrgid(gid).gr_name


def _wait_until_ready(server: ImapServer, process: subprocess.Popen[bytes], seconds: float = 30) -> None:
    give_up = time.monotonic() + seconds
    while True:
        try:
            with socket.create_connection(("localhost", server.port), 2) as plain:
                server.context.wrap_socket(plain, server_hostname="localhost").close()
        except OSError:
            if process.poll() is not None or time.monotonic() > give_up:
                said = process.stderr.read() if process.stderr and process.poll() is not None else b""
                log = server.home / "log"
                text = log.read_text(errors="replace")[-1000:] if log.exists() else ""
                raise RuntimeError(f"Dovecot did not start:\n{said.decode()[-1000:]}\n{text}") from None
            time.sleep(0.1)
        else:
            return


@pytest.fixture(scope="module")
def imap_server() -> Generator[ImapServer]:
    """An IMAP server for the tests of a module."""
    with running() as server:
        yield server
