"""Random histories of the pipeline: duplicate, reorder, split, delay, correct and crash; the figures never notice.

The machine keeps the plain list of distinct events. Whatever happens on the way, at the end every table agrees with the
base, each event is there once, and the sums are those of a second tenant that received every event once and in order.
"""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from sendlens.model.events import Event, EventType
from sendlens.pipeline.agreement import disagreements
from sendlens.store.client import Store
from tests.harness.store import truncate
from tests.pipeline.house import NOW, Cut, House, cut_after

ACTED = (EventType.OPENED, EventType.CLICKED, EventType.UNSUBSCRIBED)

OUTLINES = st.lists(
    st.fixed_dictionaries(
        {
            "type": st.sampled_from([t for t in EventType if t is not EventType.UNKNOWN]),
            "message": st.integers(0, 5),
            "campaign": st.sampled_from(["", "spring", "summer"]),
            "minutes": st.one_of(st.integers(0, 40), st.sampled_from([60 * 24 * 3, 60 * 24 * 45])),
            "agent": st.sampled_from(["", "Mozilla/5.0", "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X)"]),
            "reply": st.sampled_from(["", "550 5.1.1 no such user", "452 4.2.2 mailbox full"]),
            "timeless": st.booleans(),
            "seconds": st.sampled_from([0, 0, 1, 2, 9, 25, 50]),
            "link": st.sampled_from(["a", "b", "c", "honeypot"]),
        }
    ),
    min_size=1,
    max_size=12,
)
SUMS = """
SELECT clock, measure, bucket, campaign_id, provider, sum(n) AS n, sum(amount) AS amount
FROM metrics_quarter WHERE tenant = {name:String}
GROUP BY clock, measure, bucket, campaign_id, provider HAVING n != 0 OR amount != 0
ORDER BY ALL
"""
VERDICTS = """
SELECT message_id, type, occurred_at, link_id, actor, actor_reason, actor_confidence, sum(weight) FROM events
WHERE tenant = {name:String} GROUP BY ALL HAVING sum(weight) != 0 ORDER BY ALL
"""
BROWSER = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X)"


class Pipeline(RuleBasedStateMachine):
    """One tenant that suffers everything, and the list of what it should know."""

    store: Store

    @initialize()
    def open(self) -> None:
        """Begin with an empty house."""
        truncate(self.store)
        self.directory = Path(tempfile.mkdtemp(prefix="sendlens-machine-"))
        self.house = House(self.directory, self.store)
        self.events: list[Event] = []
        self.sent = 0
        self.writer = self.house.writer()

    @rule(outlines=OUTLINES, data=st.data())
    def new_events(self, outlines: list[dict[str, Any]], data: st.DataObject) -> None:
        """New events arrive, in any order, in one request or several."""
        fresh = [self._event(len(self.events) + i, outline) for i, outline in enumerate(outlines)]
        self.events += fresh
        order = data.draw(st.permutations(fresh))
        cut = data.draw(st.integers(0, len(order)))
        for part in (order[:cut], order[cut:]):
            self._send(part)

    @rule(message=st.integers(0, 5), start=st.integers(0, 5), data=st.data())
    def scanned(self, message: int, start: int, data: st.DataObject) -> None:
        """A scanner follows some links within seconds; its clicks come in any order, and anything may lie between."""
        base = {"type": EventType.CLICKED, "message": message, "campaign": "", "minutes": start, "agent": BROWSER}
        rest = {"reply": "", "timeless": False}
        pace = data.draw(st.sampled_from([1, 8, 14, 16, 40]))
        clicks = [
            self._event(len(self.events) + i, base | rest | {"seconds": i * pace, "link": link})
            for i, link in enumerate(data.draw(st.permutations("abc")))
        ]
        self.events += clicks
        for click in data.draw(st.permutations(clicks)):
            self._send([click])
            if data.draw(st.booleans()):
                self.writer.step(wait=0)

    @rule(data=st.data())
    def repeated(self, data: st.DataObject) -> None:
        """A sender that saw no answer sends some events again, among others."""
        if self.events:
            again = data.draw(st.lists(st.sampled_from(self.events), max_size=8))
            self._send(again)

    @rule()
    def stored(self) -> None:
        """The writer carries what waits."""
        self.writer.step(wait=0)

    @rule(statements=st.integers(0, 9))
    def crash(self, statements: int) -> None:
        """The process ends in the middle of a batch, and another one starts."""
        with contextlib.suppress(Cut):
            self.house.writer(cut_after(statements)).step(wait=0)
        self._start(crashing=statements % 2 == 1)

    @rule()
    def restart(self) -> None:
        """A clean stop and start: nothing is in memory any more."""
        self._start(crashing=False)

    def teardown(self) -> None:
        """Carry everything, and compare."""
        if not hasattr(self, "house"):
            return
        try:
            self._start(crashing=False)
            while self.writer.step(wait=0):
                pass
            self._compare()
        finally:
            self.house.close()
            shutil.rmtree(self.directory)

    def _compare(self) -> None:
        assert disagreements(self.store) == []
        count = "SELECT toUInt64(sum(weight)), uniqExact(event_key) FROM events"
        assert self.store.fetch_internal(count).rows == [(len(self.events), len(self.events))]
        accounts = "SELECT sum(received), sum(stored), sum(duplicate), sum(rejected), sum(dead) FROM intake FINAL"
        expected = (self.sent, len(self.events), self.sent - len(self.events), 0, 0)
        assert self.store.fetch_internal(accounts).rows == [expected]
        # The same events, once and in order, for a tenant of their own, in one batch.
        calm = self.house.control.tenants.create("calm", "Calm")
        suffered, self.house.tenant = self.house.tenant, calm
        if self.events:
            self.house.append(self.events)
            self.writer.step(wait=0)
        sums = {tenant.slug: self.store.fetch_internal(SUMS, {"name": tenant.id}).rows for tenant in (suffered, calm)}
        assert sums[suffered.slug] == sums["calm"]
        verdicts = [self.store.fetch_internal(VERDICTS, {"name": one.id}).rows for one in (suffered, calm)]
        assert verdicts[0] == verdicts[1]
        assert disagreements(self.store) == []
        uncounted = (EventType.RESUBSCRIBED, EventType.TOUCHED)
        counted = [event for event in self.events if event.type not in uncounted and event.link_id != "honeypot"]
        assert bool(sums["calm"]) == bool(counted)

    def _start(self, *, crashing: bool) -> None:
        if crashing:
            with contextlib.suppress(Cut):
                self.house.writer(cut_after(2)).settle()
        self.writer = self.house.writer()
        self.writer.settle()

    def _send(self, events: list[Event]) -> None:
        self.sent += len(events)
        if events:
            self.house.append(events)

    def _event(self, number: int, outline: dict[str, Any]) -> Event:
        kind = outline["type"]
        bounced = kind in (EventType.BOUNCED, EventType.DEFERRED)
        event = Event(
            type=kind,
            id=f"e{number}",
            occurred_at=0 if outline["timeless"] else NOW - outline["minutes"] * 60_000 + outline["seconds"] * 1000,
            message_id=f"m{outline['message']}",
            recipient=f"p{outline['message']}@{('gmail.com', 'yahoo.com')[outline['message'] % 2]}",
            campaign_id=outline["campaign"],
            user_agent=outline["agent"] if kind in ACTED else "",
            link_url="https://shop.example/" if kind is EventType.CLICKED else "",
            link_id=outline["link"] if kind is EventType.CLICKED else "",
            smtp_reply=outline["reply"] if bounced else "",
        )
        return (
            msgspec.structs.replace(event, value=Decimal(3), currency="USD") if kind is EventType.CONVERTED else event
        )


@pytest.mark.filterwarnings("ignore::hypothesis.errors.NonInteractiveExampleWarning")
def test_whatever_happens_the_figures_are_the_same(embedded_store: Store, long: bool) -> None:
    """Run random histories."""

    class Machine(Pipeline):
        store = embedded_store

    run_state_machine_as_test(
        Machine,
        settings=settings(
            max_examples=200 if long else 12,
            stateful_step_count=12,
            deadline=None,
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
        ),
    )
