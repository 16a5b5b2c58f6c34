"""Sendlens' own API bodies: records as JSON, as lines of JSON, or as a table (CSV) with the fields in its first line.

Owns the forms a body may have. Leaves to `judge` what a record must look like. Each record is judged alone: a bad one
becomes a rejection with its index, its neighbours land.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final, TypeVar, cast

from sendlens.errors import BadRequest, InvalidField, Rejection, TooLarge, UnsupportedMediaType
from sendlens.model.events import Campaign, Event, EventType, Gauge, Placement, Spend
from sendlens.sources import decode, plain
from sendlens.sources.judge import judge_campaign, judge_event, judge_gauge, judge_placement, judge_spend
from sendlens.sources.received import Mapped
from sendlens.sources.times import milliseconds

_T = TypeVar("_T")

LINES: Final = frozenset(
    {
        "application/x-ndjson",
        "application/ndjson",
        "application/jsonl",
        "application/x-jsonlines",
        "application/json-lines",
    }
)
"""Content types of a body with one JSON value per line."""
CSV: Final = "text/csv"
SNIFFED: Final = frozenset({"", "text/plain", "application/octet-stream", "application/x-www-form-urlencoded"})
"""Content types that say nothing: what clients send when nobody set one. The body tells."""


def parse_events(
    body: bytes, content_type: str, received_at: int, *, idempotency_key: str = "", most: int = 100_000
) -> Mapped:
    """Return the events of a native post.

    With an idempotency key, an event without an id gets `key:index`. Raises `BadRequest` for a body that cannot be
    read, `UnsupportedMediaType` for one that is no JSON, `TooLarge` for more than `most` records.
    """

    def judge(index: int, given: Mapping[str, object]) -> Event:
        return judge_event(given, received_at, fallback_id=f"{idempotency_key}:{index}" if idempotency_key else "")

    if _is_lines(body, content_type):
        told = decode.split(body)
        _check_count(len(told), most)
        return _judged([plain.event(line, received_at) or decode.line(line) for line in told], judge, 0)
    values, sent_at = _values(body, content_type, "events", received_at, most)
    return _judged(values, judge, sent_at)


def parse_conversions(
    body: bytes, content_type: str, received_at: int, *, idempotency_key: str = "", most: int = 100_000
) -> Mapped:
    """Return the conversions of a native post as `converted` events.

    A `type` other than `converted` is taken as the `conversion_type`, if that is not given.
    """
    values, sent_at = _values(body, content_type, "conversions", received_at, most)

    def judge(index: int, given: Mapping[str, object]) -> Event:
        fields = dict(given)
        kind = fields.pop("type", None)
        if isinstance(kind, str) and kind not in (EventType.CONVERTED, "conversion"):
            fields.setdefault("conversion_type", kind)
        fields["type"] = EventType.CONVERTED.value
        return judge_event(fields, received_at, fallback_id=f"{idempotency_key}:{index}" if idempotency_key else "")

    return _judged(values, judge, sent_at)


def parse_campaigns(body: bytes, content_type: str, received_at: int, *, most: int = 100_000) -> Mapped:
    """Return the campaigns of a native post."""
    values, sent_at = _values(body, content_type, "campaigns", received_at, most)

    def judge(_index: int, given: Mapping[str, object]) -> Campaign:
        return judge_campaign(given, received_at)

    return _judged(values, judge, sent_at)


def parse_spend(body: bytes, content_type: str, received_at: int, *, most: int = 100_000) -> Mapped:
    """Return the hourly spend of a native post."""
    values, sent_at = _values(body, content_type, "spend", received_at, most)

    def judge(_index: int, given: Mapping[str, object]) -> Spend:
        return judge_spend(given, received_at)

    return _judged(values, judge, sent_at)


def parse_gauges(body: bytes, content_type: str, received_at: int, *, most: int = 100_000) -> Mapped:
    """Return the samples of a native post."""
    values, sent_at = _values(body, content_type, "gauges", received_at, most)

    def judge(_index: int, given: Mapping[str, object]) -> Gauge:
        return judge_gauge(given, received_at)

    return _judged(values, judge, sent_at)


def parse_placements(body: bytes, content_type: str, received_at: int, *, most: int = 100_000) -> Mapped:
    """Return the results of seed mailboxes of a native post."""
    values, sent_at = _values(body, content_type, "placements", received_at, most)

    def judge(_index: int, given: Mapping[str, object]) -> Placement:
        return judge_placement(given, received_at)

    return _judged(values, judge, sent_at)


def _judged(values: list[object], judge: Callable[[int, Mapping[str, object]], _T], sent_at: int) -> Mapped:
    records: list[_T] = []
    rejected: list[Rejection] = []
    for index, value in enumerate(values):
        if isinstance(value, Event):
            records.append(cast("_T", value))
        elif isinstance(value, dict):
            try:
                records.append(judge(index, cast("dict[str, object]", value)))
            except InvalidField as error:
                rejected.append(Rejection.of(index, error))
            except (ArithmeticError, ValueError) as error:
                # The net under the rules: a value nobody thought of costs its own record only.
                said, reason = str(error)[:300], "a value cannot be read"
                rejected.append(Rejection(index=index, field="", error=f"{reason}: {said}", reason=reason, value=said))
        else:
            reason = value.error if isinstance(value, decode.Unreadable) else "a record is a JSON object"
            rejected.append(Rejection(index=index, field="", error=reason))
    return Mapped(records=cast("list[Event]", records), rejected=rejected, sent_at=sent_at)


def _values(body: bytes, content_type: str, wrapper: str, received_at: int, most: int) -> tuple[list[object], int]:
    """Return the records of a body in any of its forms, and the time the sender says it was sent."""
    media_type = _media_type(content_type)
    sent_at = 0
    if _is_lines(body, content_type):
        values = decode.lines(body)
    elif media_type == CSV:
        values = decode.csv_rows(body, most + 1)
    elif media_type in SNIFFED or media_type == "application/json" or media_type.endswith("+json"):
        told = decode.document(body)
        if isinstance(told, dict) and isinstance(inner := cast("dict[str, object]", told).get(wrapper), list):
            values = cast("list[object]", inner)
            if (said := cast("dict[str, object]", told).get("sent_at")) is not None:
                sent_at = milliseconds("sent_at", said, received_at)
        elif isinstance(told, list):
            values = cast("list[object]", told)
        elif isinstance(told, dict):
            values = [cast("object", told)]
        else:
            raise BadRequest(
                "the body is neither a JSON object nor an array",
                hint=f'Post one object, an array, or {{"{wrapper}": [...]}}.',
            )
    else:
        raise UnsupportedMediaType(
            f"the content type is {media_type!r}", hint="Send application/json, application/x-ndjson or text/csv."
        )
    _check_count(len(values), most)
    return values, sent_at


def _check_count(count: int, most: int) -> None:
    if count > most:
        raise TooLarge(
            f"{count} records in one request; at most {most} are accepted",
            hint="Split the request, or raise SENDLENS_MAX_EVENTS.",
        )


def _media_type(content_type: str) -> str:
    return content_type.partition(";")[0].strip().lower()


def _is_lines(body: bytes, content_type: str) -> bool:
    media_type = _media_type(content_type)
    return media_type in LINES or (media_type in SNIFFED and _looks_like_lines(body))


def _looks_like_lines(body: bytes) -> bool:
    """Tell whether the first line alone is a JSON object and another line follows."""
    first, _, rest = body.lstrip().partition(b"\n")
    return first.startswith(b"{") and first.rstrip().endswith(b"}") and bool(rest.strip())
