"""`sendlens serve`: the server in the foreground, until SIGTERM or Ctrl-C.

Owns the socket, the signals and what is printed at the start. Leaves the parts to `app`.
"""

from __future__ import annotations

import importlib
import socket
import sys
from contextlib import closing
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

if TYPE_CHECKING:
    from types import FrameType

    from sendlens.app import Application
    from sendlens.ground import Ground
    from sendlens.settings import Settings

GRACE_SECONDS = 20
"""How long held requests may take to be answered after a stop signal."""


LARGEST_SOCKET_MESSAGE = 4096
"""Most bytes of a message from a listener, who has nothing to say."""
SWITCH_SECONDS = 0.0005
"""How long one thread may work while another wants to."""


def serve(
    *,
    host: Annotated[str | None, Parameter(help="Address to listen on; else SENDLENS_HOST.")] = None,
    port: Annotated[int | None, Parameter(help="Port to listen on; else SENDLENS_PORT. 0 picks a free one.")] = None,
) -> None:
    """Run the server: door, pipeline, store, API and pages in one process."""
    from sendlens import settings as configuration
    from sendlens.logs import configure

    settings = configuration.load(host=host, port=port)
    configure(settings)
    listening = _listen(settings)
    settings = configuration.load(host=host, port=listening.getsockname()[1])
    run(settings, listening)


def run(settings: Settings, listening: socket.socket) -> None:
    """Open the parts and serve until a stop signal; mistakes at the start are raised, not logged."""
    import gc

    # Nearly all that is made until the first page stays for good: there is nothing to be found among it.
    gc.disable()
    from sendlens.ground import Ground

    # How long a thread that works keeps the event loop waiting; with the default of 5 ms, and several threads that read
    # bodies and fill batches, a small request would take tens of milliseconds.
    sys.setswitchinterval(SWITCH_SECONDS)
    # Opened here and not in the server's lifespan, so that a mistake reaches the person who typed the command.
    with Ground(settings) as ground:
        _serve(settings, listening, ground)


def _serve(settings: Settings, listening: socket.socket, ground: Ground) -> None:
    # While these are imported, the ground opens the store.
    importlib.import_module("uvicorn")
    from sendlens.app import Application, open_parts

    with closing(open_parts(settings, ground=ground)) as parts:
        application = Application(settings, parts=parts)
        _greet(application, settings)
        _run(application, listening)


def _run(application: Application, listening: socket.socket) -> None:
    import gc

    import uvicorn

    class Server(uvicorn.Server):
        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets)
            # Modules and parts stay for good, and batches of events are freed by their counts: looking through all of
            # them for cycles again and again took a third of the time the writer spends in Python.
            gc.freeze()
            gc.set_threshold(100_000, 50, 100)
            gc.enable()

        def handle_exit(self, sig: int, frame: FrameType | None) -> None:
            # Live streams end first: the server waits for its connections before it ends the lifespan. The base class
            # would raise the signal again at the end, and a stop that was asked for would look like a crash.
            application.end_streams()
            self.force_exit = self.should_exit
            self.should_exit = True

    Server(
        uvicorn.Config(
            application,  # pyright: ignore[reportArgumentType] - ASGI, with our own types for scope and messages
            loop="uvloop",
            http="httptools",
            ws="websockets-sansio",
            ws_max_size=LARGEST_SOCKET_MESSAGE,
            lifespan="on",
            access_log=False,
            log_config=None,
            server_header=False,
            proxy_headers=False,
            timeout_graceful_shutdown=GRACE_SECONDS,
            backlog=2048,
        )
    ).run(sockets=[listening])


def _listen(settings: Settings) -> socket.socket:
    from sendlens.errors import SettingsError

    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((settings.host, settings.port))
    except OSError as error:
        listening.close()
        raise SettingsError(
            f"{settings.host}:{settings.port} cannot be listened on: {error.strerror}",
            hint="Another program may use the port; choose one with SENDLENS_PORT, or 0 for any free one.",
        ) from error
    return listening


def _greet(application: Application, settings: Settings) -> None:
    parts = application.parts
    address = settings.public_url or f"http://{_shown(settings.host)}:{settings.port}"
    lines = [f"Sendlens listens on {address}", f"Data is kept in {settings.data}"]
    if parts.first_key and not settings.bootstrap_key:
        lines.append(f"First start: tenant {parts.first_tenant.slug!r}, API key {parts.first_key} (shown only now)")
    sys.stdout.write("\n".join(lines) + "\n")
    sys.stdout.flush()


def _shown(host: str) -> str:
    if host in ("0.0.0.0", "::"):  # noqa: S104 - compared, not listened on
        return "localhost"
    return f"[{host}]" if ":" in host else host
