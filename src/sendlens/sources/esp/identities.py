"""Message-IDs that providers make themselves: what of them the same provider's webhooks tell.

Owns the table. It lets a bounce mail or a complaint find the message that webhooks spoke of before; providers that are
not in it tell the whole Message-ID, or an id that no header repeats.
"""

from __future__ import annotations

from typing import Final

OWN_IDS: Final = ("amazonses.com", "mtasv.net", "sendgrid.net", "ismtpd*", "geopod*")
"""Hosts of Message-IDs that SES, Postmark and SendGrid make: in front of `@` stands the id that their webhooks tell.
A name that ends in `*` is the beginning of a host's."""


def known_id(message_id: str) -> str:
    """Return the id under which a provider's webhooks speak of a message, given the Message-ID in its headers.

    >>> known_id("0100018f-000000@eu-west-1.amazonses.com"), known_id("m-17@sender.example")
    ('0100018f-000000', 'm-17@sender.example')
    """
    local, _, host = message_id.rpartition("@")
    own = any(
        host.startswith(name[:-1]) if name.endswith("*") else host == name or host.endswith(f".{name}")
        for name in OWN_IDS
    )
    return local if local and own else message_id
