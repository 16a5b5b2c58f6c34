"""Judges the fields of one record: the one place that makes a canonical Event, Campaign or Spend out of loose values.

Owns limits, required fields, money and the treatment of text that cannot be stored. Leaves to `native` and `esp` where
the values come from. A record is judged alone; whoever calls turns `InvalidField` into a rejection of that record.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any, Final, cast

import msgspec

from sendlens.errors import InvalidField
from sendlens.model.events import MESSAGE_EVENTS, MOST_METADATA, Campaign, Event, EventType, Gauge, Placement, Spend
from sendlens.sources import rules
from sendlens.sources.currencies import CURRENCIES
from sendlens.sources.rules import Rule, as_metadata

TYPES: Final[dict[str, EventType]] = {
    **{known.value: known for known in EventType},
    # Names that senders use for the same things, and that cannot be taken for another.
    "accepted": EventType.INJECTED,
    "processed": EventType.INJECTED,
    "queued": EventType.INJECTED,
    "send": EventType.INJECTED,
    "sent": EventType.INJECTED,
    "delivery_delay": EventType.DEFERRED,
    "delivery": EventType.DELIVERED,
    "bounce": EventType.BOUNCED,
    "open": EventType.OPENED,
    "click": EventType.CLICKED,
    "complaint": EventType.COMPLAINED,
    "spam_complaint": EventType.COMPLAINED,
    "spamreport": EventType.COMPLAINED,
    "unsubscribe": EventType.UNSUBSCRIBED,
    "resubscribe": EventType.RESUBSCRIBED,
    "reply": EventType.REPLIED,
    "forward": EventType.FORWARDED,
    "share": EventType.SHARED,
    "conversion": EventType.CONVERTED,
    "touch": EventType.TOUCHED,
}
"""Type names understood by the native API; the sender's own word stays in `native_type`."""

_EVENT_RULES: Final = rules.for_struct(Event, strict=True)
_LENIENT_RULES: Final = rules.for_struct(Event, strict=False)
_CAMPAIGN_RULES: Final = rules.for_struct(Campaign, strict=True)
_SPEND_RULES: Final = rules.for_struct(Spend, strict=True)
_GAUGE_RULES: Final = rules.for_struct(Gauge, strict=True) | {"value": rules.number}
_PLACEMENT_RULES: Final = rules.for_struct(Placement, strict=True)
_GAUGE_NAME: Final = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:.-]{0,127}")


def judge_event(given: Mapping[str, object], received_at: int, *, fallback_id: str = "") -> Event:
    """Return the event that a sender of the native API describes.

    `fallback_id` identifies the record where it carries no `id` of its own (it stems from an idempotency key).
    Raises `InvalidField` naming the first field that is wrong or missing.
    """
    told, extras = _told(given, _EVENT_RULES, received_at)
    if "type" not in told:
        raise InvalidField("type", given.get("type"), "an event needs its type", hint="docs/events.md lists the types.")
    _name_type(told, given)
    ours = cast("EventType", told["type"])
    if extras:
        _keep_extras(told, extras, tolerant=ours is EventType.UNKNOWN)
    if not told.get("id") and fallback_id:
        told["id"] = fallback_id
    if not told.get("id") and "occurred_at" not in told:
        raise InvalidField(
            "occurred_at",
            given.get("occurred_at"),
            "an event without an id needs the time it occurred, because a repeated post could not be recognised",
            hint="Give each event an `id` or `occurred_at`, or send an Idempotency-Key header.",
        )
    if ours in MESSAGE_EVENTS and not told.get("recipient"):
        raise InvalidField("recipient", given.get("recipient"), f"an event of type {ours} needs its recipient")
    _check_money(told, "value")
    return Event(**told)


def judge_native(
    given: Mapping[str, object], received_at: int, *, native: Mapping[str, object], keep_raw: bool
) -> Event:
    """Return the event that a provider's webhook describes, with `type` already one of ours.

    More is forgiven than in the native API, because a provider cannot be asked to correct an event: optional values
    that make no sense are left out, long texts and metadata are cut. `native` is kept as `raw` for unknown types and
    where `keep_raw` says so. Raises `InvalidField` where the event could not be placed at all.
    """
    filled = {name: value for name, value in given.items() if value != "" and value is not None}
    told, _ = _told(filled, _LENIENT_RULES, received_at)
    if not told.get("id") and "occurred_at" not in told:
        raise InvalidField("occurred_at", None, "the event carries neither an id nor a time")
    if keep_raw or told["type"] is EventType.UNKNOWN:
        told["raw"] = rules.text("raw", as_json(native), strict=False)
    return Event(**told)


def judge_campaign(given: Mapping[str, object], received_at: int) -> Campaign:
    """Return the campaign that a record describes; `changed_at` defaults to the time of receipt."""
    told, extras = _told(given, _CAMPAIGN_RULES, received_at)
    if not told.get("campaign_id"):
        raise InvalidField("campaign_id", given.get("campaign_id"), "a campaign needs its campaign_id")
    if extras:
        _keep_extras(told, extras, tolerant=False)
    _check_money(told, "cost", "budget")
    told.setdefault("changed_at", received_at)
    return Campaign(**told)


def judge_spend(given: Mapping[str, object], received_at: int) -> Spend:
    """Return the spend that a record describes; its `hour` is rounded down to a full hour."""
    told, extras = _told(given, _SPEND_RULES, received_at)
    _require(told, given, "spend record", "campaign_id", "channel", "hour")
    _no_extras(extras, "spend")
    if told.get("cost"):
        _check_money(told, "cost")
    told["hour"] -= told["hour"] % 3_600_000
    told.setdefault("changed_at", received_at)
    return Spend(**told)


def judge_gauge(given: Mapping[str, object], received_at: int) -> Gauge:
    """Return the sample that a record describes; `at` defaults to the time of receipt."""
    told, extras = _told(given, _GAUGE_RULES, received_at)
    _require(told, given, "gauge", "name", "value")
    _no_extras(extras, "a gauge")
    if not _GAUGE_NAME.fullmatch(told["name"]):
        raise InvalidField("name", told["name"], "letters, digits and _ : . -, not beginning with a digit, at most 128")
    told["at"] = told.get("at") or received_at
    return Gauge(**told)


def judge_placement(given: Mapping[str, object], received_at: int) -> Placement:
    """Return the result of one seed mailbox; the test is the campaign's where none is named."""
    told, extras = _told(given, _PLACEMENT_RULES, received_at)
    if not told.get("test_id"):
        told["test_id"] = told.get("campaign_id", "")
    _require(told, given, "placement", "test_id", "seed", "placement")
    _no_extras(extras, "a placement")
    told["seed"] = told["seed"].lower()
    told["at"] = told.get("at") or received_at
    told["changed_at"] = told.get("changed_at") or received_at
    return Placement(**told)


def _require(told: Mapping[str, object], given: Mapping[str, object], what: str, *fields: str) -> None:
    for field in fields:
        if told.get(field) in (None, ""):
            raise InvalidField(field, given.get(field), f"a {what} needs its {field}")


def _no_extras(extras: Mapping[str, object], what: str) -> None:
    if extras:
        name, value = next(iter(extras.items()))
        raise InvalidField(name, value, f"{what} has no such field", hint="docs/intake.md lists the fields.")


def as_json(native: object) -> str:
    """Return any decoded JSON value as JSON text again, whatever characters it holds."""
    try:
        return msgspec.json.encode(native).decode()
    except (UnicodeEncodeError, ValueError, TypeError):
        return json.dumps(native, default=str)


def _told(
    given: Mapping[str, object], table: Mapping[str, Rule], received_at: int
) -> tuple[dict[str, Any], dict[str, object]]:
    told: dict[str, Any] = {}
    extras: dict[str, object] = {}
    plain = rules.PLAIN
    for name, value in given.items():
        if value is None:
            continue
        rule = table.get(name)
        if rule is None:
            extras[name] = value
            continue
        # The usual case first: a printable text that fits, which therefore holds neither NUL nor half a character.
        longest = plain.get(name)
        if longest and type(value) is str and len(value) <= longest and value.isprintable():
            told[name] = value.strip()
        elif (clean := rule(name, value, received_at)) is not None:
            told[name] = clean
    return told, extras


def _name_type(told: dict[str, Any], given: Mapping[str, object]) -> None:
    named = cast("str", told["type"])
    ours = TYPES.get(named) or TYPES.get(named.strip().lower().replace("-", "_"), EventType.UNKNOWN)
    if named != ours and not told.get("native_type"):
        told["native_type"] = named
    if ours is EventType.UNKNOWN and not told.get("raw"):
        told["raw"] = rules.text("raw", as_json(given), strict=False)
    told["type"] = ours


def _keep_extras(told: dict[str, Any], extras: Mapping[str, object], *, tolerant: bool) -> None:
    """Keep fields we do not know as metadata; an unknown type has them in `raw` already."""
    metadata = dict(cast("dict[str, str]", told.get("metadata", {})))
    for name, value in extras.items():
        try:
            metadata |= as_metadata("metadata", {name: value}, strict=True)
        except InvalidField as error:
            if tolerant:
                continue
            raise InvalidField(
                name if name.isprintable() and len(name) < 100 else "metadata",
                value,
                "this field is not known, and only texts, numbers and booleans can be kept as metadata",
            ) from error
    if len(metadata) > MOST_METADATA:
        if tolerant:
            return
        raise InvalidField("metadata", len(metadata), f"at most {MOST_METADATA} entries, unknown fields included")
    told["metadata"] = metadata


def _check_money(told: Mapping[str, Any], *fields: str) -> None:
    for field in fields:
        if told.get(field) is not None and not told.get("currency"):
            raise InvalidField(
                "currency",
                None,
                f"{field} needs its currency",
                hint=f"An ISO 4217 code such as EUR; {len(CURRENCIES)} are known.",
            )


Judge = Callable[[Mapping[str, object], int], Event | Campaign | Spend | Gauge | Placement]
