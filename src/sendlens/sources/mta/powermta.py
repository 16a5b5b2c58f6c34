"""PowerMTA's accounting files: CSV with a header line, a record per recipient.

Owns the record types and columns. The columns are configured per file, so that the header must come with every body;
nothing is guessed from positions.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from typing import Final

from sendlens.errors import BadRequest
from sendlens.model.events import EventType
from sendlens.sources.esp import bouncecodes, proof, reading, smtp
from sendlens.sources.esp.provider import Evidence, Options, Provider
from sendlens.sources.esp.reading import Json, made_id, word
from sendlens.sources.mta import localtime
from sendlens.sources.received import Mapped, Received

TYPES: Final[dict[str, EventType]] = {
    "r": EventType.INJECTED,
    "d": EventType.DELIVERED,
    "t": EventType.DEFERRED,
    "b": EventType.BOUNCED,
    "rb": EventType.BOUNCED,
    "f": EventType.COMPLAINED,
}
"""Record type to ours. `tq` (a whole queue was deferred) and `rs` (a remote status) stay unknown."""

IDENTITY: Final = ("type", "timeLogged", "timeQueued", "orig", "rcpt", "jobId", "envId", "vmta", "dsnStatus", "dsnDiag")
"""Columns that say which record it is; records have no id, and a file may be read again with further columns."""

CAMPAIGN_FROM: Final = ("headers.x-campaign-id", "headers.x-campaign", "jobId")

_HEADER: Final = "header_"


def _verify(received: Received, secrets: Sequence[str], options: Options, evidence: Evidence) -> None:
    del options, evidence
    proof.authorization(received, secrets, PROVIDER.title)


def _parse(received: Received, options: Options) -> Mapped:
    return reading.judged(_rows(received.body), _read, options, received)


def _rows(body: bytes) -> list[object]:
    text = body.decode("utf-8-sig", "replace").replace("\0", "\ufffd")
    reader = csv.reader(io.StringIO(text, newline=""))
    rows: list[object] = []
    names: list[str] = []
    try:
        for row in reader:
            if not any(row):
                continue
            if row[0].strip() == "type" and "timeLogged" in row:
                # Joined files have a header each.
                names = [name.strip() for name in row]
            elif not names:
                break
            else:
                rows.append({name: cell.strip() for name, cell in zip(names, row, strict=False) if name and cell})
    except csv.Error as error:
        raise BadRequest(f"the accounting file cannot be read: {error} (line {reader.line_num})") from None
    if not names:
        raise BadRequest(
            "the body does not begin with the header line of an accounting file (type,timeLogged,...)",
            hint="Send the file's first line with every piece of it.",
        )
    return rows


def _read(native: Json, options: Options, received: Received) -> Iterator[dict[str, object]]:
    del received
    kind = word(native.get("type"))
    ours = TYPES.get(kind, EventType.UNKNOWN)
    # Columns of headers keep the case of the configuration, in which people differ.
    headers: dict[str, object] = {
        name[len(_HEADER) :].lower(): value for name, value in native.items() if name.lower().startswith(_HEADER)
    }
    belonging = reading.belonging({**native, "headers": headers, "metadata": {}, "tags": []}, options, CAMPAIGN_FROM)
    status, category = word(native.get("dsnStatus")), word(native.get("bounceCat"))
    reply = smtp.reply(word(native.get("dsnDiag")), status)
    envelope, recipient = word(native.get("orig")), word(native.get("rcpt"))
    sender = reading.address(headers.get("from"))
    queued_at = _time(native.get("timeQueued"), options)
    message_id = reading.message_id(headers.get("message-id")) or word(native.get("envId"))
    yield {
        **belonging,
        **reply,
        "type": ours,
        "native_type": kind,
        "id": made_id(*(native.get(name) for name in IDENTITY)),
        "occurred_at": _time(native.get("timeLogged"), options),
        # Without a Message-ID in the file: one message per envelope, recipient and time of queueing.
        "message_id": message_id or (made_id(envelope, native.get("jobId"), queued_at) if queued_at else ""),
        "message_sent_at": queued_at,
        "recipient": recipient,
        "sender": sender,
        "sending_domain": reading.address_domain(sender) or reading.address_domain(envelope),
        "subject": word(headers.get("subject")),
        "pool": word(native.get("vmtaPool")) or word(native.get("vmta")),
        "sending_ip": word(native.get("dlvSourceIp")),
        "mx": word(native.get("dsnMta")).partition(" ")[0] or word(native.get("dlvDestinationIp")),
        "enhanced_code": smtp.reply(status)["enhanced_code"] or reply["enhanced_code"],
        "bounce_class": bouncecodes.of_word(category) if ours is EventType.BOUNCED else "",
        "reason": category or word(native.get("feedbackType")),
        "metadata": _about(native),
    }


def _time(value: object, options: Options) -> str:
    told = word(value)
    return told if told.isdecimal() else localtime.with_zone(told, options)


def _about(native: Json) -> dict[str, object]:
    told = {name: native.get(name) for name in ("jobId", "vmta", "queue", "srcType", "dlvType", "totalSecondsQueued")}
    return {f"powermta.{name}": value for name, value in told.items() if value not in (None, "")}


PROVIDER: Final = Provider(
    name="powermta",
    title="PowerMTA",
    campaign_from=CAMPAIGN_FROM,
    max_age_minutes=0,
    secret_help="user:password or a token of your own choice, as the poster sends it",  # noqa: S106 (help)
    verify=_verify,
    challenge='Basic realm="sendlens"',
    parse=_parse,
)
