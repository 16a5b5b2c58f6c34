"""The rule of each field: what is accepted, what is cut, what is refused.

Owns the tables that say which kind of value a field of a record holds. Identifiers are refused when they are too long,
because two cut identifiers could become one; texts that people read are cut.
"""

from __future__ import annotations

import contextlib
import math
import re
import socket
from collections.abc import Callable, Mapping
from decimal import ROUND_HALF_EVEN, Decimal, InvalidOperation
from functools import partial
from typing import Final, cast

import msgspec

from sendlens.errors import InvalidField
from sendlens.model.events import (
    LONGEST,
    LONGEST_OTHER,
    MOST_METADATA,
    BounceClass,
    Campaign,
    Event,
    EventType,
    Gauge,
    Placement,
    Spend,
    Where,
)
from sendlens.sources.currencies import CURRENCIES
from sendlens.sources.times import milliseconds

Rule = Callable[[str, object, int], object]
"""(field, value, received_at) -> the clean value, or None where nothing was told; raises `InvalidField`."""

CUT: Final = frozenset({"link_url", "raw", "reason", "sender", "smtp_reply", "subject", "user_agent", "name"})
"""Texts that are cut to their longest length instead of being refused."""

# What events are joined on; even a provider's event is refused when one of these does not fit.
_KEYS: Final = frozenset({"id", "message_id", "campaign_id", "recipient"})

WHOLE: Final[dict[str, tuple[int, int]]] = {
    "link_position": (-1, 32_767),
    "smtp_code": (0, 999),
    "attempt": (0, 65_535),
    "quantity": (0, 2_147_483_647),
    "total_sent": (0, 2**53),
    "impressions": (0, 2**53),
    "clicks": (0, 2**53),
}
"""Least and most of each whole number."""

TIMES: Final = frozenset({"occurred_at", "sent_at", "message_sent_at", "started_at", "changed_at", "hour", "at"})
MONEY: Final = frozenset({"value", "cost", "budget"})
FLAGS: Final = frozenset({"untracked", "machine"})

_CENT_OF_CENT: Final = Decimal("0.0001")
_MOST_MONEY: Final = Decimal(10) ** 13
_DIGITS: Final = re.compile(r"-?[0-9]{1,18}")
_LONE: Final = "the text holds half a surrogate pair or bytes that are not UTF-8"


def for_struct(struct: type[Event | Campaign | Spend | Gauge | Placement], *, strict: bool) -> dict[str, Rule]:
    """Return the rule of every field of a record type."""
    return {field.encode_name: _rule(field.encode_name, strict) for field in msgspec.structs.fields(struct)}


def _rule(name: str, strict: bool) -> Rule:
    rule: Rule
    if name in TIMES:
        rule = _time
    elif name in WHOLE:
        rule = _whole
    elif name in MONEY:
        rule = _money
    elif name in FLAGS:
        rule = _flag
    elif name in _SPECIAL:
        rule = _SPECIAL[name]
    elif name in ("tags", "metadata", "labels"):
        return partial(_tags if name == "tags" else _metadata, strict=strict)
    else:
        cut = name in CUT or (not strict and name not in _KEYS)
        return partial(_cut_text if cut else _identifier, longest=LONGEST.get(name, LONGEST_OTHER), strict=strict)
    return rule if strict or name in ("type", "occurred_at") else partial(_forgiving, rule)


def _forgiving(rule: Rule, field: str, value: object, received_at: int) -> object:
    try:
        return rule(field, value, received_at) if value != "" else None
    except InvalidField:
        return None


def text(field: str, value: str, *, strict: bool) -> str:
    """Return a text as it is stored: cut where it may be, refused where it may not."""
    longest = LONGEST.get(field, LONGEST_OTHER)
    rule = _cut_text if field in CUT else _identifier
    return rule(field, value, 0, longest=longest, strict=strict)


def _as_text(field: str, value: object) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value) if abs(value) < _MOST_MONEY**3 else f"{value:.6g}"
    if isinstance(value, Decimal) and value.is_finite():
        return str(value) if abs(value.adjusted()) < 40 else f"{value.normalize():E}"[:64]
    raise InvalidField(field, value, "a text is expected")


def _identifier(field: str, value: object, _received_at: int, *, longest: int, strict: bool) -> str:
    told = (value if type(value) is str else _as_text(field, value)).strip()
    if len(told) > longest:
        raise InvalidField(field, told, f"at most {longest} characters")
    if "\0" in told:
        if strict:
            raise InvalidField(field, told, "the text holds a NUL character")
        told = told.replace("\0", "\ufffd")
    if not told.isascii() and _is_broken(told):
        if strict:
            raise InvalidField(field, ascii(told), _LONE)
        told = _mended(told)
    return told


def _cut_text(_field: str, value: object, _received_at: int, *, longest: int, strict: bool) -> str:
    del strict
    told = value if type(value) is str else _as_text(_field, value)
    if len(told) > longest:
        told = told[:longest]
    if not told.isascii() and _is_broken(told):
        told = _mended(told)
    return told.replace("\0", "\ufffd") if "\0" in told else told


def _is_broken(told: str) -> bool:
    try:
        told.encode()
    except UnicodeEncodeError:
        return True
    return False


def _mended(told: str) -> str:
    return told.encode("utf-8", "replace").decode()


def _time(field: str, value: object, received_at: int) -> int:
    return milliseconds(field, value, received_at)


def _whole(field: str, value: object, _received_at: int) -> int:
    least, most = WHOLE[field]
    number: object = value
    quoted = isinstance(value, str) and _DIGITS.fullmatch(value.strip()) is not None
    if quoted or (isinstance(value, Decimal | float) and -1e18 < value < 1e18 and value == int(value)):
        number = int(cast("Decimal", value))
    if isinstance(number, bool) or not isinstance(number, int) or not least <= number <= most:
        raise InvalidField(field, value, f"a whole number from {least} to {most}")
    return number


def _money(field: str, value: object, _received_at: int) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal | str):
        raise InvalidField(field, value, "an amount is a number, such as 12.50")
    try:
        amount = value if isinstance(value, Decimal) else Decimal(str(value).strip()[:64])
    except InvalidOperation:
        raise InvalidField(field, value, "an amount is a number, such as 12.50") from None
    if not amount.is_finite() or amount < 0:
        raise InvalidField(field, value, "an amount is zero or more")
    if amount >= _MOST_MONEY:
        raise InvalidField(field, value, "an amount has at most 13 digits before the point")
    # TRICKY: always the same form. 0E+99999 is zero, and no column takes it.
    return amount.quantize(_CENT_OF_CENT, ROUND_HALF_EVEN) if amount else Decimal(0)


def _flag(field: str, value: object, _received_at: int) -> bool:
    if not isinstance(value, bool):
        raise InvalidField(field, value, "true or false")
    return value


def _type(field: str, value: object, _received_at: int) -> str:
    if isinstance(value, EventType):
        return value
    if not isinstance(value, str) or not value.strip():
        raise InvalidField(field, value, "an event's type is a word", hint="docs/events.md lists the types.")
    return text("native_type", value, strict=True)


def _currency(field: str, value: object, _received_at: int) -> str:
    code = value.strip().upper() if isinstance(value, str) else ""
    if code not in CURRENCIES:
        raise InvalidField(field, value, "an ISO 4217 currency code, such as EUR")
    return code


def _country(field: str, value: object, _received_at: int) -> str:
    code = value.strip().upper() if isinstance(value, str) else "?"
    if code and not (len(code) == 2 and code.isascii() and code.isalpha()):
        raise InvalidField(field, value, "an ISO 3166 code of two letters, such as DE")
    return code


def _ip(field: str, value: object, _received_at: int) -> str:
    told = value.strip() if isinstance(value, str) else "?"
    if not told:
        return told
    try:
        socket.inet_pton(socket.AF_INET6 if ":" in told else socket.AF_INET, told)
    except (OSError, ValueError):
        raise InvalidField(field, value, "an IPv4 or IPv6 address") from None
    return told


_BOUNCE_CLASSES: Final = frozenset(BounceClass)


def _bounce_class(field: str, value: object, _received_at: int) -> str:
    told = value.strip().lower() if isinstance(value, str) else "?"
    if told and told not in _BOUNCE_CLASSES:
        raise InvalidField(field, value, f"one of {', '.join(_BOUNCE_CLASSES)}")
    return told


_WHERE: Final = frozenset(Where)


def _placement(field: str, value: object, _received_at: int) -> str:
    told = value.strip().lower() if isinstance(value, str) else "?"
    if told not in _WHERE:
        raise InvalidField(field, value, f"one of {', '.join(Where)}")
    return told


def number(field: str, value: object, _received_at: int) -> float:
    """Return a finite number, given as one or as text."""
    told = float("nan")
    if isinstance(value, int | float | Decimal | str) and not isinstance(value, bool):
        with contextlib.suppress(ValueError, OverflowError):
            told = float(value)
    if not math.isfinite(told):
        raise InvalidField(field, value, "a finite number")
    return told


_SPECIAL: Final[dict[str, Rule]] = {
    "type": _type,
    "currency": _currency,
    "country": _country,
    "ip": _ip,
    "sending_ip": _ip,
    "bounce_class": _bounce_class,
    "placement": _placement,
}


PLAIN: Final[dict[str, int]] = {
    field.encode_name: LONGEST.get(field.encode_name, LONGEST_OTHER)
    for struct in (Event, Campaign, Spend, Gauge, Placement)
    for field in msgspec.structs.fields(struct)
    if field.type is str and field.encode_name not in _SPECIAL
}
"""The text fields without a form of their own, and how long they may be."""


def _tags(field: str, value: object, received_at: int, *, strict: bool) -> tuple[str, ...]:
    if not isinstance(value, str | list):
        raise InvalidField(field, value, f"a list of at most {MOST_METADATA} texts")
    told: list[object] = [value] if isinstance(value, str) else list(cast("list[object]", value))
    if strict and len(told) > MOST_METADATA:
        raise InvalidField(field, len(told), f"a list of at most {MOST_METADATA} texts")
    rule = _identifier if strict else _cut_text
    kept = told[:MOST_METADATA]
    cleaned = (rule(field, tag, received_at, longest=LONGEST_OTHER, strict=strict) for tag in kept if tag is not None)
    return tuple(tag for tag in cleaned if tag)


def _metadata(field: str, value: object, _received_at: int, *, strict: bool) -> dict[str, str]:
    if not isinstance(value, Mapping):
        raise InvalidField(field, value, "an object of texts")
    return as_metadata(field, cast("Mapping[str, object]", value), strict=strict)


def as_metadata(field: str, given: Mapping[str, object], *, strict: bool) -> dict[str, str]:
    """Return metadata as texts: numbers and booleans as JSON writes them, nulls left out.

    Strict, it raises `InvalidField` for too many entries, nested values and texts over the limit; otherwise it keeps
    what fits.
    """
    if strict and len(given) > MOST_METADATA:
        raise InvalidField(field, len(given), f"at most {MOST_METADATA} entries")
    told: dict[str, str] = {}
    rule = _identifier if strict else _cut_text
    for key, value in given.items():
        if value is None:
            continue
        if type(value) is str and len(key) + len(value) < LONGEST_OTHER and key.isprintable() and value.isprintable():
            told[key.strip()] = value.strip()
            continue
        if isinstance(value, bool):
            value = "true" if value else "false"  # noqa: PLW2901 (the rest of the loop needs the text)
        elif isinstance(value, list | dict):
            if strict:
                raise InvalidField(f"{field}.{key[:64]}", cast("object", value), "a text, a number or a boolean")
            continue
        elif isinstance(value, float):
            value = repr(value)  # noqa: PLW2901 (the rest of the loop needs the text)
        name = rule(field, key, 0, longest=LONGEST_OTHER, strict=strict)
        told[name] = rule(f"{field}.{name}"[:96], value, 0, longest=LONGEST_OTHER, strict=strict)
    return told if len(told) <= MOST_METADATA else dict(list(told.items())[:MOST_METADATA])
