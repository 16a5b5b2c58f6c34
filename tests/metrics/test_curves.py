"""Curves, comparison and intervals: what is counted, and what says nothing."""

from dataclasses import replace

import pytest

from sendlens.clock import FrozenClock
from sendlens.metrics.campaigns import CampaignFacts, CampaignRow
from sendlens.metrics.comparable import LEAST, alike, stand
from sendlens.metrics.curves import STEPS, curves
from sendlens.metrics.figures import Figure
from sendlens.metrics.intervals import wilson
from sendlens.metrics.message import steps
from sendlens.metrics.query import Metrics
from sendlens.metrics.standing import standing
from sendlens.store import Store
from tests.metrics.world import NOON, NOW, Tenant, put


def event(key: int, message: int, kind: str, after: int, **more: object) -> dict[str, object]:
    return {
        "event_key": key,
        "tenant": "t_1",
        "type": kind,
        "message_key": message,
        "occurred_at": (NOON + after) * 1000,
        "campaign_id": "spring",
        "recipient_key": message,
        "recipient": f"p{message}@a.example",
    } | more


def test_curves_keep_machines_apart_and_count_first_times(embedded_store: Store) -> None:
    told = [event(n, n, "delivered", 0) for n in range(1, 6)]
    told += [
        event(11, 1, "opened", 60, actor="human"),
        event(12, 1, "opened", 600, actor="human"),
        event(13, 2, "opened", 1, actor="machine"),  # a machine first, then a person: the person's time
        event(14, 2, "opened", 3_600, actor="human"),
        event(15, 3, "opened", 2, actor="machine"),
        event(16, 4, "opened", 2 * 86_400, actor="proxy"),
        event(17, 5, "bounced", 9, bounce_class="hard"),
        event(18, 4, "unsubscribed", 3 * 86_400, unsubscribe_method="link"),
    ]
    put(embedded_store, [told])
    metrics = Metrics(embedded_store, FrozenClock(NOW + 10 * 86_400_000))
    found = curves(metrics, Tenant(), "spring")["opened"]
    people = dict(zip(STEPS, found.people.within, strict=True))
    assert (found.people.total, found.people.median) == (3, 3_600)
    assert (people[30], people[60], people[1_800], people[3_600], people[86_400], people[2 * 86_400]) == (
        0,
        1,
        1,
        2,
        2,
        3,
    )
    assert (found.machines.total, found.machines.within[0]) == (1, 1)
    nobody = curves(metrics, Tenant(), "spring")["clicked"]
    assert (nobody.people.shares, nobody.people.median_text) == ((), "–")

    gone = standing(metrics, Tenant(), "5")
    assert (gone.against, gone.messages, gone.campaigns) == (["hard_bounced"], 1, 1)
    left = standing(metrics, Tenant(), "4")
    assert (left.against, left.unsubscribe_method, left.first_seen) == (["unsubscribed"], "link", NOON * 1000)


def test_steps_show_what_counts_and_what_was_corrected() -> None:
    from datetime import UTC, datetime

    from sendlens.metrics.message import _COLUMNS

    def row(key: int, second: int, weight: int, batch: int, **more: object) -> dict[str, object]:
        at = datetime.fromtimestamp(NOON + second, UTC)
        blank: dict[str, object] = dict.fromkeys(_COLUMNS, "")
        blank |= {"event_key": key, "weight": weight, "batch_id": batch, "occurred_at": at, "received_at": at}
        return blank | {"actor_confidence": 0, "link_position": -1, "recipient_key": 0, "type": "opened"} | more

    found = steps(
        [
            row(1, 0, 1, 1, type="delivered"),
            row(2, 5, 1, 1, actor="human"),
            row(2, 5, -1, 2, actor="human"),
            row(2, 5, 1, 2, actor="machine", actor_reason="burst"),
            row(3, 9, 1, 1, actor="human", link_position=0),
            row(3, 9, -1, 2, actor="human", link_position=0),
        ]
    )
    assert [(one.type, one.after_ms, one.verdict.actor, one.taken_back) for one in found] == [
        ("delivered", None, "", False),
        ("opened", 5_000, "machine", False),
        ("opened", 4_000, "human", True),
    ]
    assert [one.actor for one in found[1].corrected] == ["human"]
    assert found[2].told == {"link_position": 0}


def test_wilson_agrees_with_published_values() -> None:
    assert wilson(1, 0) is None
    low, high = wilson(10, 100) or (0, 0)
    assert (low, high) == pytest.approx((0.05523, 0.17437), abs=1e-5)
    assert wilson(0, 20) == pytest.approx((0.0, 0.16113), abs=1e-5)


def facts(name: str, started: int, **more: str) -> CampaignFacts:
    known = CampaignFacts(id=name, name=name, metadata={}, started_at=started, type="letter", stream="m", segment="all")
    return replace(known, **more)


def figure(value: float, *, enough: bool = True) -> Figure:
    return Figure(key="open_rate", n=1, d=1, value=value, text="", unit="ratio", better="up", enough=enough)


def test_only_earlier_campaigns_of_the_narrowest_kind_are_compared() -> None:
    own = facts("own", 100)
    others = [CampaignRow(facts=facts(str(n), n), figures={}) for n in (90, 80, 70, 110)]
    elsewhere = [CampaignRow(facts=facts(f"x{n}", n, segment="vip"), figures={}) for n in (60, 50)]
    assert alike(own, [*others, *elsewhere]) == ("type letter, stream m, segment all", others[:3])
    kind, found = alike(own, [*others[:1], *elsewhere])
    assert (kind, len(found)) == ("type letter, stream m", LEAST)
    assert alike(facts("own", 100, type="", stream=""), others) == ("", [])


def test_standing_ignores_what_is_too_small_to_judge() -> None:
    found = stand(figure(0.3), [figure(v) for v in (0.1, 0.2, 0.4)] + [figure(9.0, enough=False)])
    assert found is not None
    assert (found.median, found.above, found.of) == (0.2, 2, 3)
    assert stand(figure(0.3), [figure(0.1), figure(0.2), figure(0.4, enough=False)]) is None
