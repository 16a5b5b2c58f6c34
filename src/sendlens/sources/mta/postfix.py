"""Postfix's log lines: what became of each recipient, joined over the lines of one queue id.

Owns the correlation. A delivery line names queue id and recipient only; message id, sender and logged headers stand on
earlier lines of the same body. Lines that speak of no delivery are passed over.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from sendlens.errors import BadRequest
from sendlens.model.events import BounceClass, EventType
from sendlens.sources.esp import proof, reading, smtp
from sendlens.sources.esp.provider import Evidence, Options, Provider
from sendlens.sources.esp.reading import Json, child, made_id, word
from sendlens.sources.mta import syslog
from sendlens.sources.received import Mapped, Received

TYPES: Final[dict[str, EventType]] = {
    "arrived": EventType.INJECTED,
    "filtered": EventType.INJECTED,
    "sent": EventType.DELIVERED,
    "deferred": EventType.DEFERRED,
    "SOFTBOUNCE": EventType.DEFERRED,
    "bounced": EventType.BOUNCED,
    "expired": EventType.BOUNCED,
}
"""`status` to our type. `arrived` and `filtered` are ours: a message entered the queue; a content filter took it."""

BOUNCES: Final[dict[str, str]] = {"bounced": "", "expired": BounceClass.SOFT}
"""Postfix gives no class; a message that expired was refused for now until it was too old."""

CAMPAIGN_FROM: Final = ("headers.x-campaign-id", "headers.x-campaign", "headers.feedback-id")

LOOPBACK: Final = frozenset({"127.0.0.1", "::1", "localhost"})

_QUEUE_ID: Final = re.compile(r"(?P<id>[0-9A-Za-z]{5,20}): (?P<text>.*)")
_NO_QUEUE_ID: Final = frozenset(
    ["NOQUEUE", "warning", "statistics", "connect", "disconnect", "error", "fatal", "panic"]
)
_MESSAGE_ID: Final = re.compile(r"message-id=<?(?P<id>[^>\s]*)>?")
_FROM: Final = re.compile(r"from=<(?P<sender>[^>]*)>(?:, .*?status=(?P<status>(?:force-)?expired))?")
_ARRIVAL: Final = re.compile(r"(?:client=|uid=|message-id=)")
_HEADER: Final = re.compile(r"(?:warning|info): header (?P<name>[!-9;-~]{1,80}): (?P<value>.*?) from \S+; from=<")
_DELIVERY: Final = re.compile(
    r"to=<(?P<to>[^>]*)>(?:, orig_to=<(?P<orig_to>[^>]*)>)?, relay=(?P<relay>[^,]*)(?:, conn_use=\d+)?"
    r"(?:, delay=(?P<delay>[\d.]+))?(?:, delays=[\d./]+)?(?:, dsn=(?P<dsn>[\d.]+))?"
    r", status=(?P<status>[\w-]+)(?: \((?P<said>.*)\))?"
)


@dataclass
class Queued:
    """What earlier lines told of a message in the queue."""

    message_id: str = ""
    sender: str | None = None
    arrived: int = 0
    headers: dict[str, str] = field(default_factory=dict[str, str])
    told: set[str] = field(default_factory=set[str])
    deferred: dict[str, str] = field(default_factory=dict[str, str])
    """Recipients still waiting, with the last reply."""


Queue = dict[tuple[str, str], Queued]
"""(host, queue id) to message; a queue id means something on its own host only."""


def _verify(received: Received, secrets: Sequence[str], options: Options, evidence: Evidence) -> None:
    del options, evidence
    proof.authorization(received, secrets, PROVIDER.title)


def _parse(received: Received, options: Options) -> Mapped:
    lines = received.body.decode("utf-8", "replace").split("\n")
    mapped = parse_lines(lines, options, received.received_at, {})
    if (
        not mapped.records
        and not mapped.rejected
        and not any(_line(text, options, received.received_at) for text in lines)
    ):
        raise BadRequest(
            "the body holds no line of Postfix",
            hint="Post syslog lines as they are in the log: time, host, postfix/...: and the text.",
        )
    return mapped


def parse_lines(lines: Iterable[str], options: Options, received_at: int, queue: Queue) -> Mapped:
    """Return the events of one piece of a log; `queue` keeps what the next piece will need, so pass the same again."""
    return reading.judged(
        read(lines, options, received_at, queue), _read, options, Received(body=b"", received_at=received_at)
    )


def read(lines: Iterable[str], options: Options, received_at: int, queue: Queue) -> Iterator[dict[str, object]]:
    """Yield what happened to recipients, in the order of the lines; `queue` is read and changed."""
    for text in lines:
        line = _line(text, options, received_at)
        found = _QUEUE_ID.fullmatch(line.text) if line else None
        if line and found and found["id"] not in _NO_QUEUE_ID:
            yield from _follow(line, found["id"], found["text"], queue)


def _line(text: str, options: Options, received_at: int) -> syslog.Line | None:
    line = syslog.read(text, options, received_at) if "postfix" in text else None
    return line if line and line.program.startswith("postfix") else None


def _follow(line: syslog.Line, queue_id: str, text: str, queue: Queue) -> Iterator[dict[str, object]]:
    key = (line.host, queue_id)
    if text == "removed":
        queue.pop(key, None)
        return
    message = queue.setdefault(key, Queued())
    if _ARRIVAL.match(text) and not message.arrived:
        message.arrived = line.at
    if found := _MESSAGE_ID.match(text):
        message.message_id = found["id"]
    elif found := _HEADER.match(text):
        message.headers[found["name"].lower()] = found["value"]
    elif found := _FROM.match(text):
        message.sender = found["sender"]
        if found["status"]:
            yield from _expired(line, queue_id, message)
    elif (found := _DELIVERY.fullmatch(text)) and message.sender != "":
        yield from _delivered(line, queue_id, message, found)
    # What has an empty sender is the mail server's own: reports of failed deliveries.


def _expired(line: syslog.Line, queue_id: str, message: Queued) -> Iterator[dict[str, object]]:
    for recipient, said in message.deferred.items():
        yield _native(line, queue_id, message, recipient, "expired", said=said)
    message.deferred.clear()


def _delivered(line: syslog.Line, queue_id: str, message: Queued, found: re.Match[str]) -> Iterator[dict[str, object]]:
    # The address as it was given, before aliases; aliases of the host itself have no domain.
    original = found["orig_to"] or ""
    recipient = original if "@" in original else found["to"]
    status, said, relay = found["status"], found["said"] or "", found["relay"]
    if status == "sent" and relay.partition("[")[0] in LOOPBACK and "queued as" in said:
        # Handed to a content filter, which gives it back under another queue id: no delivery yet.
        status = "filtered"
    if message.arrived and recipient not in message.told:
        yield _native(line, queue_id, message, recipient, "arrived", at=message.arrived)
    message.told.add(recipient)
    if TYPES.get(status) is EventType.DEFERRED:
        message.deferred[recipient] = said
    else:
        message.deferred.pop(recipient, None)
    yield _native(
        line, queue_id, message, recipient, status, said=said, relay=relay, dsn=found["dsn"], delay=found["delay"]
    )


def _native(
    line: syslog.Line, queue_id: str, message: Queued, recipient: str, status: str, *, at: int = 0, **more: str | None
) -> dict[str, object]:
    return {
        "status": status,
        "at": at or line.at,
        "host": line.host,
        "program": line.program,
        "queue_id": queue_id,
        "recipient": recipient,
        "message_id": message.message_id,
        "from": message.sender or "",
        "headers": dict(message.headers),
        **{name: value for name, value in more.items() if value},
    }


def _read(native: Json, options: Options, received: Received) -> Iterator[dict[str, object]]:
    del received
    status, host, queue_id = (word(native.get(key)) for key in ("status", "host", "queue_id"))
    recipient, headers = word(native.get("recipient")), child(native, "headers")
    relay = word(native.get("relay"))
    reply = smtp.reply(word(native.get("said")))
    delay = word(native.get("delay"))
    yield {
        **reading.belonging({"headers": headers, "metadata": {}, "tags": []}, options, CAMPAIGN_FROM),
        **reply,
        "type": TYPES.get(status, EventType.UNKNOWN),
        "native_type": status,
        # A log is posted again after a failure, or imported twice: the line itself says which event it is.
        "id": made_id(host, queue_id, recipient, status, native.get("at")),
        "occurred_at": native.get("at"),
        "message_id": word(native.get("message_id")) or f"{host}/{queue_id}",
        "recipient": recipient,
        "sender": reading.address(headers.get("from")),
        "sending_domain": reading.address_domain(headers.get("from")) or reading.address_domain(native.get("from")),
        "subject": word(headers.get("subject")),
        "mx": "" if relay == "none" else relay.partition("[")[0],
        "enhanced_code": word(native.get("dsn")) or reply["enhanced_code"],
        "bounce_class": BOUNCES.get(status, ""),
        "metadata": {"postfix.queue_id": queue_id, **({"postfix.delay": delay} if delay else {})},
    }


PROVIDER: Final = Provider(
    name="postfix",
    title="Postfix",
    campaign_from=CAMPAIGN_FROM,
    max_age_minutes=0,
    secret_help="user:password or a token of your own choice, as the log shipper sends it",  # noqa: S106 (help)
    verify=_verify,
    challenge='Basic realm="sendlens"',
    parse=_parse,
)
