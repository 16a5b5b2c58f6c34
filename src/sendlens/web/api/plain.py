"""The API's description as one plain page, made on the server: no scripts and nothing from other hosts.

Owns the HTML only; what it says comes from the OpenAPI document, which stands beside it at `/docs/openapi.json`.
"""

from __future__ import annotations

from html import escape
from typing import Any, Final, cast

from litestar import Request
from litestar.openapi.plugins import OpenAPIRenderPlugin

_STYLE: Final = (
    ":root{color-scheme:light dark}"
    "body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}"
    "code{font-size:.95em}table{border-collapse:collapse;width:100%}td,th{text-align:left;vertical-align:top;"
    "padding:.25rem .75rem .25rem 0;border-bottom:1px solid #8884}section{margin:2.5rem 0}"
)
_METHODS: Final = ("get", "post", "put", "patch", "delete")
_Node = dict[str, Any]


class PlainPage(OpenAPIRenderPlugin):
    """Renders the OpenAPI document as a page that works everywhere."""

    def __init__(self) -> None:
        """Serve at the root of the documentation's path."""
        super().__init__(path="/")

    def render(self, request: Request[Any, Any, Any], openapi_schema: _Node) -> bytes:
        """Return the page."""
        info = openapi_schema["info"]
        parts = [
            "<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport content='width=device-width'>",
            f"<title>{escape(info['title'])} API</title><style>{_STYLE}</style>",
            f"<h1>{escape(info['title'])} API {escape(info['version'])}</h1>",
            f"<p>{escape(info.get('description') or '')}</p>",
            "<p>For tools: <a href='/docs/openapi.json'>openapi.json</a>. Send an API key with the scope "
            "<code>read</code> as <code>Authorization: Bearer …</code>.</p>",
        ]
        for path, item in openapi_schema.get("paths", {}).items():
            parts += [_operation(method, path, item[method]) for method in _METHODS if item.get(method)]
        return "".join(parts).encode()


def _operation(method: str, path: str, operation: _Node) -> str:
    rows = [
        f"<tr><td><code>{escape(one['name'])}</code><td>{escape(one.get('in', ''))}<td>{escape(_kind(one))}"
        f"<td>{escape(one.get('description') or '')}"
        for one in cast("list[_Node]", operation.get("parameters") or [])
    ]
    table = f"<table><tr><th>Parameter<th>In<th>Type<th>Meaning{''.join(rows)}</table>" if rows else ""
    words = operation.get("description") or operation.get("summary") or ""
    return f"<section><h2><code>{method.upper()} {escape(path)}</code></h2><p>{escape(words)}</p>{table}</section>"


def _kind(parameter: _Node) -> str:
    schema = cast("_Node", parameter.get("schema") or {})
    several = cast("list[_Node]", schema.get("oneOf", []))
    kinds = [str(one.get("type", "")) for one in (schema, *several)]
    kind = " or ".join(sorted({kind for kind in kinds if kind not in {"", "null"}}))
    return f"{kind}, required" if parameter.get("required") else kind
