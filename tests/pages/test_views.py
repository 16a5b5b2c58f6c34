"""Saved views, notes in charts, and what the holder of a shared link can and cannot see."""

import re
import urllib.parse
from collections.abc import Generator
from typing import Any

import httpx
import pytest

from sendlens.control.shares import DAY_MS
from tests.browser.serving import NOW, Served, serve

VIEW = "/?period=7d&f=is,provider,gmail"
VIEWER = "/panels/chart.json?period=7d&f=is,provider,gmail"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Generator[Served]:
    with serve(tmp_path_factory.mktemp("views")) as served:
        yield served


def get(server: Served, path: str) -> httpx.Response:
    return httpx.get(server.url + path, timeout=30)


def post(server: Served, path: str, **fields: str) -> httpx.Response:
    headers = {"Content-Type": "application/x-www-form-urlencoded", "Sec-Fetch-Site": "same-origin"}
    return httpx.post(server.url + path, content=urllib.parse.urlencode(fields), headers=headers, timeout=30)


def share(server: Served, view: str = VIEW, **more: str) -> str:
    """Share a view; return the path of its link."""
    page = post(server, "/views/share", view=view, name="For the board", days="30", **more)
    found = re.search(r"/shared/\w+", page.text)
    assert found
    return found[0]


def rows(answer: httpx.Response) -> list[dict[str, Any]]:
    assert answer.status_code == 200, answer.text
    return answer.json()["rows"]


def test_view_is_saved_listed_and_removed(server: Served) -> None:
    assert post(server, "/views", view=VIEW, name="Gmail  this week").headers["location"] == VIEW
    (view,) = server.control.views.list(server.tenant.id)
    assert (view.name, view.address) == ("Gmail this week", VIEW)
    assert ">Gmail this week</a>" in get(server, "/").text
    assert "Last 7 days · Mailbox provider is Gmail" in get(server, "/views").text
    post(server, "/views", view="/campaigns?tenant=main", name="Gmail this week")  # a second one replaces it
    assert [one.address for one in server.control.views.list(server.tenant.id)] == ["/campaigns"]
    (view,) = server.control.views.list(server.tenant.id)
    post(server, f"/views/{view.id}/remove")
    assert server.control.views.list(server.tenant.id) == []
    assert post(server, f"/views/{view.id}/remove").status_code == 404


@pytest.mark.parametrize("view", ["https://elsewhere.example/", "//elsewhere.example", "/\\elsewhere.example"])
def test_view_leads_nowhere_else(server: Served, view: str) -> None:
    assert post(server, "/views", view=view, name="A trap").headers["location"].startswith("/")
    assert "elsewhere" not in server.control.views.list(server.tenant.id)[0].address


def test_view_that_cannot_be_read_spoils_no_list(server: Served) -> None:
    post(server, "/views", view="/?f=nonsense&of=x,y", name="Typed by hand")
    assert "Typed by hand" in get(server, "/views").text


def test_note_stands_in_the_chart_at_the_readers_time(server: Served) -> None:
    post(server, "/notes", at="2026-11-19T09:30", zone="Europe/Berlin", text="New sending IP <b>", next="/?period=7d")
    page = get(server, "/panels/chart?period=7d").text
    assert re.search(r'data-marks="[^"]*New sending IP &lt;b&gt;', page)
    assert re.search(r'href="/campaigns/[^"]+">Weekly letter, week 46 started<', get(server, "/panels/chart").text)
    assert "19 Nov 2026, 09:30" in page
    shared = get(server, f"{share(server)}/panels/chart").text
    assert "New sending IP" not in shared  # written for colleagues
    assert "started" in shared
    assert "19 Nov 2026, 17:30" in get(server, "/panels/chart?period=7d&zone=Asia/Tokyo").text
    (note,) = server.control.annotations.between(server.tenant.id, 0, NOW)
    assert post(server, f"/notes/{note.id}/remove", next="/").headers["location"] == "/"
    assert "New sending IP" not in get(server, "/panels/chart?period=7d").text
    assert post(server, "/notes", at="yesterday", text="x").status_code == 400
    assert post(server, "/notes", at="2026-11-19", text=" ").status_code == 400


def test_audit_tells_of_views_and_notes(server: Served) -> None:
    post(server, "/views", view=VIEW, name="For the audit")
    view = next(one for one in server.control.views.list(server.tenant.id) if one.name == "For the audit")
    post(server, f"/views/{view.id}/remove")
    post(server, "/notes", at="2026-11-18T09:30", zone="Europe/Berlin", text="For the audit", next="/")
    audit = get(server, "/settings/audit").text
    assert all(told in audit for told in ("saved a view", "removed a saved view", "wrote a note"))


def test_link_shows_its_view(server: Served) -> None:
    link = share(server)
    page = get(server, link)
    assert page.status_code == 200
    assert "For the board" in page.text
    assert page.headers["x-robots-tag"] == "noindex, nofollow"
    assert rows(get(server, f"{link}/panels/chart.json")) == rows(get(server, VIEWER))


@pytest.mark.parametrize(
    "asked",
    [
        "?f=is,provider,apple",
        "?f=is_not,provider,gmail",
        "?of=provider,apple",
        "?campaign=weekly-46&period=7d",
        "?tenant=other",
    ],
)
def test_filter_of_a_link_holds_whatever_is_asked(server: Served, asked: str) -> None:
    """Whatever the reader adds can only narrow the view."""
    link = share(server)
    whole = rows(get(server, f"{link}/panels/figures.json"))[0]["value_n"]
    assert rows(get(server, f"{link}/panels/figures.json{asked}"))[0]["value_n"] <= whole
    told = get(server, f"{link}/panels/figures.json{asked}").json()
    assert "is,provider,gmail" in told["filters"]
    assert told["tenant"] == "main"


def test_page_of_a_thing_is_shared_with_the_thing_held_fast(server: Served) -> None:
    link = share(server, "/providers/gmail?period=7d")
    assert "<h1>Gmail</h1>" in get(server, link).text
    assert get(server, f"{link}/panels/chart.json?of=provider,apple").json()["filters"] == ["is,provider,gmail"]
    link = share(server, "/campaigns/weekly-46")
    assert get(server, f"{link}/panels/chart.json").json()["filters"] == ["is,campaign,weekly-46"]


def test_frozen_link_keeps_period_and_filters(server: Served) -> None:
    link = share(server, frozen="1")
    asked = f"{link}/panels/chart.json?period=90d&f=is,segment,vip&zone=Asia/Tokyo&metric=clicks"
    told = get(server, asked).json()
    assert told["filters"] == ["is,provider,gmail"]
    assert (told["period"]["period"], told["period"]["time_zone"]) == ("7d", "Europe/Berlin")
    assert "clicks" in told["rows"][0]  # how it is shown may be turned
    page = get(server, link).text
    assert 'name="period"' not in page
    assert "+ Filter" not in page


def test_link_leads_to_nothing_else(server: Served) -> None:
    link = share(server)
    page = get(server, link).text
    main = page[page.index("<main") : page.index("</main>")]
    leading = set(re.findall(r'(?:href|hx-get|action)="([^"?]*)', main))
    assert all(path.startswith(link) for path in leading), leading
    for panel in ("people", "intake", "dead-letters", "campaign-list", "campaign"):
        assert get(server, f"{link}/panels/{panel}").status_code == 404
        assert get(server, f"{link}/panels/{panel}.csv").status_code == 404
    for path in ("/recipients", "/views", "/details/provider", "/campaigns"):
        assert get(server, link + path).status_code == 404
    # The link is no key: with it, a stranger still sees no other page.
    stranger = {"host": "sendlens.example", "cookie": f"sendlens_session={link.rsplit('/', 1)[1]}"}
    assert httpx.get(f"{server.url}/", headers=stranger).status_code == 303
    assert httpx.get(server.url + link, headers=stranger).status_code == 200


def test_token_is_not_kept(server: Served) -> None:
    token = share(server).rsplit("/", 1)[1]
    with server.control.database.read() as connection:
        dump = "".join(connection.connection.driver_connection.iterdump())  # pyright: ignore[reportOptionalMemberAccess] - SQLite's own
    assert token not in dump


def test_readers_of_links_listen_beside_the_tenants_own_people(server: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server.site.hub, "_most_shared", 0)
    assert get(server, f"{share(server)}/live").status_code == 429
    with httpx.stream("GET", f"{server.url}/live") as answer:
        assert answer.status_code == 200


def test_link_ends_by_its_day_and_by_hand(server: Served) -> None:
    def known() -> set[str]:
        return {one.id for one in server.control.shares.list(server.tenant.id)}

    link, before = share(server), known()
    ended = share(server)
    post(server, f"/views/links/{(known() - before).pop()}/revoke")
    assert [get(server, path).status_code for path in (link, ended)] == [200, 404]
    assert get(server, "/shared/wrong").status_code == 404
    assert get(server, "/shared/wrong/live").status_code == 404
    server.clock.advance(30 * DAY_MS / 1000 + 1)
    assert get(server, link).status_code == 404
