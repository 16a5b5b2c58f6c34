"""Small tools that every provider's module reads payloads with.

Owns safe access into loosely typed JSON, the lookup of campaign, variant, segment and template, and identities made of
an event's own fields. Nothing here knows a provider.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from email.utils import parseaddr
from hashlib import blake2b
from typing import Final, cast

from sendlens.errors import BadRequest, InvalidField, Rejection
from sendlens.model.events import Event
from sendlens.sources import decode
from sendlens.sources.esp.provider import Options, Paths, Provider
from sendlens.sources.judge import judge_native
from sendlens.sources.received import Mapped, Received

Json = Mapping[str, object]

VARIANT_FROM: Final[Paths] = ("metadata.variant", "metadata.ab_variant")
SEGMENT_FROM: Final[Paths] = ("metadata.segment", "metadata.list_id", "metadata.list")
TEMPLATE_FROM: Final[Paths] = ("metadata.template_id", "metadata.template")


def child(value: object, *names: str) -> Json:
    """Return the object at the end of the names, or an empty one."""
    for name in names:
        value = cast("Json", value).get(name) if isinstance(value, dict) else None
    return cast("Json", value) if isinstance(value, dict) else {}


def items(value: object) -> list[object]:
    """Return a list as it is, nothing as an empty list, and anything else as a list of one."""
    if isinstance(value, list):
        return cast("list[object]", value)
    return [] if value is None or value == "" else [value]


def word(value: object) -> str:
    """Return a text, or the first text of a list; empty for anything else."""
    if type(value) is str:
        return value.strip()
    if isinstance(value, list):
        value = next(iter(cast("list[object]", value)), None)
    if isinstance(value, bool) or value is None or isinstance(value, dict):
        return ""
    return str(value).strip()


def address_domain(value: object) -> str:
    """Return the domain of an address such as `Ada <ada@example.com>`; empty if there is none."""
    return parseaddr(word(value))[1].rpartition("@")[2].lower()


def address(value: object) -> str:
    """Return the bare address of `Ada <ada@example.com>`; what holds no address stays as it is.

    >>> address("Ada <ada@example.com>")
    'ada@example.com'
    """
    told = word(value)
    return parseaddr(told)[1] or told if "<" in told else told


def message_id(value: object) -> str:
    """Return a Message-ID without its angle brackets."""
    return word(value).removeprefix("<").removesuffix(">")


def named(value: object) -> dict[str, object]:
    """Return headers or tags by name in lower case, given as an object or as a list of `{"name", "value"}`."""
    if isinstance(value, dict):
        return {name.lower(): told for name, told in cast("Json", value).items()}
    pairs = (child(entry) for entry in items(value))
    return {word(pair.get("name")).lower(): pair.get("value") for pair in pairs if word(pair.get("name"))}


def find(facts: Json, paths: Iterable[str]) -> str:
    """Return the first value that a path leads to.

    A path is names and list positions joined by dots; a name that holds dots itself is found too.

    >>> find({"tags": ["spring"], "x": {"a.b": 7}}, ["x.none", "x.a.b", "tags.0"])
    '7'
    """
    for path in paths:
        if told := word(_at(facts, path)):
            return told
    return ""


def _at(value: object, path: str) -> object:
    if isinstance(value, list):
        head, _, rest = path.partition(".")
        position = int(head) if head.isdecimal() and len(head) < 5 else -1
        entries = cast("list[object]", value)
        if not 0 <= position < len(entries):
            return None
        return _at(entries[position], rest) if rest else entries[position]
    if not isinstance(value, dict) or not value:
        return None
    entry = cast("Json", value)
    if path in entry:
        return entry[path]
    head, dot, rest = path.partition(".")
    while dot:
        if head in entry and (found := _at(entry[head], rest)) is not None:
            return found
        more, dot, rest = rest.partition(".")
        head = f"{head}.{more}"
    return None


def belonging(facts: Json, options: Options, campaign_from: Paths) -> dict[str, object]:
    """Return the fields that say where a message belongs, found by the source's paths or the provider's own."""
    return {
        "campaign_id": find(facts, options.campaign_from or campaign_from),
        "variant": find(facts, options.variant_from or VARIANT_FROM),
        "segment": find(facts, options.segment_from or SEGMENT_FROM),
        "template_id": find(facts, options.template_from or TEMPLATE_FROM),
    }


def made_id(*fields: object) -> str:
    """Return an identity made of an event's own fields, for providers that give none."""
    text = "\x1f".join(f"{len(told)}:{told}" for told in map(word, fields))
    return blake2b(text.encode("utf-8", "replace"), digest_size=16).hexdigest()


Reader = Callable[[Json, Options, Received], Iterable[dict[str, object]]]
"""Turns one native event into the fields of one or more of ours."""


def one_or_many(body: bytes, title: str) -> list[object]:
    """Return the events of a body that holds one JSON object, or an array of them. Raises `BadRequest` otherwise."""
    told = decode.document(body)
    if isinstance(told, list):
        return cast("list[object]", told)
    if isinstance(told, dict):
        return [cast("object", told)]
    raise BadRequest(f"a {title} payload is a JSON object, or an array of them")


def judged(natives: Iterable[object], read: Reader, options: Options, received: Received) -> Mapped:
    """Return the events of a payload, each judged alone. Raises `BadRequest` if none of them is an object at all."""
    events: list[Event] = []
    rejected: list[Rejection] = []
    told = list(natives)
    if told and not any(isinstance(native, dict) for native in told):
        raise BadRequest("an event is a JSON object")
    for index, native in enumerate(told):
        if not isinstance(native, dict):
            rejected.append(Rejection(index=index, field="", error="an event is a JSON object"))
            continue
        entry = cast("Json", native)
        for fields in read(entry, options, received):
            try:
                events.append(judge_native(fields, received.received_at, native=entry, keep_raw=options.keep_raw))
            except InvalidField as error:
                rejected.append(Rejection.of(index, error))
    return Mapped(records=events, rejected=rejected)


def max_age_ms(provider: Provider, options: Options) -> int:
    """Return how old a signed request may be, in milliseconds."""
    return (options.max_age_minutes or provider.max_age_minutes) * 60_000
