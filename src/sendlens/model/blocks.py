"""The block: what one accepted request leaves in the log.

Owns the block's fields and its bytes. A block is appended whole or not at all, and its records were judged one by one
at the door, so that nothing in the log is unreadable to the pipeline.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Final

import msgspec

from sendlens.model.events import RECORD_TYPES, Record, RecordKind

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

_ENCODER: Final = msgspec.msgpack.Encoder()
# Whoever unpacks a body learns whether it is the one that was packed.
_PACKING: Final[dict[int, int]] = {
    zstd.CompressionParameter.compression_level: 1,
    zstd.CompressionParameter.checksum_flag: 1,
}
_DECODERS: Final = {kind: msgspec.msgpack.Decoder(list[record]) for kind, record in RECORD_TYPES.items()}


class Block(msgspec.Struct, kw_only=True, frozen=True):
    """Records of one kind that one request brought for one tenant and source.

    `received_at` is our clock in UTC milliseconds; `sent_at` the sender's clock for the whole request, or 0.
    `body` is zstd-compressed MessagePack of the records; `rejected` counts the request's records that were refused,
    so that the accounting can be rebuilt from the log alone.
    """

    tenant: str
    source: str
    kind: RecordKind
    received_at: int
    sent_at: int = 0
    count: int
    rejected: int = 0
    request_id: str = ""
    body: bytes

    def records(self) -> list[Record]:
        """Return the block's records, decoded. Raises `msgspec.DecodeError` for bytes that are not a block body."""
        return _DECODERS[self.kind].decode(unpacked(self.body))


def pack(records: Sequence[Record]) -> bytes:
    """Return the bytes of a block body for records of one kind."""
    return zstd.compress(_ENCODER.encode(records), options=_PACKING)


def unpacked(body: bytes) -> bytes:
    """Return the MessagePack of a block body, whatever it says. Raises `msgspec.DecodeError` for other bytes."""
    try:
        return zstd.decompress(body)
    except zstd.ZstdError as error:
        raise msgspec.DecodeError(f"The body is not compressed as it should be: {error}") from error


class StoredBlock(msgspec.Struct, kw_only=True, frozen=True):
    """A block together with its place in the log: offsets grow within a partition and are never reused."""

    partition: int
    offset: int
    block: Block
    damaged: bool = False
    """Whether it is not as it was written: what it says of itself is plausible, its body is kept and not to be read."""
