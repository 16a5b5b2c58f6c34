"""Which statements a batch needs: those that cannot have anything to do are left out."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from sendlens.model.events import Event, EventType
from sendlens.pipeline.agreement import disagreements
from sendlens.pipeline.tables import BEHIND, ENGAGED
from sendlens.store.client import Store
from sendlens.store.statements import SQL
from tests.pipeline.house import NOW, House


@pytest.fixture
def house(tmp_path: Path, embedded_store: Store) -> Iterator[House]:
    """A house with an empty store."""
    it = House(tmp_path, embedded_store)
    yield it
    it.close()


def test_engagements_are_of_the_types_that_the_statements_name() -> None:
    """The list of types is told twice, in Python and in SQL."""
    told = (SQL / "fragments" / "engagement_types.sql").read_text(encoding="utf-8")
    assert {one for one in EventType if f"'{one}'" in told} == ENGAGED


def test_engagements_are_derived_when_there_may_be_any(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """Mail that is sent has none; what a message becomes known for later is told to the engagements it has."""

    def of(kind: EventType, campaign: str = "") -> Event:
        return Event(
            type=kind,
            id=f"{kind}",
            occurred_at=NOW,
            message_id="m",
            recipient="p@example.com",
            campaign_id=campaign,
        )

    execute, ran = Store.execute, list[str]()

    def noted(store: Store, name: str, params: dict[str, object] | None = None) -> None:
        ran.append(name)
        execute(store, name, params)

    monkeypatch.setattr(Store, "execute", noted)
    expected = {EventType.DELIVERED: False, EventType.OPENED: True, EventType.INJECTED: True}
    for kind, derived in expected.items():
        house.append([of(kind, "spring" if kind is EventType.INJECTED else "")])
        ran.clear()
        house.writer().step(wait=0)
        assert (BEHIND[0] in ran) is derived
    assert house.store.fetch_internal("SELECT campaign_id FROM engagements FINAL").rows == [("spring",)]
    assert disagreements(house.store) == []
