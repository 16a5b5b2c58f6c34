"""What arrives from a sender and what a source makes of it: the two ends of every function in this room."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import msgspec

from sendlens.errors import Rejection
from sendlens.model.events import Campaign, Event, Gauge, Placement, RecordKind, Spend
from sendlens.model.reports import DmarcRecord, TlsReport


def nobody(source_id: str) -> Sequence[str]:
    """Return no secrets."""
    del source_id
    return ()


class Received(msgspec.Struct, frozen=True, kw_only=True):
    """A request as it came in: the body already decompressed, header names in lower case.

    `received_at` is our clock in UTC milliseconds. `url` is the address the sender used, as far as we know it.
    `secrets_of` returns the secrets of a tracker, by its id, that belongs to the same tenant; none of any other.
    """

    body: bytes
    content_type: str = ""
    headers: Mapping[str, str] = msgspec.field(default_factory=dict[str, str])
    url: str = ""
    query: Mapping[str, str] = msgspec.field(default_factory=dict[str, str])
    received_at: int
    secrets_of: Callable[[str], Sequence[str]] = nobody

    @property
    def media_type(self) -> str:
        """Return the content type without its parameters, in lower case."""
        return self.content_type.partition(";")[0].strip().lower()


class Mapped(msgspec.Struct, kw_only=True):
    """The records a request brought, and why others were refused.

    `sent_at` is the sender's clock for the whole request in UTC milliseconds, or 0. `confirm_url` is an address that
    must be fetched for the sender to go on (a subscription to be confirmed); it was checked already. `reports` are
    rows that come beside the records, by their kind, and `understood` is what the sender is told about its body.
    """

    records: (
        list[Event] | list[Campaign] | list[Spend] | list[Gauge] | list[Placement] | list[DmarcRecord] | list[TlsReport]
    )
    rejected: list[Rejection] = msgspec.field(default_factory=list[Rejection])
    sent_at: int = 0
    confirm_url: str = ""
    reports: dict[RecordKind, list[DmarcRecord] | list[TlsReport]] = msgspec.field(
        default_factory=dict[RecordKind, "list[DmarcRecord] | list[TlsReport]"]
    )
    understood: dict[str, object] | None = None

    @property
    def count(self) -> int:
        """How many records came, refused ones included."""
        return len(self.records) + len(self.rejected) + sum(len(rows) for rows in self.reports.values())
