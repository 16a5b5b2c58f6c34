"""Reports of one message that come by different ways: told once as the message they are about."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from sendlens.model.events import Event
from sendlens.pipeline.agreement import disagreements
from sendlens.sources.mail import dispatch
from sendlens.sources.mail.options import MailOptions
from sendlens.store.client import Store
from tests.pipeline.house import NOW, Cut, House, cut_after
from tests.sources.mail.letters import ORIGINAL, dsn, feedback

BLANK = ORIGINAL.replace("To: ada@example.net", "To: redacted@redacted.invalid").replace(
    "for <ada@example.net>", "for <redacted>"
)
REPORT = "Feedback-Type: abuse\nUser-Agent: Mailbox/1.0\nVersion: 1\n"
COMPLAINED = "SELECT message_id, recipient, provider, campaign_id FROM events WHERE type = 'complained' ORDER BY 1"
BY_CAMPAIGN = """
SELECT campaign_id, provider, sum(n) FROM metrics_quarter
WHERE clock = 'event' AND measure = 'complained' GROUP BY ALL HAVING sum(n) != 0 ORDER BY ALL
"""
BOUNCES = """
SELECT measure, sum(n) FROM metrics_quarter
WHERE clock = 'event' AND measure IN ('sent', 'bounced', 'bounced_hard') AND campaign_id = 'receipts'
GROUP BY measure ORDER BY measure
"""
SES = "0100018f1c2d3e4f-aaaa-bbbb-000000"


@pytest.fixture
def house(tmp_path: Path, embedded_store: Store) -> Iterator[House]:
    """A house with an empty store."""
    it = House(tmp_path, embedded_store)
    yield it
    it.close()


def carry(house: House) -> None:
    writer = house.writer()
    writer.settle()
    while writer.step(wait=0):
        pass


def rows(house: House, sql: str) -> list[tuple[object, ...]]:
    return list(house.store.fetch_internal(sql).rows)


def sent(message: str, recipient: str, **more: object) -> Event:
    facts = {"id": f"{message}-{recipient}", "type": "delivered", "occurred_at": NOW - 60_000, "campaign_id": "real"}
    return msgspec.convert(facts | {"message_id": message, "recipient": recipient} | more, Event)


def complaint(message: str) -> Event:
    """Return a complaint of Yahoo's about a message, with the recipient blanked out."""
    report = feedback(
        REPORT,
        BLANK.replace("m-17@sender.example", message),
        **{"From": "Yahoo feedback <feedback@arf.mail.yahoo.com>", "Message-ID": f"<fbl-{message}>"},
    )
    (event,) = dispatch.read(report, MailOptions(), NOW).events
    assert (event.recipient, event.message_id) == ("", message)
    return event


def returned(message: str, recipient: str) -> Event:
    """Return the bounce that a mail tells of a message."""
    group = f"Final-Recipient: rfc822; {recipient}\nAction: failed\nStatus: 5.1.1\nDiagnostic-Code: smtp; 550 no user\n"
    report = dsn(group, original=ORIGINAL.replace("m-17@sender.example", message))
    (event,) = dispatch.read(report, MailOptions(), NOW).events
    return event


def test_reports_by_different_ways_are_about_one_message(house: House) -> None:
    bounced = {"type": "bounced", "smtp_reply": "550 5.1.1 unknown", "campaign_id": "receipts"}
    house.append([sent("earlier", "Ada@yahoo.com"), sent("shared", "ada@yahoo.com"), sent("shared", "bob@yahoo.com")])
    house.append([sent(SES, "cy@example.net", **bounced)])
    carry(house)
    house.append([complaint("earlier"), complaint("shared"), complaint("unheard-of")])
    house.append([sent("together", "dan@gmail.com"), complaint("together")])
    house.append([returned(f"{SES}@eu-west-1.amazonses.com", "CY@example.net")])
    carry(house)

    # Whoever shares an id with others, or is unknown, stays unnamed: nothing is guessed but who reported.
    assert rows(house, COMPLAINED) == [
        ("earlier", "ada@yahoo.com", "yahoo_aol", "autumn"),
        ("shared", "", "yahoo_aol", "autumn"),
        ("together", "dan@gmail.com", "gmail", "autumn"),
        ("unheard-of", "", "yahoo_aol", "autumn"),
    ]
    # A message that is known tells its campaign better than the report's Feedback-ID.
    assert rows(house, BY_CAMPAIGN) == [("autumn", "yahoo_aol", 2), ("real", "gmail", 1), ("real", "yahoo_aol", 1)]
    assert rows(house, "SELECT count() FROM events WHERE type = 'bounced'") == [(2,)], "both reports are kept"
    assert rows(house, BOUNCES) == [("bounced", 1), ("bounced_hard", 1), ("sent", 1)]
    assert disagreements(house.store) == []


def test_a_batch_that_is_cut_off_finds_the_same_recipient_again(house: House) -> None:
    house.append([sent("earlier", "ada@yahoo.com")])
    carry(house)
    house.append([complaint("earlier")])
    with pytest.raises(Cut):
        house.writer(cut_after(3)).step(wait=0)
    carry(house)
    assert rows(house, BY_CAMPAIGN) == [("real", "yahoo_aol", 1)]
    assert disagreements(house.store) == []
