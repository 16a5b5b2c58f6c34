"""Settings: importing history from a file in the browser, with progress and the lines that were rejected."""

from __future__ import annotations

import asyncio
import secrets
from pathlib import Path
from typing import Final

from litestar import Response, get, post
from litestar.datastructures import UploadFile
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

from sendlens.errors import BadRequest, NotFound, SendlensError
from sendlens.pipeline.imports import Imports
from sendlens.sources.files import FORMS
from sendlens.web.pages.access import FORM_FIELD, PageRequest, Visitor
from sendlens.web.pages.frame import visit
from sendlens.web.pages.render import leave
from sendlens.web.pages.settings import administration, place, settings_page
from sendlens.web.pages.site import Site

MOST_BYTES: Final = 1_000_000_000
"""Largest file that a browser may send."""
_CHUNK: Final = 1 << 20


def handlers(site: Site) -> list[HTTPRouteHandler]:
    """Return the routes of imports."""

    async def show(request: PageRequest, visitor: Visitor, error: SendlensError | None = None) -> Response[str]:
        jobs = await _imports(site).of(visitor.tenant.id)
        values = {"jobs": jobs, "forms": sorted(FORMS), "most": MOST_BYTES // 10**6}
        return await settings_page(
            site, request, visitor, "sources", values, template="import", title="Import a file", error=error
        )

    @get("/settings/import", include_in_schema=False)
    async def choose_file(request: PageRequest) -> Response[str]:
        visitor = await visit(site, request)
        visitor.must("import_files")
        return await show(request, visitor)

    @post("/settings/import", include_in_schema=False, request_max_body_size=MOST_BYTES)
    async def import_file(request: PageRequest) -> Response[str]:
        # Who asks is looked at before the body, which may be a gigabyte of a stranger's.
        visitor = await visit(site, request)
        visitor.must("import_files")
        imports = _imports(site)
        try:
            imports.check(visitor.tenant.id)
            fields = await request.form()
            site.access.check_origin(request, str(fields.get(FORM_FIELD, "")))
            given = fields.get("file")
            if not isinstance(given, UploadFile) or not given.filename:
                raise BadRequest("no file was chosen", hint="Choose an NDJSON, JSON or CSV file.")
            kept = await _keep(imports.directory, given)
            job = await imports.start(visitor.tenant.id, given.filename, kept)
        except SendlensError as error:
            return await show(request, visitor, error)
        await asyncio.to_thread(administration(site, visitor).note, "file.import", job.name)
        return leave(place(visitor, f"import/{job.id}"))

    @get("/settings/import/{job:str}", include_in_schema=False)
    async def progress(request: PageRequest, job: FromPath[str]) -> Response[str]:
        visitor = await visit(site, request)
        visitor.must("import_files")
        found = await _imports(site).get(visitor.tenant.id, job)
        share = round(100 * found.bytes_done / found.size) if found.size else 100
        values = {"job": found, "share": min(share, 100), "here": place(visitor, f"import/{job}")}
        return await settings_page(
            site, request, visitor, "sources", values, template="import_job", title="Import of a file"
        )

    return [choose_file, import_file, progress]


def _imports(site: Site) -> Imports:
    if site.imports is None:
        raise NotFound("nothing can be imported here", hint="Ask the server that takes events in.")
    return site.imports


async def _keep(directory: Path, given: UploadFile) -> Path:
    """Write an upload to disk piece by piece, under a name of ours that keeps its suffixes."""
    suffixes = "".join(Path(given.filename).suffixes[-2:]).lower()
    known = suffixes if suffixes.removesuffix(".gz") in FORMS else Path(suffixes).suffix
    await asyncio.to_thread(directory.mkdir, exist_ok=True, mode=0o700)
    path = directory / f"{secrets.token_hex(8)}{known if known.removesuffix('.gz') in FORMS else '.ndjson'}"
    try:
        with await asyncio.to_thread(path.open, "wb") as out:
            while piece := await given.read(_CHUNK):
                await asyncio.to_thread(out.write, piece)
    except BaseException:
        path.unlink(missing_ok=True)  # half a file is of use to nobody, least of all on a full disk
        raise
    return path
