"""A batch that is cut short after any of its steps: the next start finishes it, and every table agrees."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from sendlens.model.blocks import Block, pack
from sendlens.model.events import Campaign, Event, EventType, RecordKind, Spend
from sendlens.model.reports import DmarcRecord, TlsReport
from sendlens.pipeline.agreement import disagreements
from sendlens.pipeline.portion import Portion
from sendlens.pipeline.rows import Made, Rower
from sendlens.store.client import Store
from tests.pipeline.house import NOW, Cut, House, cut_after

MONTH_MS = 31 * 86_400_000


@pytest.fixture
def house(tmp_path: Path, embedded_store: Store) -> Iterator[House]:
    """A house with an empty store."""
    it = House(tmp_path, embedded_store)
    yield it
    it.close()


def events(first: int, count: int) -> list[Event]:
    """Events of several kinds about few messages, over three months."""
    kinds = (EventType.INJECTED, EventType.DELIVERED, EventType.OPENED, EventType.CLICKED, EventType.BOUNCED)
    return [
        Event(
            type=kinds[i % len(kinds)],
            id=f"e{i}",
            occurred_at=NOW - (i % 3) * MONTH_MS - i * 61_000,
            message_id=f"m{i % 7}",
            recipient=f"p{i % 7}@gmail.com",
            campaign_id=("", "spring")[i % 2],
        )
        for i in range(first, first + count)
    ]


# Three months of events, three keyed tables (nothing was converted), states and sums, the accounts: eight.
@pytest.mark.parametrize("statements", range(9))
def test_cut_after_any_statement(house: House, statements: int) -> None:
    """Whatever the first try left behind, the next start finishes the batch as if it had never been cut."""
    house.append(events(0, 30))
    house.writer().step(wait=0)
    house.append(events(20, 40), rejected=3)  # ten of them were there before
    if statements < 8:
        with pytest.raises(Cut):
            house.writer(cut_after(statements)).step(wait=0)
    else:
        house.writer(cut_after(statements)).step(wait=0)

    again = house.writer()
    again.settle()
    again.step(wait=0)

    assert disagreements(house.store) == []
    assert house.store.fetch_internal("SELECT count(), uniqExact(event_key) FROM events").rows == [(60, 60)]
    accounts = "SELECT sum(received), sum(stored), sum(duplicate), sum(rejected), sum(dead) FROM intake FINAL"
    assert house.store.fetch_internal(accounts).rows == [(73, 60, 10, 3, 0)]
    assert house.control.ledger.pending() == []
    assert house.log.backlog() == 0


def test_cut_while_recovering(house: House) -> None:
    """A second and a third cut, in the middle of the recovery from the first, change nothing either."""
    house.append(events(0, 40))
    with pytest.raises(Cut):
        house.writer(cut_after(7)).step(wait=0)
    for statements in range(9):
        cut = house.writer(cut_after(statements))
        try:
            cut.settle()
        except Cut:
            continue
    house.writer().settle()
    assert disagreements(house.store) == []
    assert house.store.fetch_internal("SELECT count() FROM events").rows == [(40,)]


def test_one_event_that_cannot_be_digested(house: House) -> None:
    """It is set aside with the reason; its neighbours are stored, and the account adds up."""
    good = events(0, 5)
    # The door would refuse this: a number that does not fit the column stands for a mistake of ours.
    bad = Event(type=EventType.BOUNCED, id="bad", occurred_at=NOW, recipient="x@y.z", smtp_code=10**6)
    house.append([*good[:2], bad, *good[2:]])
    house.writer().step(wait=0)
    assert house.store.fetch_internal("SELECT count() FROM events").rows == [(5,)]
    letters = house.control.deadletters.list(house.tenant.id)
    assert [(letter.position, b"bad" in letter.body) for letter in letters] == [(2, True)]
    assert "1000000" in letters[0].reason
    accounts = "SELECT sum(received), sum(stored), sum(dead) FROM intake FINAL"
    assert house.store.fetch_internal(accounts).rows == [(6, 5, 1)]
    assert disagreements(house.store) == []


def test_campaigns_keep_the_latest_facts(house: House) -> None:
    """A later record replaces an earlier one, and both are accounted for."""
    records = [
        Campaign(campaign_id="spring", name="Draft", changed_at=NOW),
        Campaign(campaign_id="spring", name="Spring sale", total_sent=10, changed_at=NOW + 1),
    ]
    block = Block(
        tenant=house.tenant.id, source="api", kind=RecordKind.CAMPAIGN, received_at=NOW, count=2, body=pack(records)
    )
    asyncio.run(house.log.append(block))
    house.writer().step(wait=0)
    found = house.store.fetch_internal("SELECT name, total_sent FROM campaigns FINAL").rows
    assert found == [("Spring sale", 10)]
    assert house.store.fetch_internal("SELECT kind, sum(stored) FROM intake FINAL GROUP BY kind").rows == [
        ("campaign", 2)
    ]


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 0, 2)])
def test_a_provider_known_by_its_exchanger_wins(house: House, order: tuple[int, ...]) -> None:
    """One event names the mail exchanger, another only the address, a third not even that: any order, one answer."""
    told = [
        Event(type=EventType.INJECTED, id="0", occurred_at=NOW, message_id="m", recipient="a@zebra.example"),
        Event(
            type=EventType.DELIVERED,
            id="1",
            occurred_at=NOW,
            message_id="m",
            recipient="a@zebra.example",
            mx="zebra-example.mail.protection.outlook.com",
        ),
        Event(type=EventType.OPENED, id="2", occurred_at=NOW, message_id="m", recipient="a@zebra.example"),
    ]
    for number in order:
        house.append([told[number]])
        house.writer().step(wait=0)
    assert house.store.fetch_internal("SELECT provider FROM messages FINAL").rows == [("microsoft_365",)]
    assert disagreements(house.store) == []


def test_a_spend_that_cannot_be_digested_stops_nobody(house: House) -> None:
    """Its block is set aside with the reason; what follows is stored."""
    records = [Spend(campaign_id="c", channel="x", hour=NOW, cost=Decimal("1e30"), currency="EUR")]
    block = Block(
        tenant=house.tenant.id, source="api", kind=RecordKind.SPEND, received_at=NOW, count=1, body=pack(records)
    )
    asyncio.run(house.log.append(block))
    house.append(events(0, 5))
    house.writer().step(wait=0)
    assert house.store.fetch_internal("SELECT count() FROM events").rows == [(5,)]
    assert [letter.kind for letter in house.control.deadletters.list(house.tenant.id)] == ["spend"]
    assert house.store.fetch_internal("SELECT sum(dead), sum(stored) FROM intake FINAL").rows == [(1, 5)]


def test_a_shortage_of_memory_buries_nobody(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """It says nothing about the events: they stay in the log, and are stored once there is room again."""
    house.append(events(0, 5))

    def no_room(*_: object) -> None:
        raise MemoryError

    with monkeypatch.context() as patch:
        patch.setattr(Rower, "columns", no_room)
        with pytest.raises(MemoryError):
            house.writer().step(wait=0)
    house.writer().step(wait=0)
    assert house.store.fetch_internal("SELECT count() FROM events").rows == [(5,)]
    assert house.control.deadletters.list(house.tenant.id) == []


def test_rows_of_a_report_that_comes_twice_are_there_once(house: House) -> None:
    rows = [
        DmarcRecord(
            org="mailbox.example",
            report_id="r-1",
            row=number,
            begin_at=NOW // 1000 * 1000,
            end_at=NOW,
            domain="sender.example",
            source_ip="192.0.2.1",
            count=7,
            dkim_domains=("sender.example",),
        )
        for number in range(2)
    ]
    tls = TlsReport(
        org="m", report_id="t-1", row=0, begin_at=NOW, end_at=NOW, domain="sender.example", policy_type="sts", failed=3
    )
    for kind, records in ((RecordKind.DMARC, rows), (RecordKind.TLS_REPORT, [tls])):
        for source in ("mail", "src_x"):
            block = Block(
                tenant=house.tenant.id,
                source=source,
                kind=kind,
                received_at=NOW,
                count=len(records),
                body=pack(records),
            )
            asyncio.run(house.log.append(block))
    house.writer().step(wait=0)
    found = house.store.fetch_internal(
        "SELECT count(), sum(count), any(begin_at), any(dkim_domains[1]), (SELECT sum(failed) FROM tls_reports FINAL) "
        "FROM dmarc_records FINAL"
    ).rows
    ((number, mails, begin, signer, failed),) = found
    assert (number, mails, signer, failed) == (2, 14, "sender.example", 3)
    assert str(begin).startswith(time.strftime("%Y-%m-%d %H:%M", time.gmtime(NOW // 1000)))


# Three months, keys, touchpoints, states and sums, engagements: what the batch has done when it is cut.
@pytest.mark.parametrize("statements", range(1, 8, 2))
def test_finished_by_a_version_that_reads_what_the_first_one_could_not(
    house: House, monkeypatch: pytest.MonkeyPatch, statements: int
) -> None:
    """The first version sets an event aside and is killed; what the next one finishes is the same batch."""
    house.append(events(0, 30))
    with monkeypatch.context() as old:
        refuse(old, "e7")  # in a month with others of the batch, and of a message with others
        with pytest.raises(Cut):
            house.writer(cut_after(statements)).step(wait=0)
    again = house.writer()
    again.settle()

    assert house.store.fetch_internal("SELECT count(), uniqExact(event_key) FROM events").rows == [(29, 29)]
    letters = house.control.deadletters.list(house.tenant.id)
    assert [b'"e7"' in letter.body for letter in letters] == [True]
    accounts = "SELECT sum(received), sum(stored), sum(duplicate), sum(rejected), sum(dead) FROM intake FINAL"
    assert house.store.fetch_internal(accounts).rows == [(30, 29, 0, 0, 1)]
    assert disagreements(house.store) == []


def test_an_event_that_no_letter_tells_of_is_stored_in_a_month_that_is_there(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A month is not taken for whole: rows are looked for by key."""
    house.append(events(0, 30))
    with monkeypatch.context() as old:
        refuse(old, "e7")
        with pytest.raises(Cut):
            house.writer(cut_after(3)).step(wait=0)  # the three months of the base table
    letters = house.control.deadletters.list(house.tenant.id)
    house.control.deadletters.remove(house.tenant.id, [letter.id for letter in letters])
    house.writer().settle()
    assert house.store.fetch_internal("SELECT count(), uniqExact(event_key) FROM events").rows == [(30, 30)]
    accounts = "SELECT sum(received), sum(stored), sum(dead) FROM intake FINAL"
    assert house.store.fetch_internal(accounts).rows == [(30, 30, 0)]
    assert disagreements(house.store) == []


def refuse(patch: pytest.MonkeyPatch, name: str) -> None:
    """Have the code stumble over one event."""
    right = Rower.columns

    def wrong(self: Rower, portion: Portion) -> Made:
        if any(event.id == name for event in portion.events):
            raise ZeroDivisionError("a mistake of ours")
        return right(self, portion)

    patch.setattr(Rower, "columns", wrong)
