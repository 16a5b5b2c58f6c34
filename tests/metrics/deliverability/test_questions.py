"""What each question reads from the store."""

from typing import Any

from sendlens.metrics.deliverability.authentication import authentication
from sendlens.metrics.deliverability.depth import depth
from sendlens.metrics.deliverability.latency import latency
from sendlens.metrics.deliverability.list_health import by_age, by_segment
from sendlens.metrics.deliverability.matrix import matrix
from sendlens.metrics.deliverability.placement import placement
from sendlens.metrics.deliverability.replies import replies
from sendlens.metrics.deliverability.spam_folder import spam_folder
from sendlens.metrics.deliverability.transport import transport
from sendlens.metrics.query import Metrics
from sendlens.store import Store
from sendlens.store.columns import table_of
from tests.metrics.test_query import metrics, scope
from tests.metrics.world import NOON, NOW, Event, put

DAY = 86_400


def mail(key: int, seconds: int, *, sent: int = NOON, person: int = 0, **more: object) -> list[Event]:
    """A mail that was injected at `sent` and delivered so many seconds later."""
    base: Event = {"tenant": "t_1", "message_key": key, "recipient_key": person or key, "provider": "gmail"}
    base |= {"message_born": sent // DAY} | more
    return [
        base | {"type": "injected", "occurred_at": sent * 1000, "event_key": key * 100},
        base | {"type": "delivered", "occurred_at": (sent + seconds) * 1000, "event_key": key * 100 + 1},
    ]


def end(key: int, kind: str, at: int = NOON + 60, person: int = 0, **more: object) -> Event:
    base: Event = {"tenant": "t_1", "message_key": key, "recipient_key": person or key, "provider": "gmail"}
    base |= {"message_born": NOON // DAY}
    return base | {"type": kind, "occurred_at": at * 1000, "event_key": key * 100 + 2 + len(kind)} | more


def rows(store: Store, table: str, *told: dict[str, Any]) -> None:
    store.insert(table, table_of(table, {name: [one[name] for one in told] for name in told[0]}))


def test_latency_is_told_where_sending_was(embedded_store: Store) -> None:
    alone = mail(190, 500)[1] | {"provider": "apple"}  # only its delivery was told: no time between
    elsewhere = mail(191, 7, tenant="t_2")
    put(
        embedded_store,
        [
            [event for n in range(1, 101) for event in mail(n, n)],
            [alone],
            elsewhere,
            mail(200, 0, provider="yahoo_aol"),
        ],
    )
    found = latency(metrics(embedded_store), scope())
    assert found is not None
    assert [(one.provider, one.n) for one in found] == [(None, 101), ("gmail", 100), ("yahoo_aol", 1)]
    assert (found[1].p50, found[1].p90, found[1].p99) == (50, 90, 99)
    assert latency(metrics(embedded_store), scope("7d", "is,device,mobile")) is None
    told = latency(metrics(embedded_store), scope("7d", "is,provider,yahoo_aol"))
    assert told is not None
    assert [one.n for one in told] == [1, 1]


def test_the_age_on_the_list_is_counted_from_the_first_mail(embedded_store: Store) -> None:
    old = [mail(1, 1, sent=NOON - days * DAY, person=days) for days in (10, 60, 300)]
    for place, events in enumerate(old):
        for event in events:
            event |= {"message_key": 1000 + place, "event_key": event["event_key"] + 10_000 * (place + 1)}
    new = [mail(key, 1, person=person) for key, person in ((11, 10), (12, 60), (13, 300), (14, 14))]
    ends = [
        end(12, "complained", person=60),
        end(15, "bounced", person=15, bounce_class="hard", smtp_reply="550"),
        end(13, "bounced", person=300, bounce_class="soft"),
    ]
    shopper = end(99, "converted", NOON - 400 * DAY, person=14, message_born=NOON // DAY - 400)  # no mail yet
    again = mail(21, 1, person=21)  # its delivery is told of before its sending
    put(embedded_store, [*old, [shopper], *new, ends, again[1:], again[:1]])
    asking = metrics(embedded_store)
    found = by_age(asking, scope())
    assert found is not None
    told = {one.key: {key: (figure.n, figure.d) for key, figure in one.figures.items()} for one in found}
    assert list(told) == ["first", "30d", "180d", "older"]
    assert told["first"]["hard_bounce_rate"] == (1, 3)
    assert told["30d"]["sent"] == (1, None)
    assert told["180d"]["complaint_rate"] == (1, 1)
    assert told["older"]["hard_bounce_rate"] == (0, 1)
    # The same definitions as everywhere: the parts add up to the registry's figures.
    whole = asking.figures(scope(), ["sent", "hard_bounce_rate", "complaint_rate"])
    for key, figure in whole.items():
        assert sum(one.figures[key].n or 0 for one in found) == figure.n, key
        assert not figure.d or sum(one.figures[key].d or 0 for one in found) == figure.d, key
    assert [(one.key, one.figures["sent"].n) for one in by_segment(asking, scope())] == [("", 6)]


def test_seeds_are_counted_by_provider_and_test(embedded_store: Store) -> None:
    seed = {"tenant": "t_1", "at": NOON, "changed_at": NOW, "campaign_id": "spring", "tab": ""}
    rows(
        embedded_store,
        "placements",
        seed | {"test_id": "t1", "seed": "a", "placement": "inbox", "provider": "gmail", "tab": "promotions"},
        seed | {"test_id": "t1", "seed": "b", "placement": "spam", "provider": "gmail"},
        seed | {"test_id": "t1", "seed": "c", "placement": "missing", "provider": "yahoo_aol"},
        seed | {"test_id": "t2", "seed": "a", "placement": "missing", "provider": "gmail", "at": NOON + 60},
        # Looked again: what was missing has arrived.
        seed | {"test_id": "t2", "seed": "a", "placement": "inbox", "provider": "gmail", "at": NOON + 60}
        | {"changed_at": NOW + 1},
    )  # fmt: skip
    found = placement(metrics(embedded_store), scope())
    assert found is not None
    assert [(one.key, one.inbox, one.spam, one.missing, one.tabs) for one in found.providers] == [
        ("gmail", 2, 1, 0, {"promotions": 1}),
        ("yahoo_aol", 0, 0, 1, {}),
    ]
    assert [(one.key, one.inbox, one.spam, one.missing) for one in found.tests] == [("t2", 1, 0, 0), ("t1", 1, 1, 1)]
    assert placement(metrics(embedded_store), scope("7d", "is,segment,vip")) is None


def test_failing_sources_come_first_and_forwarders_are_told_apart(embedded_store: Store) -> None:
    base = {"tenant": "t_1", "begin_at": NOON, "end_at": NOON + DAY, "report_id": "r", "policy": "none"}
    base |= {"subdomain_policy": "reject", "testing": 0}
    told = [  # address, reporter, mails, DKIM, SPF, disposition
        ("192.0.2.1", "google.com", 900, 1, 1, "none"),
        ("192.0.2.7", "google.com", 50, 1, 0, "none"),
        ("198.51.100.9", "yahoo.com", 40, 0, 0, "reject"),
    ]
    names = ("source_ip", "org", "count", "dkim_aligned", "spf_aligned", "disposition")
    rows(
        embedded_store,
        "dmarc_records",
        *(
            base | {"domain": "shop.example", "row": i} | dict(zip(names, one, strict=True))
            for i, one in enumerate(told)
        ),
        base | {"domain": "late.example", "row": 9, "policy": "quarantine"}
        | dict(zip(names, ("192.0.2.1", "google.com", 5, 0, 1, "none"), strict=True)),
    )  # fmt: skip
    found = authentication(metrics(embedded_store), scope())
    assert found is not None
    assert [(one.domain, one.policy, one.subdomain_policy, one.reporters) for one in found.domains] == [
        ("shop.example", "none", "reject", ["google.com", "yahoo.com"]),
        ("late.example", "quarantine", "reject", ["google.com"]),
    ]
    figures = found.domains[0].figures
    assert (figures["dmarc_pass_rate"].n, figures["dmarc_pass_rate"].d) == (950, 990)
    assert figures["dmarc_refused_rate"].n == 40
    assert [(one.source_ip, one.kind) for one in found.sources] == [
        *(("198.51.100.9", "fails"), ("192.0.2.1", "passes"), ("192.0.2.7", "forwarder"), ("192.0.2.1", "passes"))
    ]
    assert authentication(metrics(embedded_store), scope("7d", "is,provider,gmail")) is None


def test_transport_names_the_causes(embedded_store: Store) -> None:
    base = {"tenant": "t_1", "domain": "shop.example", "begin_at": NOON, "org": "google.com", "report_id": "t"}
    rows(
        embedded_store,
        "tls_reports",
        base | {"row": 0, "successful": 990, "failed": 10, "failure_type": "", "failure_sessions": 0},
        base | {"row": 1, "successful": 0, "failed": 0, "failure_type": "certificate-expired", "failure_sessions": 8},
        base | {"row": 2, "successful": 0, "failed": 0, "failure_type": "starttls-not-supported"}
        | {"failure_sessions": 2},
    )  # fmt: skip
    found = transport(metrics(embedded_store), scope())
    assert found is not None
    (one,) = found
    assert (one.sessions, one.failure_rate.n, one.reporters) == (1000, 10, ["google.com"])
    assert one.causes == {"certificate-expired": 8, "starttls-not-supported": 2}


def test_depth_has_the_latest_value_and_a_course(embedded_store: Store) -> None:
    base = {"tenant": "t_1", "name": "queue_depth", "source": "mta1", "labels": {"queue": "active"}}
    rows(
        embedded_store,
        "gauges",
        base | {"at": (NOON - DAY) * 1000, "value": 4.0},
        base | {"at": NOON * 1000, "value": 90.0},
        base | {"at": (NOON + 600) * 1000, "value": 7.0},
        base | {"at": NOON * 1000, "value": 1.0, "labels": {"queue": "deferred"}},
    )
    found = depth(metrics(embedded_store), scope())
    assert found is not None
    assert [(one.labels["queue"], one.latest, one.most, one.samples) for one in found] == [
        *(("active", 7.0, 90.0, 3), ("deferred", 1.0, 1.0, 1))
    ]
    assert found[0].at == (NOON + 600) * 1000
    assert [value for value in found[0].course if value is not None] == [4.0, 90.0]
    assert len(found[0].course) == 7
    assert depth(metrics(embedded_store), scope("7d", "is,provider,gmail")) is None


def test_replies_are_shown_with_their_rule(embedded_store: Store) -> None:
    said: Event = {"bounce_class": "block", "bounce_reason": "reputation", "bounce_rule": "spamhaus"}
    put(
        embedded_store,
        [
            [
                end(1, "bounced", smtp_reply="550 listed", campaign_id="spring", **said),
                end(2, "bounced", smtp_reply="", at=NOON + 90, **said),
                end(3, "deferred", smtp_reply="451 later", provider="yahoo_aol", bounce_rule=""),
            ]
        ],
    )
    found = replies(metrics(embedded_store), scope())
    assert found is not None
    assert [(one.type, one.provider, one.bounce_reason, one.messages, one.reply, one.rule) for one in found] == [
        ("bounced", "gmail", "reputation", 2, "550 listed", "spamhaus"),
        ("deferred", "yahoo_aol", "", 1, "451 later", ""),
    ]
    narrow = replies(metrics(embedded_store), scope("7d", "is,campaign,spring"))
    assert narrow is not None
    assert [one.messages for one in narrow] == [1]


def test_the_matrix_has_a_course_in_every_cell(embedded_store: Store) -> None:
    told = [*mail(1, 1), *mail(2, 1, sent=NOON - DAY), *mail(3, 1, provider="yahoo_aol")]
    put(embedded_store, [told, [end(4, "bounced", bounce_class="hard")]])
    found = matrix(metrics(embedded_store), scope(), limit=1)
    assert (found.interval, len(found.buckets), found.total_rows) == ("day", 7, 2)
    (row,) = found.rows
    assert (row.provider, row.figures["sent"].n, row.figures["delivery_rate"].n) == ("gmail", 3, 2)
    assert row.course["sent"][-3:] == [1, 2, 0]
    assert row.course["hard_bounce_rate"][-3:] == [0.0, 0.5, None]


def test_the_spam_folder_asks_for_opens_by_people(embedded_store: Store) -> None:
    asking = Metrics(embedded_store, metrics(embedded_store).clock)
    put(embedded_store, [[*mail(1, 1), *mail(2, 1, sent=NOON - 10 * DAY)], [end(1, "opened", actor="human")]])
    (one,) = spam_folder(asking, scope("1h"))
    assert (one.provider, one.verdict, one.recent, one.baseline) == ("gmail", "too_little", (1, 1), (0, 1))
