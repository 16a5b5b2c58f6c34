"""The disguise: what is taken from a record before it is written anywhere, where the settings ask for it.

Owns pseudonyms (`SENDLENS_PSEUDONYMOUS`) and the shortening of IP addresses (`SENDLENS_IP`). It works at the door, in
front of the log, so that what it takes away is nowhere on disk.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Sequence
from typing import Final

import msgspec

from sendlens.errors import Rejection
from sendlens.model.events import Event
from sendlens.model.identity import normal_recipient
from sendlens.settings import Settings

PREFIX: Final = "p_"
_PSEUDONYM: Final = re.compile(r"p_[0-9a-f]{32}(?:@.*)?\Z")
_ADDRESS: Final = re.compile(r"[\w.!#$*+^`{|}~%'-]+(?:@|%40|\\u0040)[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?", re.IGNORECASE)
REMOVED: Final = "(address)"
# Texts that name things and may look like an address without being one: only the recipient's own is replaced, by the
# pseudonym, so that what was equal stays equal. In the others every address goes.
_NAMES: Final = ("id", "message_id", "order_id", "link_id")
# What many recipients share. An identifier such as "7" may stand in it by chance; an address does not.
_SHARED: Final = ("campaign_id", "segment", "template_id", "variant", "pool", "product_id", "category", "mx")
_TEXTS: Final = ("link_url", "user_agent", "smtp_reply", "reason", "native_type", "raw", "subject")
_SHORTEST_NAME: Final = 6
"""Identifiers with fewer characters are not looked for in texts: they stand everywhere."""
_CUT: Final = "..."
_TORN: Final = re.compile(r"[\w.!#$*+^`{|}~-]+(?:@|%40|%4|%)[\w.-]*\Z")
_NETWORK: Final = {4: 24, 6: 48}


class Disguise:
    """Takes from records what the settings say; with the defaults nothing."""

    def __init__(self, settings: Settings, digest: Callable[[str], bytes]) -> None:
        """Make pseudonyms with `digest`, which is keyed: without the key nobody can make or check one."""
        self._pseudonymous = settings.pseudonymous
        self._ip = settings.ip
        self._digest = digest

    def name(self, tenant: str, recipient: str) -> str:
        """Return under which name a recipient is stored: a pseudonym at the same domain, or as it is."""
        return self._pseudonym(tenant, recipient) if self._pseudonymous else recipient

    def events(self, tenant: str, events: list[Event]) -> list[Event]:
        """Return events as they may be written."""
        if not self._pseudonymous and self._ip == "full":
            return events
        return [self._event(tenant, event) for event in events]

    def rejections(self, rejected: Sequence[Rejection]) -> list[Rejection]:
        """Return rejections as they may be kept: no address in a reason, and of values what the settings allow."""
        return [
            msgspec.structs.replace(
                one,
                field=_ADDRESS.sub(REMOVED, one.field),
                reason=_ADDRESS.sub(REMOVED, one.reason or one.error),
                value=self._seen(one),
            )
            for one in rejected
        ]

    def _seen(self, one: Rejection) -> str:
        if self._pseudonymous or (one.field == "ip" and self._ip != "full"):
            return ""
        if not one.value.endswith(_CUT):
            return one.value
        # Half an address could not be found again when the person is to be erased.
        return _TORN.sub("", one.value.removesuffix(_CUT)) + _CUT

    def _event(self, tenant: str, event: Event) -> Event:
        if self._ip != "full" and event.ip:
            short = _shortened(event.ip) if self._ip == "truncated" else ""
            event = msgspec.structs.replace(
                event,
                ip=short,
                raw=event.raw.replace(event.ip, short),
                metadata={name: text.replace(event.ip, short) for name, text in event.metadata.items()},
            )
        if not self._pseudonymous:
            return event

        own = event.recipient.strip()
        pseudonym = self._pseudonym(tenant, own)
        spelt = re.escape(own).replace("@", "(?:@|%40)")
        mine = re.compile(rf"(?<!\w){spelt}(?!\w)", re.IGNORECASE) if "@" in own or len(own) >= _SHORTEST_NAME else None

        def named(text: str) -> str:
            return mine.sub(pseudonym, text) if mine else text

        def plain(text: str) -> str:
            # An identifier is no address, but may be a name; whatever repeats it goes with it.
            return _ADDRESS.sub(REMOVED, mine.sub(REMOVED, text) if mine else text)

        return msgspec.structs.replace(
            event,
            recipient=pseudonym,
            tags=tuple(plain(tag) for tag in event.tags),
            metadata={plain(name): plain(text) for name, text in event.metadata.items()},
            **{name: named(getattr(event, name)) for name in (*_NAMES, *(_SHARED if "@" in own else ()))},
            **{name: plain(getattr(event, name)) for name in _TEXTS},
        )

    def _pseudonym(self, tenant: str, recipient: str) -> str:
        normal = normal_recipient(recipient)
        if not normal or _PSEUDONYM.match(normal):
            return normal
        _, at, domain = normal.rpartition("@")
        return PREFIX + self._digest(f"{tenant}\x1f{normal}").hex()[:32] + (at + domain if at else "")


def _shortened(ip: str) -> str:
    try:
        address = ipaddress.ip_address(ip)
    except ValueError:
        return ""
    return str(ipaddress.ip_network((address, _NETWORK[address.version]), strict=False).network_address)
