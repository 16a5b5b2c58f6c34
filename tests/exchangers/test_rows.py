"""An event's provider by what was known of its domain when it was received, however often it is read."""

from pathlib import Path

from sendlens.clock import FrozenClock
from sendlens.exchangers.known import FILE, MINUTE_MS, Known
from sendlens.model.blocks import Block, StoredBlock
from sendlens.model.events import Event, EventType, RecordKind
from sendlens.pipeline.portion import Portion
from sendlens.pipeline.rows import Rower

NOW = 1_795_000_000_000


def portion(*received: int) -> Portion:
    addresses = [("ann@shop.co", ""), ("bob@gmail.com", ""), ("eve@shop.co", "mx.told.pphosted.com")]
    events = [[Event(type=EventType.DELIVERED, recipient=to, mx=mx) for to, mx in addresses] for _ in received]
    blocks = [
        StoredBlock(
            partition=0,
            offset=place,
            block=Block(tenant="t", source="s", kind=RecordKind.EVENT, received_at=at, count=len(addresses), body=b""),
        )
        for place, at in enumerate(received)
    ]
    return Portion.of(blocks, events)


def test_a_batch_that_is_read_again_after_an_answer_came_gives_the_same_rows(tmp_path: Path) -> None:
    clock = FrozenClock(NOW)
    known = Known(tmp_path / FILE, clock)
    rower = Rower(currency_of=lambda _: "USD", skew_limit_ms=1000, exchanger_of=known.of)

    def providers(*received: int) -> list[tuple[str, str]]:
        table = rower.columns(portion(*received)).table
        return list(zip(table.column("provider").to_pylist(), table.column("gateway").to_pylist(), strict=True))

    before = [("shop.co", ""), ("gmail", ""), ("shop.co", "proofpoint")]
    assert providers(NOW) == before
    assert known.take() == "shop.co"
    known.learn("shop.co", "aspmx.l.google.com", 3600)
    clock.advance(300)
    after = [("google_workspace", ""), ("gmail", ""), ("shop.co", "proofpoint")]
    assert providers(NOW) == before
    assert providers(NOW + 3 * MINUTE_MS) == after
    assert providers(NOW, NOW + 3 * MINUTE_MS) == [*before, *after]
    known.close()
