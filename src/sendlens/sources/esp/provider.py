"""What an e-mail service provider is to the door: a name, how it proves itself, and how its payload is read.

Owns the shape that every provider module fills in, and the options a source may set. The table of providers is in
`sendlens.sources.esp`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Protocol, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from sendlens.errors import InvalidField
from sendlens.sources.received import Mapped, Received

Paths = tuple[str, ...]


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """What a source may say about how its payloads are read; an empty list means the provider's default.

    Each `*_from` is a list of paths into the provider's event, of which the first that leads to a value wins. Beside
    the provider's own fields a path may start with `metadata`, `tags` or `headers`, which mean the same everywhere.
    """

    campaign_from: Paths = ()
    variant_from: Paths = ()
    segment_from: Paths = ()
    template_from: Paths = ()
    keep_raw: bool = False
    """Keep every event as the provider sent it, not only those of unknown types."""
    topics: Paths = ()
    """Amazon SNS topics (ARNs) whose messages are accepted."""
    max_age_minutes: int = 0
    """How old a signed request may be; 0 means the provider's default."""
    time_zone: str = ""
    """IANA zone of times in a mail server's log that name none; UTC if empty."""
    year: Annotated[int, msgspec.Meta(ge=0, le=9999)] = 0
    """Year of times in a log that name none; 0 means the latest one in which they are not in the future."""

    @classmethod
    def of(cls, settings: Mapping[str, object]) -> Self:
        """Return the options in a source's settings; other settings of the source are left alone.

        Raises `InvalidField` naming the setting that is of the wrong kind.
        """
        known = {field.encode_name for field in msgspec.structs.fields(cls)}
        try:
            told = msgspec.convert({name: value for name, value in settings.items() if name in known}, cls)
            # Here and not when a log is read: a sender is told to wait, and no line is lost.
            ZoneInfo(told.time_zone or "UTC")
        except (msgspec.ValidationError, ZoneInfoNotFoundError, ValueError, OSError) as error:
            raise InvalidField(
                "settings", sorted(settings), f"the source's settings cannot be used: {error}"
            ) from error
        return told


class Tokens(Protocol):
    """Remembers tokens that may be used for one body only."""

    def claim(self, token: str, body: bytes, until: int) -> bool:
        """Return False if the token was seen with another body; else remember it until `until` (UTC milliseconds)."""
        ...


class Evidence(msgspec.Struct, frozen=True, kw_only=True):
    """What a check needs besides the request itself, obtained by the HTTP layer so that sources stay pure."""

    certificate: bytes = b""
    """The PEM certificate from the address that `Provider.certificate_url` returned."""
    tokens: Tokens | None = None


@dataclass(frozen=True, kw_only=True)
class Provider:
    """One provider; see `docs/providers/` for what each tells and does not tell.

    `verify` raises `Unauthorized` or `BadRequest` unless the request comes from whoever holds one of `secrets`; it
    must refuse when there is nothing to check against. `parse` is called after it and raises `BadRequest` for a body
    that cannot be read as a whole.
    """

    name: str
    title: str
    campaign_from: Paths
    max_age_minutes: int
    secret_help: str
    verify: Callable[[Received, Sequence[str], Options, Evidence], None]
    parse: Callable[[Received, Options], Mapped]
    challenge: str = 'Signature realm="sendlens"'
    """What a refused request is told in `WWW-Authenticate`; some senders show basic credentials only when asked."""
    options: type[Options] = Options
    """What sources of this provider may set."""
    accepted_status: int = 200
    """The answer to what was accepted. 202 says it best, but only for providers that take any 2xx for success: Mailgun
    and Postmark, for two, repeat whatever is answered with anything but 200."""
    certificate_url: Callable[[Received, Options], str] | None = None
    """Returns the address of the certificate to check against, after everything that can be checked without it."""
