"""Problems: every mistake becomes one JSON shape, RFC 9457, whoever noticed it.

Owns the mapping from exceptions to answers. An answer to a mistake of ours says nothing of what went on inside; the log
does, under the same request id.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import Final, cast

import structlog
from litestar import Response
from litestar.exceptions import HTTPException, ValidationException

from sendlens.errors import PROBLEM_BASE, SendlensError
from sendlens.web.api.access import AnyRequest
from sendlens.web.api.requests import request_id

MEDIA_TYPE: Final = "application/problem+json"
_log = structlog.stdlib.get_logger(__name__)


def known(request: AnyRequest, error: SendlensError) -> Response[dict[str, object]]:
    """Answer a mistake that we can explain."""
    headers = dict(error.headers)
    if error.retry_after is not None:
        headers["retry-after"] = str(error.retry_after)
    if error.status == HTTPStatus.UNAUTHORIZED:
        headers["www-authenticate"] = 'Bearer realm="sendlens"'
    if error.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        _log.error("request failed", path=_route(request), request_id=request_id(request), error=error.detail)
    return _answer(request, error.problem(), headers)


def of_framework(request: AnyRequest, error: HTTPException) -> Response[dict[str, object]]:
    """Answer a mistake that the framework noticed: no such route, a wrong method, a parameter of the wrong type."""
    status = error.status_code
    document: dict[str, object] = {
        "type": PROBLEM_BASE + HTTPStatus(status).phrase.lower().replace(" ", "-"),
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": error.detail,
    }
    if isinstance(error, ValidationException) and isinstance(error.extra, list):
        wrong = cast("list[dict[str, str]]", error.extra)
        document |= {"type": PROBLEM_BASE + "invalid-field", "title": "A field has a value that is not accepted"}
        document["detail"] = "; ".join(f"{one.get('key', '')}: {one.get('message', '')}" for one in wrong)
        document["field"] = wrong[0].get("key", "") if wrong else ""
    return _answer(request, document, dict(error.headers or {}))


def of_ours(request: AnyRequest, error: Exception) -> Response[dict[str, object]]:
    """Answer an exception that nobody expected."""
    _log.error("unexpected error", path=_route(request), request_id=request_id(request), exc_info=error)
    return _answer(request, SendlensError("An unexpected error; the log has it under this request id.").problem(), {})


def _route(request: AnyRequest) -> str:
    """Return the path as its route writes it: a path that was asked for may name a person, and logs are kept."""
    return request.scope.get("path_template", "") or "(no route)"


def _answer(request: AnyRequest, document: dict[str, object], headers: dict[str, str]) -> Response[dict[str, object]]:
    return Response(
        document | {"instance": request.url.path, "request_id": request_id(request)},
        status_code=cast("int", document["status"]),
        media_type=MEDIA_TYPE,
        headers={"cache-control": "no-store"} | headers,
    )
