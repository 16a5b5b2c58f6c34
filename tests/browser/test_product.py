"""The whole product in a browser: from the waiting page to every page with real figures, in both schemes and widths."""

import re
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, expect

from tests.browser.conftest import Product
from tests.browser.watching import NARROW, WIDE, tab
from tests.docs.test_routes import application

LINK = "https%3A%2F%2Fshop.example.com%2Flamps"
PAGES = {
    # name of the pictures: address. A new page is a new line.
    "overview": "/",
    "overview-filtered": "/?period=90d&compare=none&f=is,provider,gmail&f=contains,campaign,weekly&metric=open_rate",
    "provider": "/providers/gmail",
    "domain": "/domains/news.example.com?compare=none",
    "segment": "/segments/engaged-90d?metric=click_rate",
    "link": f"/links/{LINK}",
    "details": "/details/provider?order=-click_rate",
    "views": "/views?view=/providers/gmail",
    "find": "/find?q=week",
    "shared": "/shared/{token}",
    "campaigns": "/campaigns",
    "campaign": "/campaigns/2026-11-black-friday",
    "people": "/recipients?did=clicked_human",
    "person": "/recipients/reader1@gmail.com",
    "message": "/messages/2026-11-black-friday-1",
    "deliverability": "/deliverability",
    "intake": "/intake",
    "dead-letters": "/dead-letters",
    "agency": "/agency",
    "settings": "/settings",
    "settings-sources": "/settings/sources",
    "settings-new-source": "/settings/sources/new",
    "settings-new-source-of": "/settings/sources/new/ses",
    "settings-source": "/settings/sources/{source}",
    "settings-keys": "/settings/keys",
    "settings-people": "/settings/people",
    "settings-import": "/settings/import",
    "settings-import-job": "/settings/import/{job}",
    "settings-tenant": "/settings/tenant",
    "settings-audit": "/settings/audit",
    "erasure": "/person/erasures/{erasure}",
    "invitation": "/invitation/{invitation}",
    "sign-in": "/sign-in?ended=1",
}
NO_PAGES = {
    "/panels/{name:str}": "a part of a page, which loads it by itself",
    "/click-map/{campaign:path}": "the frame on the page of a campaign",
    "/live": "a stream",
    "/shared/{token:str}/live": "a stream",
    "/shared/{token:str}/panels/{name:str}": "a part of a page",
    "/favicon.ico": "a picture",
    "/settings/account": "a page for people with an account: test_pages looks at it",
}
NOT_THE_PAGES = ("/v1", "/docs", "/health", "/metrics", "/static")


@pytest.fixture(scope="module")
def filled(browser: Browser, product: Product) -> Product:
    """The server after its first month. The waiting page is watched on the way, because it is there only once."""
    with tab(browser, product.url, viewport={"width": WIDE[0], "height": WIDE[1]}) as waiting:
        waiting.page.goto("/")
        expect(waiting.page.get_by_role("heading", level=1)).to_have_text("Waiting for your first event")
        for scheme in ("light", "dark"):
            for width, height in (WIDE, NARROW):
                waiting.page.emulate_media(color_scheme=scheme)
                waiting.page.set_viewport_size({"width": width, "height": height})
                waiting.picture(f"waiting-{scheme}-{width}")
                assert waiting.overflow() <= 0
                assert waiting.findings() == []
        waiting.page.set_viewport_size({"width": WIDE[0], "height": WIDE[1]})
        # The command on the page is the real one: its key and its address work as they stand there.
        command = waiting.page.locator("#curl").inner_text()
        assert product.url in command
        assert product.key in command

        product.send_program()

        # Nobody touches the page; the first event moves it on.
        expect(waiting.page.get_by_role("heading", name="Key figures")).to_be_attached(timeout=20_000)
        expect(waiting.page.locator("#panel-figures .tile").first.locator(".value")).to_have_text(
            "5,700", timeout=60_000
        )
    return product


@pytest.fixture(scope="module")
def made(filled: Product) -> dict[str, str]:
    """What some addresses need: made by the forms of the pages, and found in what they answered."""

    def sent(path: str, found_by: str, **fields: Any) -> str:
        own = {"Sec-Fetch-Site": "same-origin"}  # what a browser says of a form on our own page
        answer = httpx.post(filled.url + path, headers=own, follow_redirects=True, timeout=60, **fields)
        found = re.search(found_by, f"{answer.url} {answer.text}")
        assert found, answer.text
        return found[1]

    view = {"view": "/segments/new?period=7d", "name": "For the board", "days": "7"}
    history = {"file": ("history.jsonl", b'{"type": "delivered", "recipient": "old@example.com"}\n{"type": "?"}\n')}
    person = {"recipient": "reader7@gmx.net", "confirm": "reader7@gmx.net"}
    source = re.search(r'href="/settings/sources/(?!new)([^"?/]+)', httpx.get(f"{filled.url}/settings/sources").text)
    assert source
    return {
        "token": sent("/views/share", r"/shared/(\w+)", data=view),
        "invitation": sent("/settings/people", r"/invitation/([\w-]+)", data={"email": "ann@x.org", "role": "viewer"}),
        "job": sent("/settings/import", r"/settings/import/([\w-]+)", files=history, data={"source": source[1]}),
        "erasure": sent("/person/erase", r"/person/erasures/([\w-]+)", data=person),
        "source": source[1],
    }


def test_every_page_is_looked_at() -> None:
    """The addresses of the application are the list: a new page without a line in `PAGES` fails here."""
    looked_at = [address.partition("?")[0] for address in PAGES.values()]
    routes = [one for one in application().routes if "GET" in getattr(one, "methods", ())]
    pages = {one.path for one in routes if not one.path.startswith(NOT_THE_PAGES)}
    assert set(NO_PAGES) <= pages
    for path in pages - set(NO_PAGES):
        form = re.sub(r"\\\{\w+:path\\\}", ".+", re.sub(r"\\\{\w+:str\\\}", "[^/]+", re.escape(path)))
        assert any(re.fullmatch(form, address) for address in looked_at), f"no line in PAGES leads to {path}"


@pytest.mark.parametrize("name", PAGES)
def test_page_is_whole(browser: Browser, filled: Product, made: dict[str, str], name: str) -> None:
    with tab(browser, filled.url, viewport={"width": WIDE[0], "height": WIDE[1]}) as one:
        answer = one.page.goto(PAGES[name].format(**made))
        assert answer is not None
        assert answer.status == 200
        one.whole(name)


def test_pages_without_javascript(browser: Browser, filled: Product, made: dict[str, str]) -> None:
    """On a narrow screen: every page has its head and all of its panels, and the menu leads from one to another."""
    size = {"width": NARROW[0], "height": NARROW[1]}
    with tab(browser, filled.url, viewport=size, java_script_enabled=False) as one:
        for name, address in PAGES.items():
            path, _, query = address.format(**made).partition("?")
            one.page.goto(f"{path}?{query}&wait=long")
            expect(one.page.locator("h1"), name).to_have_count(1)
            expect(one.page.locator(".failed, .pending"), name).to_have_count(0)
            assert one.overflow() <= 0, name
        one.page.goto("/")
        menu = one.page.locator("details.menu")
        expect(menu.get_by_role("link", name="Campaigns")).to_be_hidden()
        menu.locator("summary").click()
        menu.get_by_role("link", name="Campaigns").click()
        expect(one.page.get_by_role("heading", level=1)).to_have_text("Campaigns")


def test_overview_campaign_and_list_agree(browser: Browser, filled: Product) -> None:
    with tab(browser, filled.url) as one:
        one.page.goto("/?f=is,campaign,2026-11-black-friday")
        one.settled()
        overview = one.page.locator("#panel-figures .tile .value").all_inner_texts()
        one.page.goto("/campaigns/2026-11-black-friday")
        one.settled()
        campaign = one.page.locator("#panel-campaign .tile .value").all_inner_texts()
        assert overview == campaign
        one.page.goto("/campaigns?q=black")
        one.settled()
        row = one.page.locator("#panel-campaign-list tbody tr").all_inner_texts()
        assert len(row) == 1
        assert all(text in row[0] for text in (campaign[0], campaign[1], campaign[2], campaign[3], campaign[4]))


def test_click_map_shows_clicks_and_runs_nothing(browser: Browser, filled: Product) -> None:
    with tab(browser, filled.url, viewport={"width": WIDE[0], "height": WIDE[1]}) as one:
        asked: list[str] = []
        one.page.on("request", lambda request: asked.append(request.url))
        one.page.goto("/campaigns/2026-11-black-friday")
        one.settled()
        rows = one.page.locator("#panel-click-map tbody tr").all_inner_texts()
        mail = one.page.frame_locator("#mail-frame")
        expect(mail.locator(".sl-badge")).to_have_count(4)
        first = rows[0].split("\t")[1]
        assert int(first) > 0
        assert mail.locator(".sl-badge").first.inner_text().startswith(f"{first} · ")
        assert any("Unresolved across 2 places" in row for row in rows)
        assert mail.locator("script, form, input, base, [onclick], [href]").count() == 0
        assert [url for url in asked if not url.startswith(filled.url)] == []


def test_intake_sum_holds_on_the_page(browser: Browser, filled: Product) -> None:
    with tab(browser, filled.url) as one:
        one.page.goto("/intake")
        expect(one.page.locator(".verdict")).to_contain_text("every record is accounted for")
        received, stored, *others = (
            int(text.replace(",", "")) for text in one.page.locator(".term b").all_inner_texts()
        )
        assert received == stored + sum(others)
        assert stored > 5700


def test_from_a_figure_to_the_person_behind_it(browser: Browser, filled: Product) -> None:
    with tab(browser, filled.url) as one:
        one.page.goto("/campaigns")
        one.page.get_by_role("link", name="Weekly letter, week 46").click()
        one.page.get_by_role("link", name="Who clicked").click()
        one.page.locator("#panel-people tbody th a").first.click()
        expect(one.page.locator(".timeline b", has_text="Clicked").first).to_be_visible()
