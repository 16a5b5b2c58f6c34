"""Blocks to put into a log."""

from sendlens.model.blocks import Block, pack
from sendlens.model.events import Event, EventType, RecordKind


def block(number: int = 0, *, count: int = 3, received_at: int = 1_760_000_000_000, body: bytes | None = None) -> Block:
    """Return a block whose request id tells it from others."""
    events = [Event(type=EventType.DELIVERED, id=f"{number}-{i}", recipient="a@example.com") for i in range(count)]
    return Block(
        tenant="t_one",
        source="src_one",
        kind=RecordKind.EVENT,
        received_at=received_at,
        sent_at=received_at - 5,
        count=count,
        rejected=1,
        request_id=f"request-{number}",
        body=pack(events) if body is None else body,
    )
