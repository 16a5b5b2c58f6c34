"""The quick way for events that need no mending: one typed decode instead of a rule for every field.

Owns when that is allowed: a line of ASCII without escapes or padded texts, whose fields are all known, of the expected
kind and within their limits. For everything else `event` returns None, and `judge` has the word; where both would
answer, they answer the same, which a test compares. `judge` stays the one place that says what is wrong.
"""

from __future__ import annotations

from typing import Annotated, Any, Final, cast

import msgspec

from sendlens.errors import InvalidField
from sendlens.model.events import LONGEST, LONGEST_OTHER, MESSAGE_EVENTS, Event, EventType
from sendlens.sources import rules
from sendlens.sources.times import EARLIEST, LATEST_AHEAD

_RULES: Final = rules.for_struct(Event, strict=True)
_CHECKED: Final = ("ip", "sending_ip", "country", "bounce_class", "currency", "tags", "metadata")
"""Fields whose rule is asked when they are told: the quick way is for values that the rule leaves as they are."""


def _kind(field: msgspec.structs.FieldInfo) -> Any:
    """Return the type of a field as the quick way takes it."""
    name = field.encode_name
    if name in rules.TIMES:
        return Annotated[int, msgspec.Meta(ge=EARLIEST)]
    if name in rules.WHOLE:
        least, most = rules.WHOLE[name]
        return Annotated[int, msgspec.Meta(ge=least, le=most)]
    if name in rules.MONEY:
        return None  # an amount has more forms than a type can tell
    if field.type is str:
        return Annotated[str, msgspec.Meta(max_length=LONGEST.get(name, LONGEST_OTHER))]
    return field.type


def _same(told: Event, other: object) -> bool:
    """Tell whether two events say the same: one that came the quick way is an event like any other."""
    fields = Event.__struct_fields__
    return isinstance(other, Event) and all(getattr(told, name) == getattr(other, name) for name in fields)


_FIELDS: Final = msgspec.structs.fields(Event)
_PLAIN: Final = msgspec.defstruct(
    "PlainEvent",
    [
        (field.name, _kind(field))
        if field.required
        else (
            field.name,
            _kind(field),
            field.default
            if field.default is not msgspec.NODEFAULT
            else msgspec.field(default_factory=field.default_factory),
        )
        for field in _FIELDS
    ],
    bases=(Event,),
    namespace={"__eq__": _same, "__hash__": None},
    kw_only=True,
    omit_defaults=True,
    frozen=True,
    gc=False,
    forbid_unknown_fields=True,
)
_DECODER: Final = msgspec.json.Decoder(_PLAIN)


def event(line: bytes, received_at: int) -> Event | None:
    """Return the event that a line of JSON tells, or None if the judge has to look at it."""
    # Without escapes a quote is a text's beginning or end, so a blank beside one may belong to the text.
    if not line.isascii() or b"\\" in line or b' "' in line or b'" ' in line:
        return None
    try:
        told = cast("Event", _DECODER.decode(line))
    except msgspec.MsgspecError:
        return None
    latest = received_at + LATEST_AHEAD
    if (
        told.type is EventType.UNKNOWN
        or not (told.id or told.occurred_at)
        or (not told.recipient and told.type in MESSAGE_EVENTS)
        or told.occurred_at > latest
        or told.sent_at > latest
        or told.message_sent_at > latest
    ):
        return None
    for name in _CHECKED:
        value = getattr(told, name)
        if value:
            try:
                if _RULES[name](name, list(value) if name == "tags" else value, received_at) != value:
                    return None
            except InvalidField:
                return None
    return told
