"""Log, dead letters and waiting records: a person leaves each of them, and everybody else stays."""

import contextlib
import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from sqlalchemy import text

from sendlens.clock import FrozenClock
from sendlens.control.deadletters import DeadLetter
from sendlens.errors import SettingsError, Unavailable
from sendlens.model.blocks import Block, pack
from sendlens.model.events import Event, EventType, RecordKind
from sendlens.pipeline import expiry
from sendlens.pipeline.agreement import disagreements
from sendlens.privacy import desk as desks
from sendlens.privacy.desk import PrivacyDesk
from sendlens.privacy.errands import Errands
from sendlens.settings import Settings
from sendlens.store import Store
from tests.pipeline.house import NOW, Cut, House

ANNA, BERT = "anna@example.org", "bert@example.org"


def event(recipient: str, kind: EventType = EventType.DELIVERED) -> Event:
    return Event(
        type=kind, occurred_at=NOW, recipient=recipient, message_id=f"m-{recipient}", metadata={"to": recipient}
    )


@pytest.fixture
def house(tmp_path: Path, embedded_store: Store) -> Iterator[House]:
    house = House(tmp_path, embedded_store)
    yield house
    house.close()


def desk_of(house: House, data: Path, clock: FrozenClock | None = None) -> PrivacyDesk:
    return PrivacyDesk(
        settings=Settings(data=data),
        clock=clock or FrozenClock(NOW),
        control=house.control,
        log=house.log,
        store=house.store,
        writer=house.writer(),
    )


def letter(house: House, position: int, body: bytes, reason: str = "ValueError: x", records: int = 1) -> None:
    house.control.deadletters.add(
        [
            DeadLetter(
                tenant=house.tenant.id,
                source="api",
                kind="event",
                batch_id=1,
                position=position,
                reason=reason,
                body=body,
                records=records,
            )
        ]
    )


def test_log_and_tables_lose_the_person_and_keep_their_counts(house: House, tmp_path: Path) -> None:
    house.append([event(ANNA), event(BERT), event(ANNA, EventType.OPENED)])
    house.append([event(BERT, EventType.OPENED)])
    house.writer().step(wait=0)
    done = desk_of(house, tmp_path).erase(house.tenant.id, ANNA.upper(), actor="key_1")
    assert (done.clean, done.left, done.files) == (True, [], True)
    assert (done.rows["events"], done.rows["messages"], done.log_blocks) == (2, 1, 1)
    first, second = house.log.read(0, 0, max_records=100)
    assert [one.recipient for one in first.block.records() if isinstance(one, Event)] == ["", BERT, ""]
    assert (first.block.count, second.block.count, house.log.backlog()) == (3, 1, 0)
    assert disagreements(house.store) == []
    # The same request once more finds nobody, and does no harm.
    again = desk_of(house, tmp_path).erase(house.tenant.id, ANNA, actor="key_1")
    assert (again.clean, again.rows["events"], again.log_blocks) == (True, 0, 0)


def test_what_tells_who_it_was_goes_from_log_and_tables_alike(house: House, tmp_path: Path) -> None:
    """Not only where the address stands: whatever only an event of hers says."""
    texts = dict.fromkeys(("message_id", "subject", "user_agent", "smtp_reply", "order_id", "raw"), "of anna")
    hers = Event(
        type=EventType.CONVERTED,
        id="7",
        occurred_at=NOW,
        recipient=ANNA,
        campaign_id="spring",
        ip="198.51.100.7",
        link_url="https://shop.example/a?who=1#there",
        metadata={"plan": "gold"},
        **texts,
    )
    house.append([hers, msgspec.structs.replace(hers, type=EventType.CLICKED, id="8"), event(BERT)])
    house.writer().step(wait=0)
    assert desk_of(house, tmp_path).erase(house.tenant.id, ANNA, actor="key_1").clean
    left = {"campaign_id": "spring", "link_url": "https://shop.example/a"}
    names = ("recipient", "ip", "metadata", *texts, *left)
    wanted = [{"metadata": {}}.get(name, left.get(name, "")) for name in names]
    columns = ", ".join(names)
    stored = house.store.fetch_internal(f"SELECT {columns} FROM events WHERE campaign_id != ''")
    assert [list(row) for row in stored] == [wanted, wanted]
    block, *_ = house.log.read(0, 0, max_records=100)
    logged = [one for one in block.block.records() if isinstance(one, Event) and one.campaign_id]
    assert [[getattr(one, name) for name in names] for one in logged] == [wanted, wanted]
    others = "SELECT link_url FROM engagements FINAL UNION ALL SELECT order_id FROM conversions FINAL"
    assert sorted(house.store.fetch_internal(others).rows) == [("",), ("https://shop.example/a",)]
    assert disagreements(house.store) == []


def test_every_table_with_a_person_is_emptied_and_loses_old_messages(embedded_store: Store) -> None:
    with_column = (
        "SELECT table FROM system.columns WHERE database = currentDatabase() AND name = {name:String} AND table IN "
        "(SELECT name FROM system.tables WHERE database = currentDatabase() AND engine LIKE '%MergeTree')"
    )
    for name, emptied in (("recipient_key", desks.TABLES), ("message_key", expiry.TABLES)):
        assert {str(table) for (table,) in embedded_store.fetch_internal(with_column, {"name": name})} == set(emptied)


def test_an_event_told_again_after_the_erasure_is_not_counted_again(house: House, tmp_path: Path) -> None:
    house.append([event(ANNA)])
    house.writer().step(wait=0)
    desk_of(house, tmp_path).erase(house.tenant.id, ANNA, actor="key_1")
    house.append([event(ANNA)])
    house.writer().step(wait=0)
    assert house.store.fetch_internal("SELECT count(), max(recipient) FROM events").rows == [(1, "")]


def test_dead_letters_of_a_person_go_and_those_of_others_stay(house: House, tmp_path: Path) -> None:
    block = Block(tenant=house.tenant.id, source="api", kind=RecordKind.EVENT, received_at=NOW, count=2, body=b"")
    letter(house, 0, msgspec.json.encode(event(ANNA)))
    letter(house, 1, msgspec.json.encode(event(BERT)))
    letter(house, 2, msgspec.json.encode(event(BERT)), reason=f"ValueError: {ANNA} is odd")
    letter(house, -1, pack([event(ANNA), event(BERT)]), records=block.count)
    letter(house, -2, b"torn " + ANNA.encode())
    done = desk_of(house, tmp_path).erase(house.tenant.id, ANNA, actor="key_1")
    assert (done.dead_letters, done.clean) == (4, True), done.left
    one, whole = house.control.deadletters.list(house.tenant.id, waiting=False)
    assert (one.position, whole.position, whole.records) == (1, -1, 1)
    rest = msgspec.structs.replace(block, body=whole.body).records()
    assert [event.recipient for event in rest if isinstance(event, Event)] == [BERT]


def test_what_people_wrote_about_a_person_is_told(house: House, tmp_path: Path) -> None:
    tenant, control = house.tenant.id, house.control
    note = control.annotations.add(tenant, NOW, f"called {ANNA}", author="usr_1")
    control.annotations.add(tenant, NOW, f"called {BERT}", author="usr_1")
    view = control.views.save(tenant, "hers", "/recipients/anna%40example.org", author="usr_1")
    link, _ = control.shares.create(tenant, f"for {ANNA}", "/", days=7, frozen=True, author="usr_1")
    done = desk_of(house, tmp_path).erase(tenant, ANNA, actor="key_1")
    assert not done.clean
    assert done.left[:3] == [f"note {note.id}", f"saved view {view.id}", f"shared link {link.id}"]


def test_nothing_is_erased_while_records_wait(house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(desks, "SETTLE_SECONDS", 0.0)
    house.append([event(ANNA)])
    desk = desk_of(house, tmp_path)
    with pytest.raises(Unavailable, match="nothing was erased"):
        desk.erase(house.tenant.id, ANNA, actor="key_1")
    assert [one.recipient for one in desk.export(house.tenant.id, ANNA, actor="key_1").waiting] == [ANNA]


def test_a_damaged_block_of_the_log_stops_no_erasure(house: House, tmp_path: Path) -> None:
    house.append([event(ANNA)])
    house.append([event(BERT)])
    house.writer().step(wait=0)
    with contextlib.closing(sqlite3.connect(tmp_path / "log.sqlite")) as connection, connection:
        connection.execute("UPDATE blocks SET body = x'00' WHERE offset = 2")
    done = desk_of(house, tmp_path).erase(house.tenant.id, ANNA, actor="key_1")
    assert (done.log_blocks, done.clean) == (2, True), "a block that nobody can look through is emptied, too"


def test_a_letter_that_nobody_can_look_through_goes_with_whoever_is_erased(house: House, tmp_path: Path) -> None:
    house.append([event(ANNA), event(BERT)])
    house.writer().step(wait=0)
    whole = pack([event(ANNA), event(BERT)])
    letter(house, -1, whole[:-1] + bytes([whole[-1] ^ 1]))
    done = desk_of(house, tmp_path).erase(house.tenant.id, ANNA, actor="key_1")
    assert (done.dead_letters, done.clean) == (1, True)
    assert house.control.deadletters.list(house.tenant.id, waiting=False) == []


def test_another_tenant_keeps_its_own(house: House, tmp_path: Path) -> None:
    other = house.control.tenants.create("other", "Other")
    house.append([event(ANNA)])
    house.writer().step(wait=0)
    done = desk_of(house, tmp_path).erase(other.id, ANNA, actor="key_2")
    assert done.clean
    assert not done.files, "what the files hold of other tenants is none of this one's"
    assert house.store.fetch_internal("SELECT max(recipient) FROM events").scalar() == ANNA


class CuttingStore:
    """A store in whose place the process ends after so many statements."""

    def __init__(self, store: Store, statements: int) -> None:
        self._store = store
        self._left = statements

    def execute(self, *statement: Any) -> None:
        if not self._left:
            raise Cut
        self._left -= 1
        self._store.execute(*statement)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)


def test_an_erasure_that_cannot_be_finished_keeps_no_other_waiting(house: House, tmp_path: Path) -> None:
    house.append([event(ANNA), event(BERT)])
    house.writer().step(wait=0)
    erasures = house.control.erasures
    with house.control.database.write() as connection:
        sealed_with_another_key = {"tenant": house.tenant.id, "sealed": b"x" * 60, "now": NOW}
        connection.execute(
            text("INSERT INTO erasures (tenant, recipient, actor, begun_at) VALUES (:tenant, :sealed, 'key_1', :now)"),
            sealed_with_another_key,
        )
    (lost,) = erasures.unfinished()
    erasures.begin(house.tenant.id, ANNA, actor="key_1")
    clock = FrozenClock(NOW)
    desk = desk_of(house, tmp_path, clock)
    with pytest.raises(SettingsError):
        desk.resume()
    assert erasures.unfinished() == [lost]
    assert house.store.fetch_internal("SELECT DISTINCT recipient FROM events ORDER BY 1").rows == [("",), (BERT,)]
    assert desk.resume() == 0  # it is left alone for a while
    clock.advance(desks.RESUME_SECONDS)
    with pytest.raises(SettingsError):
        desk.resume()
    clock.advance(desks.RESUME_SECONDS)
    assert desk.resume() == 0  # and for longer each time


@pytest.mark.parametrize("statements", [0, 4, 8, *(pytest.param(n, marks=pytest.mark.long) for n in (1, 2, 3, 6, 9))])
def test_an_erasure_cut_off_anywhere_is_finished(house: House, tmp_path: Path, statements: int) -> None:
    """By what is on record of it: nobody has to ask again."""
    house.append([event(ANNA), event(BERT), event(ANNA, EventType.OPENED)])
    house.writer().step(wait=0)
    letter(house, 0, msgspec.json.encode(event(ANNA)))
    cut = desk_of(house, tmp_path)
    cut._store = CuttingStore(house.store, statements)  # pyright: ignore[reportPrivateUsage, reportAttributeAccessIssue] - stands for a kill
    with contextlib.suppress(Cut):
        cut.erase(house.tenant.id, ANNA, actor="key_1")
    with house.control.database.read() as connection:
        assert all(ANNA.encode() not in row[0] for row in connection.execute(text("SELECT recipient FROM erasures")))
    after = desk_of(house, tmp_path)
    assert after.resume() == (statements < 9)
    assert after.resume() == 0
    done = house.control.audit.list(house.tenant.id, recipient=ANNA)
    assert [(one.action, one.actor, '"clean":true' in one.result) for one in done] == [("erase", "key_1", True)]
    assert house.store.fetch_internal("SELECT DISTINCT recipient FROM events ORDER BY 1").rows == [("",), (BERT,)]
    assert house.control.deadletters.list(house.tenant.id, waiting=False) == []
    assert disagreements(house.store) == []


def test_a_page_that_watches_an_erasure_is_answered_after_a_restart(house: House, tmp_path: Path) -> None:
    tenant = house.tenant.id
    house.append([event(ANNA), event(BERT)])
    house.writer().step(wait=0)
    cut = desk_of(house, tmp_path)
    cut._store = CuttingStore(house.store, 4)  # pyright: ignore[reportPrivateUsage, reportAttributeAccessIssue] - stands for a kill
    name = "{}-{:013d}".format(*cut.subject(tenant, ANNA))
    assert ANNA.encode().hex() not in name
    before = Errands(cut).get(tenant, name)
    assert before is not None
    assert "Nothing was erased" in before.problem
    with contextlib.suppress(Cut):
        cut.erase(tenant, ANNA, actor="key_1")
    desk = desk_of(house, tmp_path)
    after = Errands(desk).get(tenant, name)
    assert after is not None
    assert (after.running, after.resumed) == (True, True)
    desk.resume()
    ended = Errands(desk).get(tenant, name)
    assert ended is not None
    assert ended.done is not None
    (entry,) = house.control.audit.list(tenant, recipient=ANNA)
    assert (ended.done.clean, ended.done.audit, ended.running) == (True, entry.id, False)
    assert Errands(desk).get(tenant, "nonsense") is None
    later = Errands(desk).get(tenant, f"{name.partition('-')[0]}-{10**13 - 1:013d}")
    assert later is not None
    assert later.done is None, "an erasure that was asked for later is another one"


def test_an_errand_has_its_end_in_the_process_that_began_it(house: House, tmp_path: Path) -> None:
    house.append([event(ANNA)])
    house.writer().step(wait=0)
    errands = Errands(desk_of(house, tmp_path))
    name = errands.begin(house.tenant.id, ANNA, actor="key_1")
    for thread in threading.enumerate():
        if thread.name == "erasure":
            thread.join(60)
    found = errands.get(house.tenant.id, name)
    assert found is not None
    assert found.done is not None
    assert found.done.clean
    assert errands.get("another", name) is None


def test_an_errand_that_failed_says_why_until_it_is_done(house: House, tmp_path: Path) -> None:
    house.append([event(ANNA)])
    house.writer().step(wait=0)
    desk = desk_of(house, tmp_path)
    desk._store = CuttingStore(house.store, 4)  # pyright: ignore[reportPrivateUsage, reportAttributeAccessIssue] - stands for a store that fails
    errands = Errands(desk)
    errands._run(name := "{}-{:013d}".format(*desk.subject(house.tenant.id, ANNA)), house.tenant.id, ANNA, "key_1")  # pyright: ignore[reportPrivateUsage] - what its thread does
    failed = errands.get(house.tenant.id, name)
    assert failed is not None
    assert (failed.running, failed.resumed) == (True, True)
    assert "its log says what" in failed.problem
    desk._store = house.store  # pyright: ignore[reportPrivateUsage]
    desk.resume()
    ended = errands.get(house.tenant.id, name)
    assert ended is not None
    assert (ended.running, ended.problem) == (False, "")
