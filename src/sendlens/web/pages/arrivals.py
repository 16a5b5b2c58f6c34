"""What arrived at a source lately, as people read it: the body as it came beside the events that were read from it."""

from __future__ import annotations

import contextlib
from http import HTTPStatus
from typing import Final

import msgspec

from sendlens.control.sources import Source
from sendlens.errors import SendlensError
from sendlens.sources.mail import leaving
from sendlens.sources.posting import POSTING
from sendlens.sources.received import Received
from sendlens.web.intake.arrivals import Arrival
from sendlens.web.pages.site import Site

_MOST_EVENTS: Final = 3


def arrivals_of(site: Site, source: Source) -> list[dict[str, object]]:
    """Return the latest requests of a source, the latest first."""
    if site.intake is None or source.provider not in POSTING:
        return []
    return [_shown(site, source, one) for one in site.intake.arrivals.of(source.id)]


def _shown(site: Site, source: Source, arrival: Arrival) -> dict[str, object]:
    fine = 200 <= arrival.status < 300
    return {
        "at": arrival.at,
        "status": arrival.status or "…",
        "verdict": _verdict(arrival) if arrival.status else "being read",
        "fine": fine,
        "test": arrival.test,
        "explained": "" if fine else arrival.problem,
        "rejected": [
            f"Record {one.index + 1}{f', {one.field}' if one.field else ''}: {one.error}" for one in arrival.rejected
        ],
        "raw": _raw(arrival),
        "events": _understood(site, source, arrival) if fine else "",
    }


def _verdict(arrival: Arrival) -> str:
    if 200 <= arrival.status < 300:
        said = f"{arrival.accepted} event{'s' if arrival.accepted != 1 else ''} accepted"
        return f"{said}, {len(arrival.rejected)} rejected" if arrival.rejected else said
    return HTTPStatus(arrival.status).phrase


def _raw(arrival: Arrival) -> str:
    if not arrival.body:
        return "(the body is not kept)"
    text = arrival.body.decode("utf-8", "replace")
    # A form or a log is shown as it came.
    with contextlib.suppress(msgspec.MsgspecError):
        text = msgspec.json.format(arrival.body, indent=2).decode() if not arrival.cut else text
    return f"{text}\n…" if arrival.cut else text


def _understood(site: Site, source: Source, arrival: Arrival) -> str:
    """Return the events of a request as JSON, read again by the provider's own parser."""
    if arrival.cut or not arrival.body:
        return "(too long to be shown here; it was read as a whole)"
    received = Received(
        body=arrival.body,
        content_type=arrival.content_type,
        headers=arrival.headers,
        query=arrival.query,
        received_at=arrival.at,
        secrets_of=leaving.of_tenant(site.control.sources, source.tenant),
    )
    provider = POSTING[source.provider]
    try:
        mapped = provider.parse(received, provider.options.of(source.settings))
    except SendlensError as error:
        return error.detail
    shown = [
        {name: value for name, value in msgspec.to_builtins(event).items() if value not in ("", None, 0, [], {})}
        for event in mapped.records[:_MOST_EVENTS]
    ]
    # A mail may be a report, or nothing that counts: then what it was taken for is all there is to show.
    text = msgspec.json.format(msgspec.json.encode(shown or mapped.understood or []), indent=2).decode()
    left = len(mapped.records) - len(shown)
    return f"{text}\nand {left} more" if left else text
