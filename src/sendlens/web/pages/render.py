"""Turning templates into answers: the Jinja environment, how numbers and times look, and the headers of every page.

Owns presentation of single values. Leaves to `metrics` how a metric's value is written (`Figure.text`).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Final
from zoneinfo import ZoneInfo

import jinja2
from litestar import Response
from litestar.datastructures import Cookie
from markupsafe import Markup

from sendlens.web.pages import static

# Everything comes from ourselves and nothing is inline, so a script that somebody smuggles into a subject line or a
# link never runs.
SECURITY_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "frame-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS: Final = {
    "Content-Security-Policy": SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "private, no-store",
}


class Renderer:
    """Renders templates with autoescape; a name that a template needs and nobody gave is an error."""

    def __init__(self) -> None:
        """Load templates from the package."""
        self._environment = jinja2.Environment(
            loader=jinja2.PackageLoader("sendlens.web", "templates"),
            autoescape=True,
            undefined=jinja2.StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._environment.filters |= {"number": number, "day_time": day_time, "iso": iso}

    def text(self, template: str, values: Mapping[str, object]) -> Markup:
        """Return a rendered template, safe to be put into another one."""
        return Markup(self._environment.get_template(template).render({"static": static.address, **values}))  # noqa: S704 - autoescape is on

    def response(
        self, template: str, values: Mapping[str, object], *, status: int = 200, cookies: tuple[Cookie, ...] = ()
    ) -> Response[str]:
        """Return a rendered template as the answer to a request."""
        return html(self.text(template, values), status=status, cookies=cookies)


def html(body: str, *, status: int = 200, cookies: tuple[Cookie, ...] = ()) -> Response[str]:
    """Return an HTML answer with the headers of every page."""
    return Response(body, status_code=status, headers=HEADERS, cookies=cookies, media_type="text/html; charset=utf-8")


def leave(to: str, *, cookies: tuple[Cookie, ...] = ()) -> Response[str]:
    """Return a redirect after a form."""
    return Response("", status_code=303, headers=HEADERS | {"Location": to}, cookies=cookies, media_type="text/html")


def number(value: float | Decimal | None) -> str:
    """Return a number with its thousands set apart, or a dash for none."""
    if value is None:
        return "–"
    return f"{value:,.0f}" if float(value).is_integer() else f"{value:,.2f}"


def day_time(ms: int, zone: str = "UTC", form: str = "%-d %b %Y, %H:%M") -> str:
    """Return a time in the tenant's time zone, or a dash for none."""
    return datetime.fromtimestamp(ms / 1000, ZoneInfo(zone)).strftime(form) if ms else "–"


def iso(ms: int) -> str:
    """Return a time for machines."""
    return datetime.fromtimestamp(ms / 1000, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
