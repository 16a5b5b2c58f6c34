"""Campaign reports, people and the accounting."""

from decimal import Decimal

import pytest

from sendlens.clock import FrozenClock
from sendlens.errors import InvalidField, NotFound
from sendlens.metrics.accounting import account
from sendlens.metrics.campaigns import Campaigns
from sendlens.metrics.periods import parse_period
from sendlens.metrics.query import Metrics
from sendlens.metrics.recipients import Recipients
from sendlens.model.identity import recipient_key
from sendlens.store import Store
from sendlens.store.columns import table_of
from tests.metrics.test_query import campaign, metrics, scope, story
from tests.metrics.world import NOON, NOW, Event, Tenant, put

TENANT = Tenant(time_zone="Asia/Kathmandu")
ANN = "ann@a.example"


def bounce(key: int, reply: str, at: int = NOON) -> Event:
    return {
        "tenant": "t_1",
        "message_key": key,
        "campaign_id": "spring",
        "provider": "apple",
        "type": "bounced",
        "occurred_at": at * 1000,
        "bounce_class": "soft",
        "bounce_reason": "full",
        "smtp_reply": reply,
        "event_key": key * 100,
    }


def test_a_campaign_is_reported_over_its_life(embedded_store: Store) -> None:
    campaign(embedded_store, campaign_id="spring", name="Daffodils", total_sent=10, cost=Decimal(10), started_at=NOON)
    late = story(2)
    late[1]["occurred_at"] += 2 * 86_400_000
    put(embedded_store, [story(1), late, [bounce(3, "552 mailbox full"), bounce(4, "")]])
    later = Metrics(embedded_store, FrozenClock(NOW + 3 * 86_400_000))
    report = Campaigns(later).get(TENANT, "spring")
    assert (report.facts.name, report.facts.targeted) == ("Daffodils", 10)
    assert [(step.key, step.figure.n, step.of_previous_text, step.of_first_text) for step in report.funnel] == [
        ("targeted", 10, "", ""),
        ("sent", 4, "40.0%", "40.0%"),
        ("delivered", 2, "50.0%", "20.0%"),
        ("opened", 2, "100%", "20.0%"),
        ("clicked", 2, "100%", "20.0%"),
        ("converted", 2, "100%", "20.0%"),
    ]
    assert report.figures["return_on_investment"].value == pytest.approx(2.98)
    assert report.best_hour is not None
    assert (report.best_hour.hour_of_day, report.best_hour.opened_in_hour_of_day) == (17, 2)
    assert (report.best_hour.hour, report.best_hour.opened_in_hour) == ("2026-11-01T17:00+05:45", 1)
    opened, clicked = report.curves["opened"].people, report.curves["clicked"].people
    assert [opened.within_seconds(step) for step in (3_600, 86_400, 7 * 86_400)] == [1, 1, 2]
    assert (opened.total, clicked.within_seconds(3_600), clicked.median) == (2, 2, 700)
    assert [(row.value, row.figures["opened"].n) for row in report.devices.rows[:1]] == [("mobile", 2)]
    assert [(row.value, row.figures["clicks"].n) for row in report.links.rows] == [("https://shop.example/1", 2)]
    assert [(one.bounce_class, one.bounce_reason, one.messages, one.sample_reply) for one in report.bounces] == [
        ("soft", "full", 2, "552 mailbox full")
    ]


def test_campaigns_are_listed_with_and_without_events(embedded_store: Store) -> None:
    put(
        embedded_store,
        [story(1), story(2, campaign_id="autumn"), story(3, campaign_id="autumn"), story(4, campaign_id="")],
    )
    campaign(embedded_store, campaign_id="winter", name="Snow", started_at=NOON + 86_400)
    ask = Campaigns(metrics(embedded_store)).list
    found = ask(TENANT)
    assert [row.facts.id for row in found.rows] == ["winter", "autumn", "spring"]
    assert [row.figures["sent"].n for row in found.rows] == [0, 2, 1]
    assert found.total_rows == 3
    assert [row.facts.id for row in ask(TENANT, order_by="name").rows] == ["autumn", "winter", "spring"]
    by_metric = ask(TENANT, order_by="-sent", limit=1)
    assert ([row.facts.id for row in by_metric.rows], by_metric.total_rows) == (["autumn"], 2)
    assert [row.facts.id for row in ask(TENANT, search="SNO").rows] == ["winter"]
    assert ask(TENANT, search="nothing like it").rows == []
    with pytest.raises(InvalidField, match="started_at"):
        ask(TENANT, order_by="colour")


def test_a_campaign_nobody_knows_is_not_found(embedded_store: Store) -> None:
    put(embedded_store, [story(1)])
    with pytest.raises(NotFound, match="summer"):
        Campaigns(metrics(embedded_store)).get(TENANT, "summer")


def known(key: int, address: str, **more: object) -> list[Event]:
    return story(key, recipient=address, recipient_key=recipient_key("t_1", address), **more)


def test_what_a_person_did_adds_up_as_everywhere(embedded_store: Store) -> None:
    kinds = (
        "injected",
        "deferred",
        "dropped",
        "bounced",
        "complained",
        "unsubscribed",
        "replied",
        "forwarded",
        "shared",
    )
    more = [
        known(key, ANN)[0]
        | {"type": kind, "event_key": key * 100 + 50, "bounce_class": "hard", "unsubscribe_method": "link"}
        for key, kind in enumerate(kinds, start=1)
    ]
    put(embedded_store, [known(1, ANN), [*known(2, ANN), *more], known(20, "bob@b.example")])
    person = Recipients(metrics(embedded_store)).get(TENANT, ANN)
    told = embedded_store.query(
        "t_1",
        "SELECT measure, sum(n) AS units, sum(amount) AS money FROM message_facts WHERE tenant = {tenant:String}"
        " AND clock = 'event' AND recipient_key = {person:UInt64} GROUP BY measure HAVING units != 0 OR money != 0",
        {"person": recipient_key("t_1", ANN)},
    )
    sums = {str(measure): (units, money) for measure, units, money in told}
    assert person.revenue == float(str(sums.pop("revenue")[1])) > 0
    assert person.counts == {measure: units for measure, (units, _) in sums.items()}


def test_a_person_has_a_life(embedded_store: Store) -> None:
    campaign(embedded_store, campaign_id="spring", name="Daffodils")
    put(embedded_store, [known(1, ANN), known(2, "bob@b.example")])
    person = Recipients(metrics(embedded_store)).get(TENANT, " ANN@a.example ")
    assert (person.recipient, person.points, person.revenue) == (ANN, 4, 19.9)
    assert person.counts["opens"] == 2
    assert person.counts["delivered"] == 1
    assert [one.type for one in person.timeline] == ["converted", "clicked", "opened", "opened", "delivered"]
    clicked = person.timeline[1]
    assert (clicked.at, clicked.link_url, clicked.campaign) == (
        *((NOON + 700) * 1000, "https://shop.example/1", "Daffodils"),
    )
    assert Recipients(metrics(embedded_store)).get(TENANT, person.key) == person


def test_a_life_comes_in_pages(embedded_store: Store) -> None:
    put(embedded_store, [known(1, ANN)])
    ask = Recipients(metrics(embedded_store)).get
    first = ask(TENANT, ANN, limit=3)
    assert first.more_before is not None
    rest = ask(TENANT, ANN, limit=3, before=first.more_before)
    assert [one.type for one in (*first.timeline, *rest.timeline)] == [
        *("converted", "clicked", "opened", "opened", "delivered")
    ]
    assert rest.more_before is None


def test_what_happened_in_one_moment_is_on_one_page(embedded_store: Store) -> None:
    """Providers tell whole seconds: the border of a page must not swallow what shares its moment."""
    put(embedded_store, [known(1, ANN), known(2, ANN)])
    people, before, seen = Recipients(metrics(embedded_store)), 0, list[tuple[str, int, str]]()
    for _ in range(10):
        page = people.get(TENANT, ANN, limit=3, before=before)
        seen += [(one.message_key, one.at, one.type) for one in page.timeline]
        if page.more_before is None:
            break
        before = page.more_before
    assert len(seen) == len(set(seen)) == 10


def test_a_corrected_event_stands_once_in_a_life(embedded_store: Store) -> None:
    told = known(1, ANN)
    put(embedded_store, [told, [told[1] | {"weight": -1}, told[1] | {"actor": "machine"}]])
    person = Recipients(metrics(embedded_store)).get(TENANT, ANN)
    assert [one.actor for one in person.timeline if one.type == "opened"] == ["machine", "machine"]


def test_a_stranger_is_not_found(embedded_store: Store) -> None:
    put(embedded_store, [known(1, ANN, tenant="t_2")])
    with pytest.raises(NotFound):
        Recipients(metrics(embedded_store)).get(TENANT, ANN)


def test_campaigns_that_went_to_somebody_and_did_not_bounce(embedded_store: Store) -> None:
    refused = bounce(3, "552 full") | {
        "campaign_id": "lost",
        "recipient": ANN,
        "recipient_key": recipient_key("t_1", ANN),
    }
    put(embedded_store, [known(1, ANN), known(2, ANN, campaign_id="lost"), [refused]])
    sent = Recipients(metrics(embedded_store)).sent
    assert sent(TENANT, ANN, NOON * 1000 - 1) == {"spring": NOON * 1000}
    assert sent(TENANT, ANN, NOON * 1000 + 1) == sent(TENANT, "nobody@a.example", 0) == {}


def test_who_did_it(embedded_store: Store) -> None:
    put(embedded_store, [known(1, ANN), known(2, "bob@b.example", campaign_id="autumn")])
    who = Recipients(metrics(embedded_store)).who
    assert {one.recipient for one in who(scope(), "clicked_human")} == {ANN, "bob@b.example"}
    found = who(scope("7d", "is,campaign,autumn"), "opened_human")
    assert [(one.recipient, one.campaign_id, one.at) for one in found] == [
        ("bob@b.example", "autumn", (NOON + 600) * 1000)
    ]
    by_link = who(scope("7d", "is,link,https://shop.example/1", "is,campaign,spring"), "clicked_human")
    assert [(one.recipient, one.at) for one in by_link] == [(ANN, (NOON + 700) * 1000)]
    assert who(scope("7d", "is,link,https://elsewhere.example/"), "clicked_human") == []
    assert len(who(scope(), "delivered", limit=1, offset=1)) == 1
    with pytest.raises(InvalidField, match="did"):
        who(scope(), "opens")
    with pytest.raises(InvalidField, match="link"):
        who(scope("7d", "is,link,x"), "delivered")


@pytest.mark.parametrize(
    ("deed", "filters"),
    [
        ("delivered", ()),
        ("opened_human", ()),
        ("not_clicked", ()),
        ("clicked_human", ("is,link,https://shop.example/1", "is,campaign,spring")),
        ("bounced", ("is,bounce_class,hard",)),
    ],
)
def test_a_list_is_searched_and_leads_on_without_end(
    embedded_store: Store, deed: str, filters: tuple[str, ...]
) -> None:
    people = [ANN, "bob@b.example", "annette@b.example", "zoe@annex.example"]
    told = [known(key, recipient) for key, recipient in enumerate(people, start=1)]
    for key, recipient in enumerate(people, start=1):
        silent = [one for one in known(10 * key, recipient) if one["type"] == "delivered"]
        end = {"type": "bounced", "bounce_class": "hard", "occurred_at": (NOON + 9) * 1000}
        told += [silent, [known(100 * key, recipient)[0] | end]]
    put(embedded_store, [[event for message in told for event in message]])
    who, asked = Recipients(metrics(embedded_store)).who, scope("7d", *filters)
    whole = who(asked, deed)
    assert len(whole) >= len(people)
    seen, after = [], ""
    while page := who(asked, deed, limit=3, after=after):
        seen += page
        after = page[-1].place
    assert seen == whole
    for search, found in {
        "ann": {ANN, "annette@b.example", "zoe@annex.example"},
        "Annette@B.example": {"annette@b.example"},
        "@b.ex": {"bob@b.example", "annette@b.example"},
        "@zoe": set(),
        "%": set(),
    }.items():
        assert {one.recipient for one in who(asked, deed, search=search)} == found, search
    with pytest.raises(InvalidField, match="after"):
        who(asked, deed, after="yesterday")


def test_a_pseudonym_is_found_by_the_whole_address(embedded_store: Store) -> None:
    put(embedded_store, [known(1, "p_4711")])
    hidden = Metrics(embedded_store, FrozenClock(NOW), lambda tenant, text: "p_4711" if text == ANN else "p_0")
    who = Recipients(hidden).who
    assert [one.recipient for one in who(scope(), "delivered", search=ANN)] == ["p_4711"]
    assert who(scope(), "delivered", search="ann") == []


def test_who_did_not(embedded_store: Store) -> None:
    """Only people whose mail arrived and stayed; of mail without a tracker nobody knows whether it was opened."""

    def did(key: int, name: str, *kinds: str, **more: object) -> list[Event]:
        base: Event = {"tenant": "t_1", "message_key": key, "campaign_id": "spring", **more}
        base |= {"recipient": f"{name}@a.example", "recipient_key": key}
        return [
            base
            | {"type": kind, "occurred_at": (NOON + 60 * n) * 1000, "event_key": key * 100 + n}
            | {"actor": "machine" if name == "scanned" else "human" if kind in ("opened", "clicked") else ""}
            for n, kind in enumerate(kinds)
        ]

    put(
        embedded_store,
        [
            did(1, "reader", "delivered", "opened"),
            did(2, "clicker", "delivered", "opened", "clicked"),
            did(3, "silent", "delivered"),
            did(4, "scanned", "delivered", "opened", "clicked"),
            did(5, "untracked", "delivered", untracked=1),
            did(6, "bounced", "delivered", "bounced", bounce_class="hard"),
            did(7, "deferred", "deferred"),
        ],
    )
    who = Recipients(metrics(embedded_store)).who

    def names(deed: str) -> set[str]:
        return {one.recipient.partition("@")[0] for one in who(scope(), deed)}

    assert names("not_opened") == {"silent", "scanned"}
    assert names("not_clicked") == {"reader", "silent", "scanned", "untracked"}


def test_the_account_holds(embedded_store: Store) -> None:
    rows = {
        "tenant": ["t_1", "t_1", "t_1", "t_2"],
        "source": ["api", "api", "ses", "api"],
        "kind": ["event"] * 4,
        "minute": [NOON, NOON + 3600, NOON, NOON],
        "batch_id": [1, 2, 3, 4],
        "received": [10, 5, 4, 99],
        "stored": [7, 5, 1, 99],
        "duplicate": [1, 0, 1, 0],
        "rejected": [1, 0, 1, 0],
        "dead": [1, 0, 1, 0],
    }
    embedded_store.insert("intake", table_of("intake", rows))
    period = parse_period("custom", "UTC", NOW, since="2026-11-01", to="2026-11-01")
    found = account(embedded_store, Tenant(), period, "hour")
    assert (found.total.received, found.total.stored, found.total.missing) == (19, 13, 0)
    assert [(one.source, one.outcomes.received, one.outcomes.dead) for one in found.sources] == [
        *(("api", 15, 1), ("ses", 4, 1))
    ]
    assert [found.series[hour].received for hour in (11, 12, 13)] == [0, 14, 5]
    assert len(found.series) == len(found.labels) == 24
