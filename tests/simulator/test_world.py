from collections import Counter
from dataclasses import replace
from functools import cache

import msgspec
import numpy as np
import pytest

from sendlens.model.events import Event
from sendlens.simulator.behaviour import Throttle
from sendlens.simulator.parameters import DAY_MS, HOUR_MS, PARAMETERS, Parameters, random_parameters
from sendlens.simulator.timing import ANCHORS, LAST_OPEN_MS, time_to_open
from sendlens.simulator.world import World
from tests.simulator.recount import MEASURES, recount

NOW = 1_795_132_800_000  # a Friday in November 2026
ALL_SOURCES = {"native": 3.0, "sendgrid": 3.0, "ses": 1.0, "mailgun": 1.0, "postmark": 1.0}


def history(seed: int, events: int = 30_000, step: int = HOUR_MS, sources=ALL_SOURCES, **more):
    world = World(seed, people=8_000, **more)
    world.plan(NOW - 20 * DAY_MS, NOW, events, sources)
    return world, [row for batch in world.advance(NOW, step) for row in batch.told()]


@cache
def told_once():
    """Return the events of one history, for tests that only read them."""
    return tuple(history(5)[1])


def test_one_seed_gives_one_list_of_events_to_the_byte():
    first = msgspec.json.encode([event for _, event, _ in told_once()])
    assert first == msgspec.json.encode([event for _, event, _ in history(5)[1]])
    assert first != msgspec.json.encode([event for _, event, _ in history(6)[1]])


def test_the_size_of_the_steps_changes_nothing_but_their_number():
    fine, coarse = told_once(), history(5, step=3 * DAY_MS)[1]
    assert {event.id: event for _, event, _ in fine} == {event.id: event for _, event, _ in coarse}


def test_events_come_in_the_order_of_time_and_none_after_the_end():
    times = [event.occurred_at for _, event, _ in told_once()]
    assert times == sorted(times)
    assert times[-1] < NOW


def test_the_number_of_events_is_about_what_was_asked_for():
    assert 0.8 * 30_000 < len(told_once()) < 1.1 * 30_000


@pytest.mark.parametrize("seed", range(4))
def test_truth_equals_a_recount_of_the_events(seed):
    parameters = replace(random_parameters(seed), out_of_band_share=0.01)
    world, told = history(seed, parameters=parameters)
    truth = world.truth()
    assert {m: truth.total(m) for m in MEASURES} == {m: recount(told)[m] for m in MEASURES}
    for campaign in truth.values(0)[:4]:
        counted = recount(told, campaign)
        assert {m: truth.total(m, campaign=campaign) for m in MEASURES} == {m: counted[m] for m in MEASURES}
    assert truth.events == Counter(str(event.type) for _, event, _ in told)
    assert truth.sources == Counter(source for source, _, _ in told)
    seen = Counter((str(e.type), actor) for _, e, actor in told if e.type == "opened")
    assert {k: v for k, v in truth.actors.items() if k[0] == "opened"} == seen


def test_truth_grows_with_what_was_told():
    world = World(3, people=5_000)
    world.plan(NOW - 3 * DAY_MS, NOW, 10_000)
    told = []
    for batch in world.advance(NOW, 6 * HOUR_MS):
        told += batch.told()
        assert sum(world.truth().events.values()) == len(told)


def test_ids_of_events_and_orders_are_unique():
    ids = [event.id for _, event, _ in told_once()]
    assert len(set(ids)) == len(ids)


def test_events_without_ids_of_their_own_still_differ():
    seen = Counter(
        (e.type, e.occurred_at, e.message_id, e.recipient, e.link_url, e.order_id) for _, e, _ in history(8, 60_000)[1]
    )
    assert max(seen.values()) == 1


def test_people_open_when_people_do():
    rng = np.random.default_rng(1)
    delivered = NOW + rng.integers(0, DAY_MS, 400_000)
    for rhythm in (0.0, 1.0):
        delays = time_to_open(rng, delivered, rhythm)
        for within, share in ANCHORS:
            assert abs((delays <= within).mean() - share) < 0.004
        assert delays.max() <= LAST_OPEN_MS
    assert abs(np.median(time_to_open(rng, delivered, 0.0)) / HOUR_MS - 6.42) < 0.15


def test_the_day_has_a_rhythm():
    rng = np.random.default_rng(1)
    delivered = NOW + rng.integers(0, DAY_MS, 200_000)
    hours = np.bincount((delivered + time_to_open(rng, delivered, 1.0)) // HOUR_MS % 24, minlength=24)
    assert hours[8:12].sum() > 2.5 * hours[1:5].sum()


def test_default_rates_are_those_of_real_programs():
    world = World(1, people=50_000)
    world.plan(NOW - 40 * DAY_MS, NOW, 400_000)
    for batch in world.advance(NOW, DAY_MS):
        assert len(batch)
    truth = world.truth()
    delivered, sent = truth.total("delivered"), truth.total("sent")
    expected = {
        "opened_human": (0.2, 0.33, delivered),
        "clicked_human": (0.015, 0.04, delivered),
        "unsubscribed": (0.001, 0.003, delivered),
        "complained": (0.0001, 0.0006, delivered),
        "bounced_hard": (0.004, 0.009, sent),
        "bounced": (0.008, 0.025, sent),
    }
    rates = {name: truth.total(name) / base for name, (_, _, base) in expected.items()}
    assert all(low < rates[name] < high for name, (low, high, _) in expected.items()), rates
    gmail = truth.total("delivered", provider="gmail") / delivered
    assert 0.40 < gmail < 0.50
    assert truth.total("complained", provider="gmail") == 0  # no feedback loop


def test_a_provider_that_throttles_defers_only_its_own_mail_and_only_then():
    since = NOW - 10 * DAY_MS
    told = history(5, 60_000, throttles=(Throttle("yahoo_aol", since),))[1]

    def share(when, where):
        mine = [e for _, e, _ in told if (e.occurred_at >= since) == when and e.recipient.endswith(where)]
        attempted = {e.message_id for e in mine if e.type in ("delivered", "deferred")}
        return len({e.message_id for e in mine if e.type == "deferred"}) / len(attempted)

    assert share(True, "@yahoo.com") > 0.3 > 0.1 > share(False, "@yahoo.com")
    assert share(True, "@gmail.com") < 0.1


def test_a_scanner_follows_every_link_within_seconds():
    bursts: dict[str, list[Event]] = {}
    for _, event, actor in history(5, 60_000)[1]:
        if event.type == "clicked" and actor == "machine":
            bursts.setdefault(event.message_id, []).append(event)
    assert len(bursts) > 50
    whole = [events for events in bursts.values() if events[-1].occurred_at < NOW - 60_000]
    for events in whole:
        assert len({event.link_url for event in events}) == len(events) >= 3
        assert events[-1].occurred_at - events[0].occurred_at < 30_000


def test_a_mailing_reaches_different_people():
    world = World(2, people=12_000)
    campaign = world.mail("launch", NOW - 20 * DAY_MS, 10_000, ALL_SOURCES)
    rows = [row for batch in world.advance(NOW, DAY_MS) for row in batch.told()]
    people = {e.recipient for _, e, _ in rows if e.type in ("delivered", "bounced", "dropped")}
    assert len(people) == 10_000
    assert {e.campaign_id for _, e, _ in rows} == {campaign}
    assert {source for source, _, _ in rows} == {*ALL_SOURCES, "shop"}
    assert [c.total_sent for c in world.campaigns()] == [10_000]


def test_live_mail_goes_on_where_history_ended():
    world, told = history(5)
    world.stream(NOW, 60_000, 500, {"native": 1.0})
    more = [row for batch in world.advance(NOW + 120_000, 10_000) for row in batch.told()]
    assert min(e.occurred_at for _, e, _ in more) >= NOW
    assert sum(e.type == "injected" and e.occurred_at < NOW + 60_000 for _, e, _ in more) >= 490
    assert sum(world.truth().events.values()) == len(told) + len(more)


def test_random_parameters_stay_within_their_limits_and_follow_the_seed():
    assert random_parameters(1) == random_parameters(1) != random_parameters(2)
    assert all(text.endswith(".") for _, _, text in PARAMETERS)
    for seed in range(50):
        drawn = random_parameters(seed)
        for name, _, _ in PARAMETERS:
            meta = Parameters.__dataclass_fields__[name].metadata
            assert meta["low"] <= getattr(drawn, name) <= meta["high"] * 1.000001
