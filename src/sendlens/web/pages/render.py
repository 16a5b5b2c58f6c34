"""Turning templates into answers: the Jinja environment, and the headers of every page.

Leaves to `reader` how numbers and times look.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import jinja2
from litestar import Response
from litestar.datastructures import Cookie
from markupsafe import Markup

from sendlens.web.pages import static
from sendlens.web.pages.reader import change, day_time, iso, number, said

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
        self._environment.filters |= {
            "number": number,
            "said": said,
            "change": change,
            "day_time": day_time,
            "iso": iso,
        }

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
