"""Commands that need the running server: they talk to its API with a key, as any other client does."""

from __future__ import annotations

import os
from typing import Annotated, cast

from cyclopts import Parameter

from sendlens.errors import SendlensError, SettingsError

Url = Annotated[str, Parameter(help="Address of the server; else SENDLENS_URL, or http://127.0.0.1:8000.")]
Key = Annotated[str, Parameter(help="API key of the tenant; else SENDLENS_API_KEY.")]

_SECONDS = 600.0


def ask(method: str, path: str, body: object | None = None, *, url: str, key: str, scope: str) -> dict[str, object]:
    """Return the server's JSON answer. Raises `SendlensError` with the server's own words if it refuses."""
    import httpx

    key = key or os.environ.get("SENDLENS_API_KEY", "")
    if not key:
        raise SettingsError(
            f"This needs an API key with the scope {scope}.",
            hint=f"Give --key or SENDLENS_API_KEY; `sendlens key create TENANT NAME --scope {scope}` makes one.",
        )
    address = (url or os.environ.get("SENDLENS_URL", "") or "http://127.0.0.1:8000").rstrip("/")
    try:
        answer = httpx.request(
            method, address + path, json=body, headers={"authorization": f"Bearer {key}"}, timeout=_SECONDS
        )
    except httpx.InvalidURL as error:
        raise SettingsError(f"{address} is not an address: {error}") from error
    except httpx.HTTPError as error:
        raise SendlensError(
            f"{address} does not answer: {type(error).__name__}", hint="Is the server running? --url says where."
        ) from error
    try:
        document = cast("object", answer.json())
    except ValueError as error:
        raise SendlensError(f"{address}{path} answered {answer.status_code} and no JSON; is it Sendlens?") from error
    told = cast("dict[str, object]", document) if isinstance(document, dict) else {}
    if answer.is_error:
        problem = SendlensError(
            str(told.get("detail", f"the server answered {answer.status_code}")), hint=str(told.get("hint", ""))
        )
        problem.title = str(told.get("title", problem.title))
        raise problem
    return told
