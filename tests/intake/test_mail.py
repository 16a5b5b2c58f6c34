"""Posting mails: what is understood goes to the log by its kind, and the sender is told what it was."""

import gzip
from typing import Any
from urllib.parse import unquote

import msgspec
import pytest

from sendlens.model.events import Event, RecordKind
from sendlens.model.reports import DmarcRecord, TlsReport
from sendlens.sources.esp import Options
from sendlens.sources.mail.dispatch import KINDS
from sendlens.sources.mail.provider import PROVIDER
from sendlens.sources.tracking import Message, Tracker
from tests.docs.pages import DOCS
from tests.intake.world import READER, World, problem
from tests.sources.mail import reports
from tests.sources.mail.letters import CASES, mail


def post(world: World, body: bytes, path: str = "/v1/mail", **more: Any) -> Any:
    return world.post(path, body, {"content-type": "message/rfc822", **more})


def test_a_bounce_is_in_the_log_and_the_answer_says_what_it_was() -> None:
    world = World()
    answer = post(world, mail(CASES[0]))
    assert answer.status_code == 202
    assert answer.json() == {
        "accepted": 1,
        "rejected": [],
        "rejected_total": 0,
        "understood": {
            "kind": "bounce",
            "events": [{"type": "bounced", "recipient": "ada@example.net"}],
            "dmarc_records": 0,
            "tls_reports": 0,
            "problems": [],
        },
    }
    (block,) = world.log.blocks
    assert (block.source, block.kind, block.count) == ("mail", RecordKind.EVENT, 1)


def test_rows_of_reports_are_records_of_their_own_kind() -> None:
    world = World()
    body = reports.dmarc(reports.OLD, reports.row(), reports.row(ip="nowhere"))
    answer = post(world, gzip.compress(body), **{"content-type": "application/gzip"}).json()
    assert (answer["accepted"], answer["rejected"][0]["field"]) == (1, "source_ip")
    assert post(world, reports.tls()).json()["accepted"] == 3
    kinds = [(block.kind, block.count, block.rejected) for block in world.log.blocks]
    assert kinds == [(RecordKind.DMARC, 1, 0), (RecordKind.EVENT, 0, 1), (RecordKind.TLS_REPORT, 3, 0)]
    assert {type(record) for record in world.records()} == {DmarcRecord, TlsReport}


def test_what_is_nothing_leaves_nothing() -> None:
    world = World()
    answer = post(world, b"From: ada@example.net\nSubject: Hello\n\nShall we meet?")
    assert (answer.status_code, answer.json()["understood"]["kind"]) == (202, "other")
    assert world.log.blocks == []
    problem(post(world, b"  "), 400)


def test_the_options_of_the_named_source_hold_and_only_of_the_own_tenant() -> None:
    world = World()
    name = world.source("mail", verp=["{message}@bounce.sender.example"]).rpartition("/")[2]
    body = mail(CASES[0], To="m-9@bounce.sender.example")
    post(world, body, **{"x-sendlens-source": name})
    world.sources.known[name].tenant = "t_2"
    post(world, body, **{"x-sendlens-source": name})
    own, foreign = (record for record in world.records() if isinstance(record, Event))
    assert (own.message_id, foreign.message_id) == ("m-9", "m-17@sender.example")


def test_a_key_that_may_not_send_is_refused() -> None:
    problem(World().post("/v1/mail", mail(CASES[0]), key=READER), 403)
    problem(World().post("/v1/mail", mail(CASES[0]), key=""), 401)


@pytest.mark.parametrize(
    ("query", "headers", "status"),
    [
        ("?token=s3cret", {}, 200),
        ("", {"authorization": "Bearer s3cret"}, 200),
        ("?token=wrong", {"authorization": "Bearer s3cret"}, 401),
        ("?token=", {}, 401),
        ("", {}, 401),
    ],
)
def test_the_address_of_a_source_takes_reports_with_its_secret(
    query: str, headers: dict[str, str], status: int
) -> None:
    world = World()
    path = world.source("mail", "s3cret")
    answer = world.request("POST", path + query, content=gzip.compress(reports.tls()), headers=headers)
    assert answer.status_code == status
    assert bool(world.log.blocks) is (status == 200)


def test_without_a_secret_the_address_is_closed() -> None:
    world = World()
    for query in ("", "?token=", "?token=x"):
        assert world.request("POST", world.source("mail") + query, content=reports.tls()).status_code == 401


def test_every_option_and_kind_is_documented() -> None:
    page = (DOCS / "mail.md").read_text(encoding="utf-8")
    shared = {field.encode_name for field in msgspec.structs.fields(Options)} - {"campaign_from", "keep_raw"}
    own = {field.encode_name for field in msgspec.structs.fields(PROVIDER.options)} - shared
    assert [name for name in [*own, *KINDS] if f"`{name}`" not in page] == []


def test_a_mail_to_leave_is_opened_with_the_secret_of_the_tenants_own_tracker() -> None:
    world = World()
    secret = "a-long-secret-of-the-source"
    name = world.source("tracker", secret).rpartition("/")[2]
    message = Message(message_id="m-17@sender.example", recipient="ada@example.net", campaign_id="autumn")
    asked = Tracker("https://t.example.com", name, secret).mailto("leave@sender.example", message)
    body = f"From: x@example.org\nSubject: {unquote(asked.partition('subject=')[2])}\n\n".encode()
    assert post(world, body).json()["understood"]["kind"] == "unsubscribe"
    hook = world.source("mail", "s3cret")
    assert world.request("POST", f"{hook}?token=s3cret", content=body).status_code == 200
    left = [record for record in world.records() if isinstance(record, Event)]
    assert [(event.recipient, event.unsubscribe_method) for event in left] == [("ada@example.net", "mailto")] * 2
    world.sources.known[name].tenant = "t_2"
    assert post(world, body).json()["understood"]["events"] == []
