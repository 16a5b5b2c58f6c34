"""Every address the server answers is explained somewhere in docs/."""

import inspect
import re
from pathlib import Path
from unittest.mock import Mock

from litestar import Litestar

from sendlens.clock import FrozenClock
from sendlens.settings import Settings
from sendlens.sources.tracking import Kind
from sendlens.web import site
from sendlens.web.intake.app import HOOKS, ROUTES
from sendlens.web.intake.tracker import PREFIX

DOCS = Path(__file__).parents[2] / "docs"


def application() -> Litestar:
    """Return the whole application but the intake, made of stand-ins: it knows its routes and cannot answer."""
    given: dict[str, object] = {"settings": Settings(), "clock": FrozenClock(1), "first_key": ""}
    parts = {name: given.get(name, Mock()) for name in inspect.signature(site.build).parameters}
    return site.build(**parts)  # pyright: ignore[reportArgumentType] (stand-ins)


def routes() -> set[str]:
    """Return the addresses of the whole application, with `{…}` where something is filled in."""
    framework = {route.path for route in application().routes}
    intake = {*ROUTES, HOOKS + "{provider}/{source}", *(f"{PREFIX}{kind}/{{source}}/{{token}}" for kind in Kind)}
    return {re.sub(r"\{[^}]*\}", "{…}", path) for path in framework | intake}


def test_every_address_is_documented() -> None:
    pages = "\n".join(page.read_text() for page in DOCS.rglob("*.md"))
    written = re.sub(r"\{[^}\s]*\}", "{…}", pages)
    missing = sorted(path for path in routes() if not re.search(re.escape(path) + r"(?![\w/{-])", written))
    assert not missing, missing
