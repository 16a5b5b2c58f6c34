"""The whole product in a browser: from the waiting page to every page with real figures, in both schemes and widths."""

import re
import urllib.parse
import urllib.request

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.conftest import Product
from tests.browser.watching import NARROW, WIDE, tab

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
    "settings-sources": "/settings/sources",
    "settings-source": "/settings/sources/new/ses",
    "settings-keys": "/settings/keys",
    "settings-people": "/settings/people",
    "settings-import": "/settings/import",
    "sign-in": "/sign-in",
}


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
def token(filled: Product) -> str:
    """The token of a shared view, made by the form of the views."""
    fields = urllib.parse.urlencode({"view": "/segments/new?period=7d", "name": "For the board", "days": "7"})
    own = {"Sec-Fetch-Site": "same-origin"}  # what a browser says of a form on our own page
    asked = urllib.request.Request(f"{filled.url}/views/share", fields.encode(), own)
    with urllib.request.urlopen(asked) as answer:
        found = re.search(r"/shared/(\w+)", answer.read().decode())
    assert found
    return found[1]


@pytest.mark.parametrize("name", PAGES)
def test_page_is_whole(browser: Browser, filled: Product, token: str, name: str) -> None:
    """In both schemes and widths: no findings of axe, nothing wider than the window, nothing failed, no complaints."""
    with tab(browser, filled.url, viewport={"width": WIDE[0], "height": WIDE[1]}) as one:
        answer = one.page.goto(PAGES[name].replace("{token}", token))
        assert answer is not None
        assert answer.status == 200
        for scheme in ("light", "dark"):
            for width, height in (WIDE, NARROW):
                one.page.emulate_media(color_scheme=scheme)
                one.page.set_viewport_size({"width": width, "height": height})
                one.settled()
                one.picture(f"{name}-{scheme}-{width}")
                assert one.page.locator(".failed").all_inner_texts() == []
                assert one.overflow() <= 0, (scheme, width)
                assert one.findings() == [], (scheme, width)


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
