"""The search over everything, and what pages weigh on the wire."""

import gzip
from collections.abc import Generator

import httpx
import pytest

from sendlens.web.pages import static
from tests.browser.serving import Served, serve


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Generator[Served]:
    with serve(tmp_path_factory.mktemp("find")) as served:
        yield served


def get(server: Served, path: str, **headers: str) -> httpx.Response:
    return httpx.get(server.url + path, headers=headers, timeout=30)


def test_pages_are_offered_before_a_letter_is_typed(server: Served) -> None:
    page = get(server, "/find?from=/%3Fperiod%3D7d").text
    assert '<a href="/campaigns?tenant=main&amp;period=7d"><span>Campaigns</span>' in page


def test_values_are_found_by_a_part_of_their_name(server: Served) -> None:
    assert "/providers/gmail" in get(server, "/find?q=gma").text
    assert "/campaigns/weekly-46" in get(server, "/find?q=week").text
    assert get(server, "/find?q=ada@example.com").text.count("/recipients/ada%40example.com") == 1


def test_search_says_what_it_can_when_the_store_cannot(server: Served) -> None:
    server.figures.broken = "provider"
    page = get(server, "/find?q=intake")
    server.figures.broken = ""
    assert page.status_code == 200
    assert "/intake" in page.text


@pytest.mark.parametrize("path", ["/", "/panels/audience", "/details/provider", "/views"])
def test_answer_is_compressed_for_whoever_takes_it(server: Served, path: str) -> None:
    with httpx.stream("GET", server.url + path, headers={"Accept-Encoding": "gzip"}, timeout=30) as answer:
        raw = b"".join(answer.iter_raw())
        assert answer.headers["content-encoding"] == "gzip"
        assert answer.headers["vary"] == "Accept-Encoding"
    assert b"<" in gzip.decompress(raw)[:20]
    assert "content-encoding" not in get(server, path, **{"Accept-Encoding": "identity"}).headers


def test_page_weighs_less_than_its_budget(server: Served) -> None:
    """250 kB, all together, before the chart library; a page grows slowly, so the test asks for half of that."""
    with httpx.stream("GET", server.url + "/", headers={"Accept-Encoding": "gzip"}, timeout=30) as answer:
        page = len(b"".join(answer.iter_raw()))
    parts = {name: len(file.compressed()) for name, file in static.files().items() if "echarts" not in name}
    assert page + sum(parts.values()) < 125_000, (page, parts)
