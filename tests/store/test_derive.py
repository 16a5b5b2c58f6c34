"""Message states and roll-ups are what a plain recount of the events gives, whatever the batches and their order."""

import datetime as dt
import itertools
import random
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any

import pytest

from sendlens.pipeline.agreement import disagreements
from sendlens.store import Store
from tests.harness.store import run
from tests.store.recount import Event, Sums, sums
from tests.store.rows import BASE, START, events

SETS = ("derive_event_keys", "derive_conversions", "derive_touchpoints")
EVERY = (*SETS, "derive_messages", "correct_messages", "derive_engagements")

RECOVER = ("rederive_messages", "recorrect_messages", "reconcile_quarter", "reconcile_minute")

_DIMENSIONS = "clock, measure, toUnixTimestamp({time}) AS bucket, campaign_id, provider"
ROLLED_UP = f"""
    SELECT {_DIMENSIONS.format(time="bucket")}, sum(n) AS count, sum(amount) AS money
    FROM {{table}} GROUP BY ALL HAVING count != 0 OR money != 0
"""
FACTS = f"""
    SELECT {_DIMENSIONS.format(time="toStartOfInterval(at, toIntervalMinute({minutes:UInt8}))")},
        sum(n) AS count, sum(amount) AS money
    FROM message_facts WHERE clock IN {{clocks:Array(String)}} GROUP BY ALL HAVING count != 0 OR money != 0
"""


class Writer:
    """Does what the writer does with a batch: tells which messages are new and when each was born, inserts, derives."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.born: dict[tuple[str, int], dt.date] = {}

    def insert(self, batch: int, rows: Sequence[Event]) -> None:
        known = set(self.born)
        told: list[Event] = []
        for row in rows:
            message = row.get("tenant", "t_1"), row.get("message_key", 1)
            day = dt.datetime.fromtimestamp(row.get("occurred_at", START) // 1000, dt.UTC).date()
            self.born.setdefault(message, day)
            corrected = any(one.get("correction") and one.get("message_key", 1) == message[1] for one in rows)
            births = {
                "message_born": self.born[message],
                "message_new": 2 if corrected else int(message not in known),
            }
            told.append(row | births | {"batch_id": batch})
        self.store.insert("events", events(told))

    def batch(self, batch: int, rows: Sequence[Event]) -> None:
        self.insert(batch, rows)
        for name in EVERY:
            self.store.execute(name, {"batch": batch})


def as_sums(rows: Iterable[tuple[Any, ...]]) -> Sums:
    return {tuple(row[:5]): (row[5], row[6]) for row in rows}  # type: ignore[misc]  # one row is one key


def agree(store: Store, told: Sequence[Event]) -> None:
    """Assert that roll-ups, the view over the states, and a recount say the same."""
    wanted = sums([BASE | event for event in told])
    assert wanted
    both = {"minutes": 15, "clocks": ["event", "send"]}
    assert as_sums(store.fetch_internal(FACTS, both)) == wanted
    assert as_sums(store.fetch_internal(ROLLED_UP.format(table="metrics_quarter"))) == wanted
    by_minute = {
        key: value for key, value in sums([BASE | event for event in told], step=60).items() if key[0] == "event"
    }
    assert as_sums(store.fetch_internal(ROLLED_UP.format(table="metrics_minute"))) == by_minute
    assert as_sums(store.fetch_internal(FACTS, {"minutes": 1, "clocks": ["event"]})) == by_minute


MINUTE = 60_000
STORY: list[Event] = [
    {"type": "injected", "occurred_at": START, "campaign_id": "spring", "provider": "gmail"},
    {"type": "deferred", "occurred_at": START + MINUTE},
    {"type": "delivered", "occurred_at": START + 20 * MINUTE, "campaign_id": "spring", "recipient_key": 7},
    {"type": "opened", "occurred_at": START + 21 * MINUTE, "actor": "machine"},
    {"type": "opened", "occurred_at": START + 60 * MINUTE, "actor": "human"},
    {"type": "opened", "occurred_at": START + 60 * MINUTE + 500, "actor": "proxy"},
    {"type": "clicked", "occurred_at": START + 61 * MINUTE, "actor": "human", "recipient_key": 7},
    {"type": "clicked", "occurred_at": START + 62 * MINUTE, "actor": "human", "link_kind": "unsubscribe"},
    {"type": "unsubscribed", "occurred_at": START + 63 * MINUTE, "unsubscribe_method": "link"},
    {
        "type": "converted",
        "campaign_id": "spring",
        "occurred_at": START + 90 * MINUTE,
        "value": Decimal("19.90"),
        "currency": "EUR",
        "revenue": Decimal("19.90"),
    },
    {"type": "bounced", "occurred_at": START + 300 * MINUTE, "bounce_class": "hard", "bounce_reason": "unknown_user"},
]


@pytest.mark.parametrize("pieces", [1, 2, 4, len(STORY)])
def test_a_message_in_any_number_of_batches(embedded_store: Store, pieces: int) -> None:
    """One message is told in order, one in reverse and one shuffled."""
    told, reverse, shuffled = (
        [event | {"message_key": message, "event_key": message * 100 + number} for number, event in enumerate(STORY)]
        for message in (1, 2, 3)
    )
    reverse.reverse()
    random.Random(pieces).shuffle(shuffled)
    each = -(-len(STORY) // pieces)
    writer = Writer(embedded_store)
    for batch, start in enumerate(range(0, len(STORY), each), start=1):
        writer.batch(batch, [event for story in (told, reverse, shuffled) for event in story[start : start + each]])
        agree(embedded_store, [event for story in (told, reverse, shuffled) for event in story[: start + each]])


def test_what_the_figures_are(any_store: Store) -> None:
    Writer(any_store).batch(1, [event | {"event_key": number} for number, event in enumerate(STORY)])
    counted = {
        (clock, measure): n
        for clock, measure, n in any_store.fetch_internal(
            "SELECT clock, measure, sum(n) FROM metrics_quarter GROUP BY ALL"
        )
    }
    assert {measure: n for (clock, measure), n in counted.items() if clock == "send" and n} == {
        "injected": 1,
        "deferred": 1,
        "sent": 1,
        "bounced": 1,
        "bounced_hard": 1,
        "opened": 1,
        "opened_human": 1,
        "clicked": 1,
        "clicked_human": 1,
        "unsubscribed": 1,
        "unsubscribed_human": 1,
        "unsubscribed_link": 1,
        "converted": 1,
        "opens": 3,
        "opens_human": 2,
        "clicks": 1,
        "clicks_human": 1,
        "conversions": 1,
    }
    money = any_store.fetch_internal("SELECT clock, sum(amount) FROM metrics_quarter GROUP BY clock ORDER BY clock")
    assert money.rows == [("event", Decimal("19.9")), ("send", Decimal("19.9"))]


def corrected(row: dict[str, Any], **verdict: Any) -> list[dict[str, Any]]:
    """Return the pair of rows that gives an event another verdict."""
    return [row | {"weight": -1, "correction": 1}, row | verdict | {"correction": 1}]


def test_a_correction_takes_the_old_verdict_out_of_every_table(embedded_store: Store) -> None:
    """A changed verdict is a pair of rows: the first opener is another one, the click is none, nobody left."""
    first = {"type": "opened", "occurred_at": START + MINUTE, "event_key": 5, "actor": "human", "recipient_key": 7}
    second = first | {"occurred_at": START + 5 * MINUTE, "event_key": 6}
    click = first | {"type": "clicked", "occurred_at": START + 2 * MINUTE, "event_key": 7}
    left = first | {"type": "unsubscribed", "event_key": 8, "unsubscribe_method": "one_click"}
    writer = Writer(embedded_store)
    writer.batch(1, [{"type": "delivered", "event_key": 4}, first, second, click, left])
    pairs = [row for one in (first, click, left) for row in corrected(one, actor="machine")]
    writer.batch(2, [*pairs, second | {"event_key": 9, "occurred_at": START + 9 * MINUTE}])
    told = "SELECT measure, sum(n) FROM metrics_quarter WHERE clock = 'event' GROUP BY measure HAVING sum(n) != 0"
    sums = {str(measure): n for measure, n in embedded_store.fetch_internal(told)}
    once = ("delivered", "tracked_delivered", "sent", "opened", "opened_human", "clicked", "clicks", "unsubscribed")
    assert sums == dict.fromkeys(once, 1) | {"opens": 3, "opens_human": 2}
    state = "SELECT opened_at, opened_human_at, unsubscribe_method FROM messages FINAL"
    opened, by_person, method = embedded_store.fetch_internal(state).rows[0]
    assert (by_person - opened, method) == (dt.timedelta(minutes=4), "")  # type: ignore[operator]  # times
    contacts = "SELECT event_key FROM touchpoints FINAL ORDER BY event_key"
    assert embedded_store.fetch_internal(contacts).rows == [(6,), (9,)]
    life = "SELECT event_key, actor FROM recipient_events GROUP BY ALL HAVING sum(weight) > 0 ORDER BY event_key"
    assert embedded_store.fetch_internal(life).rows == [
        (5, "machine"),
        (6, "human"),
        (7, "machine"),
        (8, "machine"),
        (9, "human"),
    ]
    keys = "SELECT event_key, count() FROM event_keys GROUP BY event_key HAVING count() > 1"
    assert embedded_store.fetch_internal(keys).rows == []
    for name in (*SETS, *RECOVER):  # after an unclean stop: nothing changes
        embedded_store.execute(name, {"batch": 2})
    assert {str(measure): n for measure, n in embedded_store.fetch_internal(told)} == sums
    assert embedded_store.fetch_internal(state).rows == [(opened, by_person, method)]
    wrong = [text for text in disagreements(embedded_store) if "intake" not in text]
    assert wrong == []


def test_the_other_tables(embedded_store: Store) -> None:
    story = [event | {"event_key": number} for number, event in enumerate(STORY)]
    Writer(embedded_store).batch(3, story)
    for name in SETS:  # keyed sets: a repetition changes nothing
        embedded_store.execute(name, {"batch": 3})
    count = "SELECT count() FROM {table} FINAL"
    found = {
        table: embedded_store.fetch_internal(count.format(table=table)).scalar()
        for table in ("conversions", "touchpoints")
    }
    assert found == {"conversions": 1, "touchpoints": 1}
    assert embedded_store.fetch_internal("SELECT uniqExact(event_key), any(batch_id) FROM event_keys").rows == [(11, 3)]


def invented(seed: int, messages: int, most_events: int) -> list[Event]:
    """Return events of every kind in no good order, of a few tenants, campaigns and providers."""
    chance = random.Random(seed)
    types = [*("delivered", "opened", "clicked") * 3, *("injected", "deferred", "bounced", "dropped", "complained")]
    types += ["unsubscribed", "resubscribed", "replied", "forwarded", "shared", "converted", "touched", "unknown"]
    keys = itertools.count(1)
    result: list[Event] = []
    for message in range(messages):
        dimensions = {
            "tenant": chance.choice(["t_1", "t_1", "o'neill \\"]),
            "message_key": message + (chance.choice([0, 2**63])),
            "message_sent_at": chance.choice([0, 0, START // 1000 - 3600]),
        }
        for _ in range(chance.randint(1, most_events)):
            kind = chance.choice(types)
            revenue = Decimal(chance.choice([0, 1999, -500])) / 100 if kind == "converted" else Decimal(0)
            result.append(
                dimensions
                | {
                    "event_key": next(keys),
                    "type": kind,
                    "occurred_at": START + chance.randint(0, 100) * chance.choice([1, 1000, 100_000, 86_400]),
                    # Not every event tells where its message belongs.
                    "campaign_id": chance.choice(["", "a", "b"]),
                    "provider": chance.choice(["", "gmail"]),
                    "recipient_key": chance.choice([0, 42]),
                    "untracked": int(chance.random() < 0.1),
                    "actor": chance.choice(["human", "proxy", "machine", "unknown"]),
                    "link_kind": chance.choice(["", "", "unsubscribe"]) if kind == "clicked" else "",
                    "bounce_class": chance.choice(["hard", "soft", "block"]) if kind == "bounced" else "",
                    "bounce_reason": chance.choice(["x", "y"]) if kind == "bounced" else "",
                    "unsubscribe_method": chance.choice(["link", "own", ""]) if kind == "unsubscribed" else "",
                    "revenue": revenue,
                    "value": revenue,
                }
            )
    chance.shuffle(result)
    return result


@pytest.mark.parametrize("seed", range(4))
def test_any_events_in_any_batches(any_store: Store, seed: int, long: bool) -> None:
    told = invented(seed, messages=400 if long else 60, most_events=12)
    chance = random.Random(seed)
    batch, start = 0, 0
    writer = Writer(any_store)
    while start < len(told):
        size = chance.choice([1, 3, 40, 200])
        batch += 1
        writer.batch(batch, told[start : start + size])
        start += size
    agree(any_store, told)
    run(any_store, "OPTIMIZE TABLE metrics_quarter FINAL")
    run(any_store, "OPTIMIZE TABLE messages FINAL")
    agree(any_store, told)


@pytest.mark.parametrize("seed", [0, pytest.param(1, marks=pytest.mark.long)])
def test_the_split_does_not_matter(embedded_store: Store, seed: int, long: bool) -> None:
    """States after many small batches equal those after one, field by field."""
    told = invented(seed + 100, messages=60 if long else 8, most_events=6)
    states = "SELECT * EXCEPT (version, shard, born) FROM messages FINAL ORDER BY tenant, message_key"
    Writer(embedded_store).batch(1, told)
    whole = embedded_store.fetch_internal(states).rows
    for table in ("events", "messages", "metrics_quarter", "metrics_minute"):
        run(embedded_store, f"TRUNCATE TABLE {table} SYNC")
    told.reverse()
    writer = Writer(embedded_store)
    for batch, event in enumerate(told, start=1):
        writer.batch(batch, [event])
    assert embedded_store.fetch_internal(states).rows == whole
    agree(embedded_store, told)


@pytest.mark.parametrize("missing", ["everything", "nothing", "messages", "quarter", "minute"])
def test_recovery_from_a_batch_cut_off_anywhere(embedded_store: Store, missing: str) -> None:
    """A kill leaves the base with the batch and any of the views without it; recovery makes all agree, repeatedly."""
    told = invented(7, messages=30, most_events=10)
    before, last = told[: len(told) // 2], told[len(told) // 2 :]
    writer = Writer(embedded_store)
    writer.batch(1, before)
    writer.insert(2, last)
    view = f"message_changes_to_{missing}"
    if missing == "nothing":
        embedded_store.execute("derive_messages", {"batch": 2})
    elif missing != "everything":
        run(embedded_store, f"DETACH TABLE {view}")
        try:
            embedded_store.execute("derive_messages", {"batch": 2})
        finally:
            run(embedded_store, f"ATTACH TABLE {view}")
    for _ in range(2):
        for name in RECOVER:
            embedded_store.execute(name, {"batch": 2})
        agree(embedded_store, told)
    # The next batch builds on what recovery left.
    more = [
        row | {"event_key": row["event_key"] + 10_000, "occurred_at": row["occurred_at"] + 900_000}
        for row in before[:20]
    ]
    writer.batch(3, more)
    agree(embedded_store, [*told, *more])
