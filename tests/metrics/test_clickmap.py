"""Clicks by place: people and machines apart, corrections taken back, duplicates left unresolved."""

from dataclasses import replace
from pathlib import Path

from sendlens.clock import FrozenClock
from sendlens.control.control import Control
from sendlens.metrics.clickmap import ClickMaps
from sendlens.metrics.query import Metrics
from sendlens.store import Store
from tests.metrics.world import NOON, NOW, Tenant, put

A, B = "https://shop.example/a", "https://shop.example/b"
MAIL = f'<a href="{A}">one</a><a href="{B}">two</a><a href="{A}">three</a>'


def click(key: int, message: int, url: str, **more: object) -> dict[str, object]:
    return {
        "event_key": key,
        "tenant": "t_1",
        "type": "clicked",
        "message_key": message,
        "occurred_at": NOON * 1000 + key,
        "campaign_id": "spring",
        "link_url": url,
        "link_id": "",
        "link_position": -1,
        "actor": "human",
        "variant": "A",
    } | more


def test_clicks_are_counted_per_place(embedded_store: Store, tmp_path: Path) -> None:
    put(
        embedded_store,
        [
            [
                click(1, 1, f"{B}?utm_source=x"),
                click(2, 1, B),  # the same person again, by another address
                click(3, 2, B, actor="machine"),
                click(4, 3, A, link_position=2),
                click(5, 4, A),  # nothing tells which of two
                click(6, 5, "https://elsewhere.example/"),
                # A verdict that was taken back: a machine, not a person.
                click(7, 6, B),
                click(7, 6, B, weight=-1),
                click(7, 6, B, actor="machine"),
                click(8, 7, B, variant="B"),
                click(9, 8, B, campaign_id="autumn"),
                click(10, 9, B, tenant="t_2"),
            ]
        ],
    )
    with Control.open(f"sqlite:///{tmp_path}/control.sqlite", b"k" * 32, FrozenClock(NOW)) as control:
        tenant = replace(Tenant(), id=control.tenants.create("one", "One").id)
        maps = ClickMaps(Metrics(embedded_store, FrozenClock(NOW)), control.mails)
        control.mails.put(tenant.id, "template", "letter", "", "<a href=x>of the template</a>", actor="k")
        control.mails.put(tenant.id, "campaign", "spring", "", MAIL, actor="k")
        control.mails.put(tenant.id, "campaign", "spring", "B", MAIL, actor="k")
        maps._store = _As(embedded_store)  # pyright: ignore[reportAttributeAccessIssue] - the store's tenant is t_1
        found = maps.get(tenant, "spring", template="letter")
        assert {number: (one.people, one.clicks, one.machines) for number, one in found.at.items()} == {
            1: (2, 3, 2),
            2: (1, 1, 0),
        }
        assert [(one.places, one.people) for one in found.unresolved] == [((0, 2), 1)]
        assert found.elsewhere is not None
        assert found.elsewhere.urls == ["https://elsewhere.example/"]
        assert (found.people, found.machines, found.variants) == (5, 2, ["", "B"])
        assert [one.at[1].people for one in (maps.get(tenant, "spring", variant=v) for v in ("A", "B"))] == [1, 1]
        # Without HTML of the campaign that of its template stands in, and without any all clicks are elsewhere.
        control.mails.remove(tenant.id, "campaign", "spring", "")
        control.mails.remove(tenant.id, "campaign", "spring", "B")
        assert [place.text for place in maps.get(tenant, "spring", template="letter").places] == ["of the template"]
        nothing = maps.get(tenant, "spring")
        assert nothing.mail is None
        assert nothing.elsewhere is not None
        assert nothing.elsewhere.people == 5


class _As:
    """The store, asked as the tenant whose events it holds."""

    def __init__(self, store: Store) -> None:
        self.store = store

    def query(self, _tenant: str, sql: str, params: dict[str, object]) -> object:
        return self.store.query("t_1", sql, params)
