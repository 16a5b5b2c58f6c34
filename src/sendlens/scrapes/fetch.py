"""One GET of an exporter's metrics: to an address that was judged, bounded in time and size, no redirects.

Owns the connection. Nothing of an answer but its status is ever shown to whoever set the source up.
"""

from __future__ import annotations

import base64
import contextlib
import http.client
import socket
import ssl
import threading
from typing import Final
from urllib.parse import urlsplit

from sendlens.polling.hosts import PollError, address_of, within
from sendlens.settings import Settings

SECONDS: Final = 10.0
"""How long a scrape may take, from the connection to the last byte."""
MOST_BYTES: Final = 16 * 1024 * 1024
_ACCEPT: Final = "text/plain;version=0.0.4, application/openmetrics-text;version=1.0.0;q=0.8, */*;q=0.1"
_METADATA: Final = "169.254.0.0/16, fe80::/10, fd00:ec2::254/128"
"""Where machines of clouds are told their credentials: no exporter is there, whatever a setting allows."""


class _Plain(http.client.HTTPConnection):
    """A connection to an address that was judged, under the name of the host."""

    def __init__(self, host: str, port: int, address: str) -> None:
        super().__init__(host, port, timeout=SECONDS)
        self._address = address
        self.line: socket.socket | None = None
        """The socket; `sock` is forgotten while the body is still read, if the server is to close the connection."""

    # TRICKY: http.client would resolve the name again, and it could lead elsewhere.
    def connect(self) -> None:
        self.sock = self.line = socket.create_connection((self._address, self.port), SECONDS)


class _Secure(_Plain):
    """The same with TLS."""

    def __init__(self, host: str, port: int, address: str, context: ssl.SSLContext) -> None:
        super().__init__(host, port, address)
        self._context = context

    def connect(self) -> None:
        super().connect()
        # The handshake comes after `line` is known, so that the time limit can end it.
        secured = self._context.wrap_socket(self.sock, server_hostname=self.host, do_handshake_on_connect=False)
        self.sock = self.line = secured
        secured.do_handshake()


def fetched(address: str, secret: str, settings: Settings, context: ssl.SSLContext | None = None) -> tuple[bytes, str]:
    """Return an exporter's answer and its content type. Raises `PollError` with the reason."""
    parts = urlsplit(address)
    host, secure = parts.hostname or "", parts.scheme == "https"
    port = parts.port or (443 if secure else 80)
    judged = address_of(
        host,
        port,
        lambda found: within(found, settings.scrape_networks) and not within(found, _METADATA),
        hint="SENDLENS_SCRAPE_NETWORKS names the private networks in which exporters may be scraped.",
    )
    connection = (
        _Secure(host, port, judged, context or ssl.create_default_context()) if secure else _Plain(host, port, judged)
    )
    headers = {"Accept": _ACCEPT, "Accept-Encoding": "identity", "User-Agent": "Sendlens"}
    if secret:
        headers["Authorization"] = (
            f"Basic {base64.b64encode(secret.encode()).decode()}" if ":" in secret else f"Bearer {secret}"
        )
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    # A time limit of the socket begins anew with every byte; this one does not.
    late = threading.Event()
    watch = threading.Timer(SECONDS, _give_up, (connection, late))
    watch.daemon = True
    watch.start()
    try:
        connection.request("GET", target, headers=headers)
        answer = connection.getresponse()
        if 300 <= answer.status < 400:
            raise PollError(
                f"{host}:{port} answered {answer.status}: redirects are not followed",
                hint="Name the address it leads to.",
            )
        if answer.status != 200:
            hint = "Check the secret of the source." if answer.status in (401, 403) else "Is the path right?"
            raise PollError(f"{host}:{port} answered {answer.status}", hint=hint)
        if (coding := answer.headers.get("content-encoding", "identity").strip().lower()) not in ("", "identity"):
            raise PollError(f"{host}:{port} answered in {coding[:40]!r}, which was not asked for")
        body = answer.read(MOST_BYTES + 1)
        if late.is_set():
            raise PollError(f"{host}:{port} needed more than {SECONDS:.0f} seconds")
    except (OSError, http.client.HTTPException, ValueError, UnicodeError) as error:
        if late.is_set():
            raise PollError(f"{host}:{port} needed more than {SECONDS:.0f} seconds") from error
        raise PollError(f"{host}:{port} cannot be read: {str(error)[:200] or type(error).__name__}") from error
    finally:
        watch.cancel()
        connection.close()
    if len(body) > MOST_BYTES:
        raise PollError(
            f"{host}:{port} answered with more than {MOST_BYTES // 2**20} MB",
            hint="Most exporters can be told to leave series out.",
        )
    return body, answer.headers.get("content-type", "")


def _give_up(connection: _Plain, late: threading.Event) -> None:
    late.set()
    if connection.line is not None:
        with contextlib.suppress(OSError):
            # The plain method: that of a TLS socket takes the session away while another thread reads from it.
            socket.socket.shutdown(connection.line, socket.SHUT_RDWR)
