"""Mails that ask to leave a list: what a `mailto:` in List-Unsubscribe (RFC 2369) makes of a reader's wish.

Owns telling such a mail from an automatic answer that repeats its subject, and finding the token in it. The token is
the tracker's own; a mail without one that opens is no request: anybody can write any address into From.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from typing import Final, Protocol

from sendlens.errors import NotFound
from sendlens.model.events import Event
from sendlens.sources.mail import autoreply, dsn
from sendlens.sources.mail.mime import Headers, Mail
from sendlens.sources.tracking import TRACKER, Kind, hits
from sendlens.sources.tracking.token import Told, opened

SecretsOf = Callable[[str], Sequence[str]]
"""Secrets of the tracker with an id, if it belongs to whoever the mail is read for; none for any other id."""


class Source(Protocol):
    """The little that is needed of a source."""

    @property
    def tenant(self) -> str:
        """The tenant's id."""
        ...

    @property
    def provider(self) -> str:
        """Which kind of source it is."""
        ...

    def revealed(self) -> Sequence[str]:
        """Return the valid secrets."""
        ...


class Finder(Protocol):
    """Finds sources by their id."""

    def get(self, source_id: str) -> Source:
        """Return a source. Raises `NotFound`."""
        ...


def of_tenant(sources: Finder, tenant: str) -> SecretsOf:
    """Return what finds the secrets of a tenant's trackers, and of nobody else's."""

    def secrets_of(source_id: str) -> Sequence[str]:
        try:
            source = sources.get(source_id)
        except NotFound:
            return ()
        return source.revealed() if (source.tenant, source.provider) == (tenant, TRACKER) else ()

    return secrets_of


_ASKED: Final = re.compile(r"\bunsubscribe\s+(?P<source>[\w-]{1,64})\.(?P<token>[\w-][\w\s-]{20,9000})", re.IGNORECASE)


def read(mail: Mail, identity: str, at: int, secrets_of: SecretsOf) -> Event | bool:
    """Return the unsubscription that a mail asks for, False for any other mail, True for a token that does not open.

    `identity` is the mail's own, so that it counts once however often it comes; `at` is UTC milliseconds.
    """
    found = _ASKED.search(mail.headers.get("subject"))
    if found is None or _automatic(mail):
        return False
    secrets = secrets_of(found["source"])
    for token in _tokens(found["token"]):
        if told := _opened(found["source"], token, secrets):
            return hits.left_by_mail(told, at, identity)
    return True


def _automatic(mail: Mail) -> bool:
    """Tell whether a machine wrote a mail: an answer, a report, or anything else that says so (RFC 3834)."""
    headers: Headers = mail.headers
    return bool(
        headers.get("auto-submitted").partition(";")[0].strip().lower() not in ("", "no")
        or headers.get("return-path").strip() == "<>"
        or autoreply.kind(mail, "")
        or dsn.parts(mail)
        or mail.type == "multipart/report"
    )


def _tokens(text: str) -> Iterator[str]:
    """Yield what may be the token: clients fold a long subject anywhere, and put words of their own behind it."""
    pieces = text.split()
    yield "".join(pieces)
    for length in range(len(pieces) - 1, 0, -1):
        yield "".join(pieces[:length])


def _opened(source: str, token: str, secrets: Sequence[str]) -> Told | None:
    try:
        return opened(Kind.UNSUBSCRIBE, source, token, secrets)
    except NotFound:
        return None
