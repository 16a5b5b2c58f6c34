"""A store that is slow: what is late waits or gives up in its own place, and every page says how to go on."""

import threading
import time
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest

from sendlens.metrics.query import Metrics
from sendlens.metrics.recipients import Recipients
from sendlens.store import Store
from sendlens.web.pages import overview
from tests.browser.serving import Served, serve

PAGES = {
    # address: how many of its panels ask the store
    "/?period=7d": 6,
    "/details/provider": 1,
    "/campaigns/spring": 11,
    "/deliverability": 11,
    "/recipients?did=bounced": 1,
    "/recipients/ada@example.com": 1,
    "/messages/m-1": 1,
}


class SlowStore:
    """A store that lets no question through while it is `slow`, or none with the text that it is slow about."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._free = threading.Event()
        self.about = ""
        self.asked: list[str] = []
        self._free.set()

    @property
    def slow(self) -> bool:
        return not self._free.is_set()

    @slow.setter
    def slow(self, slow: bool) -> None:
        (self._free.clear if slow else self._free.set)()

    def query(self, tenant: str, sql: str, *more: Any, **named: Any) -> Any:
        self.asked.append(sql)
        if self.about in sql:
            self._free.wait(20)
        return self._store.query(tenant, sql, *more, **named)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Generator[Served]:
    data: Path = tmp_path_factory.mktemp("slow")
    with serve(data, query_seconds=1) as served:
        yield served


@pytest.fixture
def store(server: Served, embedded_store: Store, monkeypatch: pytest.MonkeyPatch) -> Generator[SlowStore]:
    """The server over an empty store."""
    slow = SlowStore(embedded_store)
    answers = server.site.answers
    answers.metrics = Metrics(slow, server.clock)  # pyright: ignore[reportArgumentType] - looks like one
    monkeypatch.setattr(answers, "_recipients", Recipients(answers.metrics))
    monkeypatch.setattr(server.site.begun, "_tasks", {})
    yield slow
    slow.slow = False


def get(server: Served, path: str, status: int = 200) -> str:
    answer = httpx.get(server.url + path, timeout=10)
    assert answer.status_code == status, answer.text
    return answer.text


@pytest.mark.parametrize("path", PAGES)
def test_page_comes_before_its_panels(
    server: Served, store: SlowStore, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(overview, "FIRST_PAINT_SECONDS", 0.15)
    store.slow = True
    late = get(server, path)
    assert late.count('class="pending"') == PAGES[path]
    assert late.count("wait=long") >= PAGES[path]


def test_page_is_there_with_its_first_panel(server: Served, store: SlowStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """The others fill their places by the work that the page began, and without JavaScript the page asks once more."""
    monkeypatch.setattr(overview, "SOON_SECONDS", 0.05)
    store.about, store.slow = "dmarc_records", True
    page = get(server, "/deliverability")
    assert 'class="pending"' in page
    assert page.count('class="pending"') < PAGES["/deliverability"]
    assert '<noscript><meta http-equiv="refresh" content="0; url=/deliverability?wait=long"></noscript>' in page
    late = page.count('class="pending"')
    assert len(server.site.begun) == late
    with ThreadPoolExecutor() as pool:
        taken = pool.submit(get, server, "/panels/domains")
        while len(server.site.begun) == late:
            assert not taken.done(), "the panel was asked for anew"
            time.sleep(0.01)
        store.slow = False
        assert "No DMARC report covers this period" in taken.result()
    assert len(server.site.begun) == late - 1


def test_top_of_a_page_is_asked_for_first(server: Served, store: SlowStore, monkeypatch: pytest.MonkeyPatch) -> None:
    for wait in ("HEAD_START_SECONDS", "SOON_SECONDS", "FIRST_PAINT_SECONDS"):
        monkeypatch.setattr(overview, wait, 30.0)
    for name in ("figures", "chart"):
        get(server, f"/panels/{name}?of=provider,gmail")
    # What a page of an earlier test is still asking for is not about a provider.
    at_the_top = sorted(sql for sql in store.asked if "provider IN" in sql)
    assert at_the_top
    store.asked.clear()
    get(server, "/providers/gmail")
    asked = [sql for sql in store.asked if "provider IN" in sql]
    assert sorted(asked[: len(at_the_top)]) == at_the_top
    assert set(store.asked[len(at_the_top) :]) - set(at_the_top), "the others are asked for behind them"


@pytest.mark.parametrize("path", ["/deliverability", "/recipients/ada@example.com"])
def test_page_that_waits_gives_up_with_words(server: Served, store: SlowStore, path: str) -> None:
    """Without JavaScript nothing fills the places; the link in them asks for a page that waits for its panels."""
    store.slow = True
    waited = get(server, f"{path}?wait=long")
    assert 'class="pending"' not in waited
    assert waited.count("takes too long") == PAGES[path]
    assert waited.count("Try again") == PAGES[path]


def test_a_shared_view_waits_where_it_is_asked_to(server: Served, store: SlowStore) -> None:
    tenant = server.tenant.id
    _, token = server.control.shares.create(tenant, "board", "/?period=7d", days=7, frozen=True, author="local")
    store.slow = True
    waited = get(server, f"/shared/{token}?wait=long")
    assert 'class="pending"' not in waited
    assert "takes too long" in waited


def test_one_slow_question_is_late_alone(server: Served, store: SlowStore) -> None:
    store.about, store.slow = "dmarc_records", True
    page = get(server, "/deliverability")
    late = [part.partition('"')[0] for part in page.split('id="panel-')[1:] if 'class="pending"' in part]
    assert late == ["domains", "sources"]
    assert "No answer after 1 seconds" in get(server, "/panels/domains")
    store.slow = False
    assert "No DMARC report covers this period" in get(server, "/panels/domains")


def test_what_is_not_there_is_a_page_of_its_own(server: Served, store: SlowStore) -> None:
    del store
    for path in ("/recipients/nobody@example.com", "/messages/none"):
        assert "<h1>There is nothing here</h1>" in get(server, path, 404)
    assert "dimension: must be one of" in get(server, "/details/colour", 400)


@pytest.mark.parametrize(
    ("panel", "link"),
    [
        ("list?item=provider&order=-sent", "/details/provider?wait=long&amp;order="),
        ("person?item=ada@example.com", "/recipients/ada%40example.com"),
        ("people?did=bounced", "/recipients?wait=long&amp;did=bounced"),
        ("domains?period=7d", "/deliverability?period=7d"),
        ("audience?of=provider,gmail", "/providers/gmail"),
        ("device?campaign=spring", "/campaigns/spring"),
    ],
)
def test_panel_alone_leads_back_to_its_page(server: Served, store: SlowStore, panel: str, link: str) -> None:
    store.slow = True
    assert f'href="{link}' in get(server, f"/panels/{panel}")
