"""The published JSON Schema of an event, made from the record and from the help text of each field.

Owns `FIELDS`, the words that `docs/events.md` and the schema explain fields with.
"""

from __future__ import annotations

from typing import Any, Final, cast

import msgspec

from sendlens.model.events import EVENT_TYPE_HELP, LONGEST, LONGEST_OTHER, MOST_METADATA, Event
from sendlens.sources import rules

FIELDS: Final[dict[str, str]] = {
    "type": "What happened; a word not in the list is kept as `unknown`.",
    "native_type": "The sender's own name of the type.",
    "id": "The sender's event id; a repeated event is recognised by it.",
    "occurred_at": "When it happened, by the sender's clock; required without `id`.",
    "sent_at": "When the sender posted this event, by its clock; used to correct a wrong clock.",
    "message_id": "The message, the same on all its events.",
    "message_sent_at": "When the message itself was sent.",
    "campaign_id": "The campaign the message belongs to.",
    "recipient": "An e-mail address or a stable identifier of the person; required for events about a message.",
    "template_id": "The template the message was made from.",
    "segment": "The list or segment it was sent to.",
    "variant": "The variant of an experiment.",
    "sending_domain": "The domain in From.",
    "sender": "The address in From.",
    "subject": "The subject line.",
    "pool": "IP pool or sending address group.",
    "sending_ip": "The IP address the message was sent from.",
    "stream": "`marketing`, `transactional`, or a stream's own name.",
    "channel": "`email` unless told otherwise.",
    "untracked": "True where the message carries no open tracker.",
    "link_url": "The link that was followed.",
    "link_id": "The link's own name.",
    "link_position": "Place of the link in the message, counted from 0.",
    "user_agent": "The agent that opened or clicked.",
    "ip": "The IP address that opened or clicked.",
    "country": "ISO 3166 code of two letters.",
    "machine": "The sender's own verdict that a machine caused the event.",
    "mx": "The host that accepted or refused the message.",
    "smtp_code": "SMTP reply code, such as 550.",
    "enhanced_code": "Enhanced status code, such as 5.1.1.",
    "smtp_reply": "What the receiving server said.",
    "bounce_class": "`hard`, `soft`, `block` or `undetermined`, if the sender knows.",
    "reason": "The sender's own word for why.",
    "attempt": "Which attempt it was, counted from 1.",
    "unsubscribe_method": "`link`, `one_click`, `mailto` or the sender's own word.",
    "conversion_type": "`purchase`, `signup`, `download`, `form_submit`, `trial_start`, `upgrade`, or your own.",
    "value": "What the conversion is worth; needs `currency`.",
    "currency": "ISO 4217 code, such as EUR.",
    "order_id": "The order.",
    "product_id": "The product.",
    "category": "The product's category.",
    "quantity": "How many.",
    "tags": f"At most {MOST_METADATA} words.",
    "metadata": f"At most {MOST_METADATA} entries of your own; fields that are not in this table are kept here too.",
    "raw": "The event as the source sent it.",
}
"""What each field of an event means, in one sentence."""

_TIME: Final[dict[str, object]] = {
    "anyOf": [{"type": "string", "format": "date-time"}, {"type": "number", "minimum": 946_684_800}],
}


def event_schema() -> dict[str, object]:
    """Return the JSON Schema (2020-12) of one event as `POST /v1/events` takes it."""
    made: dict[str, Any] = msgspec.json.schema(Event)
    told = cast("dict[str, dict[str, Any]]", made["$defs"]["Event"]["properties"])
    properties: dict[str, dict[str, object]] = {}
    for name, meaning in FIELDS.items():
        field: dict[str, object] = {"description": meaning, **_form(name, told[name])}
        properties[name] = field
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Sendlens event",
        "description": "One thing that happened to one message, recipient or customer.",
        "type": "object",
        "required": ["type"],
        "anyOf": [{"required": ["id"]}, {"required": ["occurred_at"]}],
        "properties": properties,
        "additionalProperties": {"type": ["string", "number", "boolean", "null"]},
    }


def _form(name: str, told: dict[str, Any]) -> dict[str, object]:
    if name == "type":
        return {"type": "string", "minLength": 1, "examples": [known.value for known in EVENT_TYPE_HELP]}
    if name in rules.TIMES:
        return dict(_TIME)
    if name in rules.MONEY:
        return {"anyOf": [{"type": "number", "minimum": 0}, {"type": "string", "pattern": r"^\d{1,13}(\.\d+)?$"}]}
    if name in rules.WHOLE:
        least, most = rules.WHOLE[name]
        return {"type": "integer", "minimum": least, "maximum": most}
    if name == "metadata":
        return {"type": "object", "additionalProperties": {"type": ["string", "number", "boolean", "null"]}}
    if name == "tags":
        return {"type": "array", "maxItems": MOST_METADATA, "items": {"type": "string", "maxLength": LONGEST_OTHER}}
    form: dict[str, object] = {key: value for key, value in told.items() if key != "default"}
    if form.get("type") == "string" and name not in rules.CUT:
        form["maxLength"] = LONGEST.get(name, LONGEST_OTHER)
    return form
