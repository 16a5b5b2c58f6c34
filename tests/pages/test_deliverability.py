"""The deliverability page over a real store: what it shows, what it says while there is nothing, and its files."""

import csv
import io
import re
from collections.abc import Generator
from pathlib import Path

import httpx
import pytest

from sendlens.metrics.query import Metrics
from sendlens.store import Store
from sendlens.web.panels.registry import DELIVERABILITY_PANELS
from tests.browser.serving import NOW, Served, serve
from tests.metrics.deliverability.test_questions import end, mail, rows
from tests.metrics.world import Event, put

HOUR = 3600
SENT = NOW // 1000 - 30 * HOUR


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Generator[Served]:
    data: Path = tmp_path_factory.mktemp("deliverability")
    with serve(data) as served:
        yield served


@pytest.fixture
def filled(server: Served, embedded_store: Store) -> Served:
    """The server over a store with mail that Yahoo blocks, a DMARC report, gauges and seeds."""
    tenant = server.tenant.id
    server.site.answers.metrics = Metrics(embedded_store, server.clock)
    told: list[Event] = []
    for key in range(1, 201):
        told += mail(key, 90, sent=SENT, tenant=tenant)
    for key in range(301, 501):
        told += [mail(key, 5, sent=SENT, tenant=tenant, provider="yahoo_aol")[0]]
        said: Event = {"bounce_class": "block", "bounce_reason": "reputation", "smtp_reply": "554 <b>listed</b>"}
        told += [end(key, "bounced", at=SENT + 9, tenant=tenant, provider="yahoo_aol", **said)]
    # The made-up stores of the world are born in another month.
    put(embedded_store, [[event | {"message_born": SENT // 86_400, "bounce_rule": "rule"} for event in told]])
    base = {"tenant": tenant, "begin_at": SENT, "end_at": SENT + 9, "report_id": "r", "policy": "none", "testing": 0}
    base |= {"subdomain_policy": "", "domain": "shop.example", "org": "google.com", "spf_aligned": 0}
    rows(
        embedded_store,
        "dmarc_records",
        base | {"row": 0, "source_ip": "192.0.2.7", "count": 900, "dkim_aligned": 1, "disposition": "none"},
        base | {"row": 1, "source_ip": "198.51.100.9", "count": 100, "dkim_aligned": 0, "disposition": "reject"},
    )
    gauge = {"tenant": tenant, "name": "queue_depth", "source": "mta1", "labels": {"queue": "active"}}
    rows(embedded_store, "gauges", gauge | {"at": SENT * 1000, "value": 42.0})
    seed = {"tenant": tenant, "at": SENT, "changed_at": NOW, "test_id": "spring", "provider": "gmail", "tab": ""}
    rows(
        embedded_store,
        "placements",
        seed | {"seed": "a", "placement": "inbox"},
        seed | {"seed": "b", "placement": "spam"},
    )
    return server


def get(server: Served, path: str, **headers: str) -> str:
    answer = httpx.get(server.url + path, timeout=60, headers=headers)
    assert answer.status_code == 200, answer.text
    return answer.text


def test_page_shows_what_is_wrong(filled: Served) -> None:
    page = get(filled, "/deliverability?period=7d")
    for name in DELIVERABILITY_PANELS:  # a panel that was slow at first is asked for by itself, as the page does
        part = get(filled, f"/panels/{name}?period=7d")
        assert 'class="failed' not in part, name
        assert f'id="panel-{name}"' in page
    matrix = get(filled, "/panels/matrix?period=7d")
    assert 'class="num level bad" title="200 of 200"' in matrix
    assert "This provider has no feedback loop" in matrix
    assert 'href="/providers/yahoo_aol?period=7d"' in matrix
    reasons = get(filled, "/panels/reasons?period=7d")
    assert "554 &lt;b&gt;listed&lt;/b&gt;" in reasons
    assert "forwarder" in get(filled, "/panels/sources?period=7d")
    placed = get(filled, "/panels/placement?period=7d")
    assert "1 of 2" in placed
    assert "9.45% to 90.5%" in placed
    assert "1 min 30 s" in get(filled, "/panels/latency?period=7d")
    assert "queue active" in get(filled, "/panels/queues?period=7d")
    assert "not enough mail yet" in get(filled, "/panels/spam-folder?period=7d")


def test_panel_is_a_file_and_says_what_no_table_knows(filled: Served) -> None:
    answer = httpx.get(filled.url + "/panels/sources.csv?period=7d", timeout=60)
    table = list(csv.DictReader(io.StringIO(answer.text)))
    assert [(row["source_ip"], row["kind"], row["dmarc_pass_rate_n"]) for row in table] == [
        *(("198.51.100.9", "fails", "0"), ("192.0.2.7", "forwarder", "900"))
    ]
    placed = httpx.get(filled.url + "/panels/placement.json?period=7d", timeout=60).json()["rows"]
    assert [(row["key"], row["of"], row["inbox"]) for row in placed] == [
        ("gmail", "provider", 1),
        ("spring", "test", 1),
    ]
    assert "cannot be narrowed by this filter" in get(filled, "/panels/queues?period=7d&f=is,provider,gmail")


def test_empty_panels_say_how_to_begin(server: Served, embedded_store: Store) -> None:
    server.site.answers.metrics = Metrics(embedded_store, server.clock)
    for name, words in {
        "queues": "/v1/gauges",
        "placement": "/v1/placements",
        "domains": "rua=mailto:",
        "transport": "_smtp._tls",
        "latency": "message_sent_at",
    }.items():
        assert words in get(server, f"/panels/{name}"), name


def test_numbers_and_dates_are_the_readers(filled: Served) -> None:
    own = {"accept-language": "en-US"}
    told = {
        name: get(filled, f"/panels/{name}?period=7d", **{"accept-language": "de"}) for name in DELIVERABILITY_PANELS
    }
    for name, text in told.items():
        body = text.partition("<tbody>")[2]  # a heading quotes the limits that Gmail and Yahoo publish
        assert not re.search(r"\d\.\d+\s?%", body), name
    assert "90,0\xa0%" in told["domains"]
    assert re.search(r"9,\d+\xa0% to 90,\d\xa0%<", told["placement"])
    assert re.search(r"Nov 19, 2026, \d+:22\xa0AM", get(filled, "/panels/queues?period=7d", **own))


def test_it_is_shared_by_link_without_what_servers_said(filled: Served) -> None:
    """The holder sees the panels and their files, nobody's address, and no way to any other page."""
    form = "view=%2Fdeliverability%3Fperiod%3D7d&name=For+the+board&days=7"
    headers = {"Content-Type": "application/x-www-form-urlencoded", "Sec-Fetch-Site": "same-origin"}
    made = httpx.post(f"{filled.url}/views/share", content=form, headers=headers, timeout=30)
    found = re.search(r"/shared/\w+", made.text)
    assert found
    link = filled.url + found[0]
    page = httpx.get(link, timeout=30)
    assert page.status_code == 200
    for name in DELIVERABILITY_PANELS:
        assert f'id="panel-{name}"' in page.text, name
        assert httpx.get(f"{link}/panels/{name}", timeout=30).status_code == 200, name
        assert httpx.get(f"{link}/panels/{name}.csv", timeout=30).status_code == 200, name
    for name in ("figures", "people", "intake", "rejections"):
        assert httpx.get(f"{link}/panels/{name}", timeout=30).status_code == 404, name
    own = httpx.get(f"{filled.url}/panels/reasons.csv?period=7d", timeout=30)
    assert "listed" in own.text
    for path in ("", "/panels/reasons", "/panels/reasons.csv", "/panels/reasons.json"):
        assert "listed" not in httpx.get(link + path, timeout=30).text, path
    leads = set(re.findall(r'(?:href|action|hx-get)="(/[^"#?]*)', page.text))
    assert {one for one in leads if not one.startswith(("/shared/", "/static/"))} <= {"/theme"}
