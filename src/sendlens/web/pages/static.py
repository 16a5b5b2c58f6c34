"""The files of the pages: scripts, styles and pictures, read once, compressed once, cached by browsers for good.

Each address carries a digest of the content (`?v=`), so that a new version is a new address. The style sheets are kept
in one file per concern and sent as one.
"""

from __future__ import annotations

import asyncio
import gzip
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache
from importlib import resources
from importlib.resources.abc import Traversable
from typing import Final

from litestar import Request, Response, get
from litestar.datastructures import State
from litestar.handlers import HTTPRouteHandler

TYPES: Final = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".png": "image/png",
}
STYLE_SHEET: Final = "sendlens.css"
_STYLES: Final = ("tokens", "base", "frame", "controls", "panels", "tables", "figures", "chart", "pages/*", "print")
"""What the style sheet is made of, in this order: what comes later may overrule what came before."""

_FOREVER: Final = "public, max-age=31536000, immutable"
_BRIEFLY: Final = "public, max-age=300"


@dataclass(frozen=True)
class StaticFile:
    """One file, ready to be sent."""

    body: bytes
    digest: str
    content_type: str

    def compressed(self) -> bytes:
        """Return the body as gzip, at the highest level."""
        return _gzip(self.digest, self.body)


@cache
def _gzip(digest: str, body: bytes) -> bytes:
    del digest  # part of the key only: hashing a short text is cheaper than comparing half a megabyte
    return gzip.compress(body, 9, mtime=0)


@cache
def files() -> dict[str, StaticFile]:
    """Return every file by its path below `static/`."""
    found: dict[str, StaticFile] = {}
    _collect(resources.files("sendlens.web") / "static", "", found)
    found[STYLE_SHEET] = _file(b"".join(_style_sheets(found)), ".css")
    return found


def _style_sheets(found: dict[str, StaticFile]) -> Iterator[bytes]:
    """Return the bodies of the style sheets in the order of `_STYLES`, and take them out of `found`."""
    for part in _STYLES:
        names = sorted(name for name in found if fnmatchcase(name, f"css/{part}.css"))
        if not names:
            raise FileNotFoundError(f"there is no style sheet css/{part}.css")
        for name in names:
            yield found.pop(name).body


def _collect(folder: Traversable, prefix: str, found: dict[str, StaticFile]) -> None:
    for entry in folder.iterdir():
        if entry.is_dir():
            _collect(entry, f"{prefix}{entry.name}/", found)
            continue
        suffix = entry.name[entry.name.rfind(".") :]
        if suffix in TYPES:
            found[prefix + entry.name] = _file(entry.read_bytes(), suffix)


def _file(body: bytes, suffix: str) -> StaticFile:
    return StaticFile(body, hashlib.sha256(body).hexdigest()[:12], TYPES[suffix])


def address(path: str) -> str:
    """Return the URL of a file. Raises `KeyError` for one that does not exist."""
    return f"/static/{path}?v={files()[path].digest}"


def handlers() -> list[HTTPRouteHandler]:
    """Return the route that sends the files; it is open to all, because they are the same for all."""

    @get(["/static/{path:path}", "/favicon.ico"], include_in_schema=False)
    async def static_file(request: Request[object, object, State]) -> Response[bytes]:
        wanted = str(request.path_params.get("path", "/logo.svg"))
        file = files().get(wanted.lstrip("/"))
        if file is None:
            return Response(b"There is no such file.", status_code=404, media_type="text/plain")
        headers = {
            "Cache-Control": _FOREVER if request.query_params.get("v") == file.digest else _BRIEFLY,
            "ETag": f'"{file.digest}"',
            "Vary": "Accept-Encoding",
            "X-Content-Type-Options": "nosniff",
            "Cross-Origin-Resource-Policy": "same-origin",
        }
        if request.headers.get("if-none-match") == headers["ETag"]:
            return Response(b"", status_code=304, headers=headers, media_type=file.content_type)
        body = file.body
        if "gzip" in request.headers.get("accept-encoding", "") and not file.content_type.startswith("image/png"):
            body, headers["Content-Encoding"] = await asyncio.to_thread(file.compressed), "gzip"
        return Response(body, headers=headers, media_type=file.content_type)

    return [static_file]
