"""Values and bodies that somebody made up to hurt: each costs its own record or request, and nothing else."""

import gzip
import json
from decimal import Decimal
from typing import Any

import pytest

from sendlens.model.blocks import Block, pack
from sendlens.model.events import Campaign, RecordKind, Spend
from sendlens.pipeline.others import rows_of
from tests.intake.world import World, problem

GOOD = {"type": "delivered", "id": "good", "recipient": "a@b.example", "occurred_at": "2026-11-01T10:00:00Z"}


@pytest.mark.parametrize(
    "bad",
    [
        '"quantity": "--5"',
        '"quantity": 1e99999999999999999999',
        '"subject": 1e9999999',
        '"metadata": {"a": 1e99999999999999999999}',
        '"link_position": "\u0665x"',
        '"occurred_at": 1e99999999999999999999',
        '"attempt": -1e400',
    ],
)
def test_a_number_beyond_all_measure_costs_its_record_at_most(bad: str) -> None:
    world = World()
    body = f'[{json.dumps(GOOD)}, {{"type": "opened", "id": "bad", "recipient": "a@b.example", {bad}}}]'
    answer = world.post("/v1/events", body.encode())
    assert answer.status_code == 202, answer.text
    assert answer.json()["accepted"] >= 1
    assert any(getattr(record, "id", "") == "good" for record in world.records())


@pytest.mark.parametrize("amount", ["0E+99999", "0e-99999", "1e-4000", "-0", "12.50", "1" * 13 + "." + "9" * 90])
def test_every_amount_that_is_accepted_fits_its_column(amount: str) -> None:
    world = World()
    spend = (
        f'[{{"campaign_id": "c", "channel": "x", "hour": "2026-11-01T10:00:00Z", "currency": "EUR", "cost": {amount}}}]'
    )
    campaign = f'[{{"campaign_id": "c", "cost": "{amount}", "budget": {amount}, "currency": "EUR"}}]'
    sale = {"id": "s", "recipient": "a@b.example", "occurred_at": "2026-11-01T10:00:00Z", "currency": "EUR"}
    for path, body in (
        ("/v1/spend", spend),
        ("/v1/campaigns", campaign),
        ("/v1/conversions", json.dumps([sale | {"value": amount}])),
    ):
        assert world.post(path, body.encode()).status_code == 202
    for block in world.log.blocks:
        if block.count and block.kind is not RecordKind.EVENT:
            _, rows = rows_of(block, block.records(), 1)
            assert rows.num_rows == 1
        for record in block.records() if block.kind is RecordKind.EVENT else ():
            value: Any = getattr(record, "value", None)
            assert value is None or value == value.quantize(Decimal("0.0001"))


def test_a_spend_that_does_not_fit_raises_before_anything_is_inserted() -> None:
    """What the door lets through by a mistake of ours is set aside with its block, not tried for ever."""
    records = [Spend(campaign_id="c", channel="x", hour=0, cost=Decimal("1e30"))]
    block = Block(tenant="t", source="api", kind=RecordKind.SPEND, received_at=0, count=1, body=pack(records))
    with pytest.raises(Exception, match=r"(?i)decimal"):
        rows_of(block, records, 1)
    fine = [Campaign(campaign_id="c", cost=Decimal(0))]
    block = Block(tenant="t", source="api", kind=RecordKind.CAMPAIGN, received_at=0, count=1, body=pack(fine))
    assert rows_of(block, fine, 1)[1].num_rows == 1


def test_thousands_of_empty_gzip_members_are_refused() -> None:
    world = World()
    bomb = gzip.compress(b"", 1) * 20_000
    answer = world.post("/v1/events", bomb, headers={"content-encoding": "gzip"})
    assert "members" in problem(answer, 400)["detail"]
    twice = gzip.compress(json.dumps([GOOD]).encode()[:20]) + gzip.compress(json.dumps([GOOD]).encode()[20:])
    assert world.post("/v1/events", twice, headers={"content-encoding": "gzip"}).status_code == 202


def test_the_id_of_a_webhook_is_no_name_for_posts() -> None:
    problem(World().post("/v1/events", [GOOD], headers={"x-sendlens-source": "src_other"}), 400)
