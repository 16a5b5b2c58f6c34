"""Which hosts may be connected to: names are resolved here, and the connection goes to the address that was judged.

Owns the filter. A name that leads into the machine or its private networks is refused unless the operator allows it, so
that whoever may set up a source cannot reach what only the server can.
"""

from __future__ import annotations

import ipaddress
import socket

from sendlens.mailboxes.letters import MailboxError


def address_of(host: str, port: int, *, private: bool) -> str:
    """Return the address to connect to. Raises `MailboxError` if there is none that may be reached.

    With `private`, loopback and private addresses are allowed, too.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise MailboxError(f"the host {host} cannot be resolved: {error}") from None
    addresses = [str(each[4][0]) for each in found]
    allowed = [address for address in addresses if private or is_public(address)]
    if not allowed:
        raise MailboxError(
            f"the host {host} leads to {', '.join(sorted(set(addresses)))[:200]}, which is not a public address",
            hint="SENDLENS_MAIL_PRIVATE_HOSTS=true allows mailboxes within private networks.",
        )
    return allowed[0]


def is_public(text: str) -> bool:
    """Tell whether an address is one of the open internet: not this machine, no private network, no group.

    >>> is_public("192.0.2.1"), is_public("::ffff:127.0.0.1"), is_public("9.9.9.9")
    (False, False, True)
    """
    try:
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return False
    if isinstance(address, ipaddress.IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour or (address.teredo[1] if address.teredo else None)
        if inner is not None:
            return address.is_global and inner.is_global if not address.ipv4_mapped else inner.is_global
        # 64:ff9b::/96 leads to the IPv4 address in its last bits.
        if address in ipaddress.ip_network("64:ff9b::/96"):
            return ipaddress.ip_address(int(address) & 0xFFFFFFFF).is_global
    return address.is_global and not address.is_multicast
