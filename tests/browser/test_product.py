"""The whole product in a browser: from the waiting page to every page with real figures, in both schemes and widths."""

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.conftest import Product
from tests.browser.watching import NARROW, WIDE, tab

PAGES = {
    "overview": "/",
    "overview-filtered": "/?period=90d&compare=none&f=is,provider,gmail&f=contains,campaign,weekly&metric=open_rate",
    "campaigns": "/campaigns",
    "campaign": "/campaigns/2026-11-black-friday",
    "people": "/recipients?did=clicked_human",
    "person": "/recipients/reader1@gmail.com",
    "intake": "/intake",
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


@pytest.mark.parametrize("size", [WIDE, NARROW], ids=["1280", "390"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", PAGES)
def test_page_is_whole(browser: Browser, filled: Product, name: str, scheme: str, size: tuple[int, int]) -> None:
    options = {"viewport": {"width": size[0], "height": size[1]}, "color_scheme": scheme}
    with tab(browser, filled.url, **options) as one:
        answer = one.page.goto(PAGES[name])
        assert answer is not None
        assert answer.status == 200
        one.settled()
        one.picture(f"{name}-{scheme}-{size[0]}")
        assert one.page.locator(".failed").count() == 0
        assert one.overflow() <= 0
        assert one.findings() == []


def test_overview_campaign_and_list_agree(browser: Browser, filled: Product) -> None:
    with tab(browser, filled.url) as one:
        one.page.goto("/?f=is,campaign,2026-11-black-friday")
        overview = one.page.locator("#panel-figures .tile .value").all_inner_texts()
        one.page.goto("/campaigns/2026-11-black-friday")
        campaign = one.page.locator("#panel-campaign .tile .value").all_inner_texts()
        assert overview == campaign
        one.page.goto("/campaigns?q=black")
        row = one.page.locator("#panel-campaign-list tbody tr").all_inner_texts()
        assert len(row) == 1
        assert all(text in row[0] for text in (campaign[0], campaign[1], campaign[2], campaign[3], campaign[4]))


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
