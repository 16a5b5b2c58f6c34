"""The message that a report returns: who it was for and which campaign it belonged to.

Owns the table of headers that say so, and finding the returned message in its attachment or behind the notice. What
stands there was written by whoever sent the report, and is believed as far as the report is.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from sendlens.sources.esp import identities
from sendlens.sources.mail import addresses, charsets, limits
from sendlens.sources.mail.mime import Headers, Mail, moment, split

TYPES: Final = (
    "message/rfc822",
    "text/rfc822-headers",
    "text/rfc822-header",
    "message/rfc822-headers",
    "message/global",
    "message/global-headers",
    "message/partial",
)

FIELDS: Final[dict[str, tuple[str, ...]]] = {
    "message_id": ("x-sendlens-message-id", "message-id"),
    "campaign_id": ("x-sendlens-campaign", "x-campaign-id", "x-campaign", "x-campaignid", "x-mailer-campaign"),
    "variant": ("x-sendlens-variant",),
    "segment": ("x-sendlens-segment", "list-id"),
    "template_id": ("x-sendlens-template",),
    "recipient": ("x-sendlens-recipient",),
    "stream": ("x-sendlens-stream",),
    "subject": ("subject",),
}
"""Field of an event to the headers that tell it; the first that is there wins."""

_FEEDBACK_ID: Final = re.compile(r"\s*([^:\s]{1,200}):[^:]*:[^:]*:[^:]*")
_WRITTEN_TO: Final = ("to", "cc", "x-original-to", "delivered-to", "envelope-to", "apparently-to")
_BLANKED: Final = re.compile(r"redact|undisclosed|hidden|removed|withheld|xxxx|\*\*", re.IGNORECASE)
_FOR: Final = re.compile(r"\bfor\s+(<?[^\s<>;]{3,300}@[^\s<>;]{3,255}>?)")
_TOKEN: Final = re.compile(r"<([^<>]{1,500})>")


def headers(mail: Mail, behind: str = "") -> Headers:
    """Return the headers of the returned message, from its part or from the text behind the notice; else none."""
    for part in mail.of_type(*TYPES):
        data = part.content(limits.LONGEST_HEAD).lstrip(b"\n ")
        found, _ = split(data.replace(b"\r\n", b"\n") + b"\n\n")
        if "from" in found or "message-id" in found or "subject" in found:
            return found
    lines = behind.split("\n")[:2000]
    for number, line in enumerate(lines):
        if re.match(
            r">?\s{0,8}(?:received|return-path|from|date|message-id|mime-version|x-[\w-]+|to|subject):",
            line,
            re.IGNORECASE,
        ):
            block = "\n".join(re.sub(r"^(?:> ?| {2,8}(?=[\w-]+:))", "", each) for each in lines[number:])
            found, _ = split(block.encode("utf-8", "replace")[: limits.LONGEST_HEAD] + b"\n\n")
            if "message-id" in found or "from" in found or "to" in found:
                return found
            return Headers([])
    return Headers([])


def belonging(found: Headers, campaign_from: Iterable[str] = ()) -> dict[str, object]:
    """Return the fields of an event that the returned message's headers tell.

    `campaign_from` are names of headers that a source looks for its campaign in, before all others.
    """
    told: dict[str, object] = {}
    for name, sources in FIELDS.items():
        if value := next((text for each in sources if (text := found.get(each).strip())), ""):
            told[name] = value
    own = next(
        (text for each in campaign_from if (text := found.get(each.lower().removeprefix("headers.")).strip())), ""
    )
    feedback = _FEEDBACK_ID.fullmatch(found.get("feedback-id"))
    if own or feedback:
        told["campaign_id"] = own or told.get("campaign_id") or (feedback[1] if feedback else "")
    if isinstance(identity := told.get("message_id"), str):
        told["message_id"] = identities.known_id(bare_id(identity))
    if isinstance(listed := told.get("segment"), str) and (inner := _TOKEN.search(listed)):
        told["segment"] = inner[1]
    sender = addresses.in_text(found.get("from"))
    if sender:
        told["sender"] = sender[0]
        told["sending_domain"] = sender[0].rpartition("@")[2].lower()
    if sent := moment(found.get("date")):
        told["message_sent_at"] = sent
    return told


def written_to(found: Headers) -> list[str]:
    """Return the addresses the message was written to, as far as they were not blanked out.

    The envelope's recipient, which the latest server noted in Received, comes first.
    """
    texts = [told[1] for value in found.all("received")[:20] if (told := _FOR.search(value))]
    texts += [value for name in _WRITTEN_TO for value in found.all(name)[:20]]
    return addresses.in_text(" , ".join(text for text in texts if not _BLANKED.search(text)))


def bare_id(value: str) -> str:
    """Return a Message-ID without its angle brackets and whatever stands around them."""
    inner = _TOKEN.search(value)
    return (inner[1] if inner else charsets.header(value)).strip()


def is_ours(told: dict[str, object]) -> bool:
    """Tell whether the returned message can be recognised as one that was sent."""
    return bool(told.get("message_id") or told.get("campaign_id") or told.get("recipient"))
