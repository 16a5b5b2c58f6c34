"""Mailgun's older webhooks: form fields, turned into the shape of today's `event-data`.

Owns the names of the form fields. Everything else (types, identity, campaign) is `mailgun`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from email import policy
from email.parser import BytesParser
from typing import Final, cast

from sendlens.errors import BadRequest
from sendlens.sources import decode
from sendlens.sources.esp.reading import Json, word
from sendlens.sources.received import Received

EVENTS: Final[dict[str, tuple[str, str, str]]] = {
    "delivered": ("delivered", "", ""),
    "opened": ("opened", "", ""),
    "clicked": ("clicked", "", ""),
    "complained": ("complained", "", ""),
    "unsubscribed": ("unsubscribed", "", ""),
    "bounced": ("failed", "permanent", "bounce"),
    "dropped": ("failed", "permanent", ""),
}
"""Old name to today's event, severity and reason."""

DROP_REASONS: Final[dict[str, str]] = {
    "hardfail": "hardfail",
    "old": "old",
}
"""`reason` of a dropped message; with an error code of 605 to 607 it was suppressed instead."""

SUPPRESSED: Final[dict[str, str]] = {
    "605": "suppress-bounce",
    "606": "suppress-unsubscribe",
    "607": "suppress-complaint",
}

_OWN_FIELDS: Final = """
    event recipient domain timestamp token signature message-headers Message-Id message-id body-plain body-html
    X-Mailgun-Sid attachment-count ip country region city user-agent device-type client-type client-name client-
    os campaign-id campaign-name tag tags X-Mailgun-Tag mailing-list custom-variables url code error
    notification reason description parent-signature
"""
OWN_FIELDS: Final = frozenset(_OWN_FIELDS.split())
"""Fields of the form that are Mailgun's; everything else is a custom variable."""


def gather(pairs: Iterable[tuple[str, str]]) -> dict[str, object]:
    """Return form fields by name; a name that comes several times holds a list."""
    fields: dict[str, object] = {}
    for name, value in pairs:
        earlier = fields.get(name)
        if earlier is None:
            fields[name] = value
        elif isinstance(earlier, list):
            cast("list[object]", earlier).append(value)
        else:
            fields[name] = [earlier, value]
    return fields


def multipart(received: Received) -> dict[str, object]:
    """Return the fields of a multipart form; files are left out. Raises `BadRequest`."""
    head = f"Content-Type: {received.content_type}\r\n\r\n".encode("latin-1", "replace")
    message = BytesParser(policy=policy.HTTP).parsebytes(head + received.body)
    if not message.is_multipart():
        raise BadRequest("the multipart form cannot be read")
    pairs: list[tuple[str, str]] = []
    for part in message.iter_parts():
        name = part.get_param("name", header="content-disposition")
        content = part.get_payload(decode=True)
        if isinstance(name, str) and isinstance(content, bytes) and part.get_filename() is None:
            pairs.append((name, content.decode("utf-8", "replace")))
    return gather(pairs)


def modern(form: Json) -> dict[str, object]:
    """Return an old form as today's `event-data`; it has no `id`, because the form has none."""
    name = word(form.get("event"))
    event, severity, reason = EVENTS.get(name, (name, "", ""))
    code = word(form.get("code"))
    if name == "dropped":
        reason = SUPPRESSED.get(code) or DROP_REASONS.get(word(form.get("reason")), word(form.get("reason")))
    headers = _headers(form.get("message-headers"))
    headers.setdefault("message-id", word(form.get("Message-Id")) or word(form.get("message-id")))
    tags = [*_list(form.get("tag")), *_list(form.get("X-Mailgun-Tag")), *_list(form.get("tags"))]
    campaign = word(form.get("campaign-id"))
    return {
        "event": event,
        "severity": severity,
        "reason": reason,
        "timestamp": form.get("timestamp"),
        "recipient": form.get("recipient"),
        "domain": {"name": form.get("domain")},
        "message": {"headers": headers},
        "delivery-status": {
            "code": code,
            "message": form.get("error") or form.get("description"),
            "description": form.get("notification"),
        },
        "client-info": {"user-agent": form.get("user-agent")},
        "geolocation": {"country": form.get("country")},
        "ip": form.get("ip"),
        "url": form.get("url"),
        "tags": list(dict.fromkeys(tags)),
        "campaigns": [{"id": campaign, "name": word(form.get("campaign-name"))}] if campaign else [],
        "user-variables": {key: value for key, value in form.items() if key not in OWN_FIELDS} | _variables(form),
    }


def _list(value: object) -> list[object]:
    return cast("list[object]", value) if isinstance(value, list) else [value] if value else []


def _variables(form: Json) -> dict[str, object]:
    try:
        told = decode.document(word(form.get("custom-variables")).encode())
    except BadRequest:
        return {}
    return cast("dict[str, object]", told) if isinstance(told, dict) else {}


def _headers(value: object) -> dict[str, object]:
    """Read `message-headers`: a JSON list of [name, value] pairs."""
    try:
        told: object = json.loads(word(value)) if value else []
    except (ValueError, RecursionError):
        return {}
    if not isinstance(told, list):
        return {}
    pairs = (cast("list[object]", pair) for pair in cast("list[object]", told) if isinstance(pair, list))
    return {word(pair[0]).lower(): word(pair[1]) for pair in pairs if len(pair) == 2}
