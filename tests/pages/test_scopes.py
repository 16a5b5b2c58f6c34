"""The pages about one thing, the whole lists, and every panel as a file."""

import csv
import io
from collections.abc import Generator
from pathlib import Path
from urllib.parse import quote

import httpx
import pytest

from sendlens.web.panels.names import name_of
from sendlens.web.panels.scopes import KINDS
from tests.browser.figures import SHARES
from tests.browser.serving import Served, serve

# The server of this module has made-up figures and no store; `tests/web/test_files.py` reads the files of all panels.
MADE_UP = ("figures", "chart", "campaigns", "audience", "content", "device", "campaign-course")
LINK = "https://shop.example.com/black-friday?utm_source=newsletter&utm_medium=email"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Generator[Served]:
    data: Path = tmp_path_factory.mktemp("scopes")
    with serve(data) as served:
        yield served


def get(server: Served, path: str) -> httpx.Response:
    return httpx.get(server.url + path, timeout=30)


def rows(answer: httpx.Response) -> list[dict[str, str]]:
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert ".csv" in answer.headers["content-disposition"]
    return list(csv.DictReader(io.StringIO(answer.text)))


@pytest.mark.parametrize("dimension", KINDS)
def test_page_of_one_thing_asks_for_that_thing(server: Served, dimension: str) -> None:
    value, share = next(iter(SHARES[dimension].items()))
    page = get(server, f"{KINDS[dimension].path}/{quote(value, safe='')}?period=7d&metric=clicks")
    assert page.status_code == 200
    assert f"<h1>{name_of(dimension, value)}</h1>".replace("&", "&amp;") in page.text
    assert 'class="failed' not in page.text
    # The panels of the page are held to the same thing when they load themselves again.
    panel = next(part.split('"')[0] for part in page.text.split('hx-get="') if part.startswith("/panels/figures"))
    narrowed = get(server, panel.replace("&amp;", "&").replace("/figures?", "/chart.json?")).json()["rows"]
    whole = get(server, "/panels/chart.json?period=7d&metric=clicks").json()["rows"]
    assert narrowed[0]["clicks_n"] == pytest.approx(whole[0]["clicks_n"] * share, rel=0.05)


def test_row_of_a_thing_stays_on_its_page(server: Served) -> None:
    page = get(server, "/providers/gmail?period=7d").text
    assert 'href="/providers/gmail?period=7d&amp;f=is,campaign,weekly-46"' in page
    assert 'aria-label="Mailbox providers' not in page  # its own dimension says nothing here


def test_list_is_searched_sorted_and_paged(server: Served) -> None:
    page = get(server, "/details/campaign?period=7d&order=value&q=weekly").text
    assert 'aria-sort="ascending"' in page
    assert "/details/campaign.csv?period=7d&amp;q=weekly&amp;order=value" in page
    assert get(server, "/details/weekday").status_code == 400
    assert get(server, "/details/campaign.xml").status_code == 404


def test_list_and_card_say_the_same(server: Served) -> None:
    card = rows(get(server, "/panels/audience.csv?period=7d"))
    whole = {row["provider"]: row for row in rows(get(server, "/details/provider.csv?period=7d"))}
    assert len(card) == len(SHARES["provider"])
    assert all(row["open_rate_n"] == whole[row["provider"]]["open_rate_n"] for row in card)


@pytest.mark.parametrize("name", MADE_UP)
def test_panel_is_offered_as_the_files_it_has(server: Served, name: str) -> None:
    table = rows(get(server, f"/panels/{name}.csv?period=7d&f=is,provider,gmail"))
    told = get(server, f"/panels/{name}.json?period=7d&f=is,provider,gmail").json()
    assert told["filters"] == ["is,provider,gmail"]
    assert [list(row) for row in told["rows"]] == [list(row) for row in table]
    assert table


def test_panel_without_a_table_says_so(server: Served) -> None:
    assert get(server, "/panels/message.csv").status_code == 404
    assert get(server, "/panels/figures.xml").status_code == 404


def test_link_is_known_by_its_path() -> None:
    assert name_of("link", LINK) == "/black-friday – shop.example.com"
    assert name_of("link", "https://shop.example.com/") == "shop.example.com"
    assert name_of("link", "https://a.example/p?id=3&utm_source=x") == "/p?id=3 – a.example"
    assert name_of("link", "12345") == "12345"
