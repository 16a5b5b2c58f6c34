"""What one can do with a page: with the keyboard, without JavaScript, in place, and while events come in."""

import json
import re
import urllib.request

import pytest
from playwright.sync_api import Browser, Page, expect

from sendlens.control.roles import Role
from sendlens.errors import Forbidden, NotFound, StoreError
from sendlens.web.pages.access import COOKIE
from tests.browser.serving import Served
from tests.browser.watching import NARROW, tab


def tile(page: Page, name: str):
    return page.locator("#panel-figures .tile", has=page.get_by_text(name, exact=True))


def test_tile_puts_its_metric_into_the_chart_without_leaving_the_page(browser: Browser, served: Served) -> None:
    with tab(browser, served.url) as one:
        one.page.goto("/")
        one.settled()
        one.page.evaluate("window.stayed = true")
        tile(one.page, "Open rate").click()
        expect(one.page.locator("#panel-chart h2")).to_have_text("Open rate")
        expect(one.page).to_have_url(re.compile(r"metric=open_rate"))
        assert one.page.evaluate("window.stayed")
        one.page.go_back()
        expect(one.page.locator("#panel-chart h2")).to_have_text("Sent")


def test_row_adds_a_filter_and_the_chip_takes_it_away(browser: Browser, served: Served) -> None:
    with tab(browser, served.url) as one:
        one.page.goto("/")
        before = tile(one.page, "Sent").locator(".value").inner_text()
        one.page.locator("#panel-audience").get_by_role("link", name="Gmail", exact=True).click()
        expect(one.page.locator(".chip")).to_contain_text("Mailbox provider is Gmail")
        expect(one.page).to_have_url(re.compile(r"f=is,provider,gmail"))
        assert tile(one.page, "Sent").locator(".value").inner_text() != before
        one.page.get_by_role("link", name="Remove the filter").click()
        expect(one.page.locator(".chip")).to_have_count(0)
        expect(tile(one.page, "Sent").locator(".value")).to_have_text(before)


def test_period_is_chosen_and_typed_filter_added(browser: Browser, served: Served) -> None:
    with tab(browser, served.url) as one:
        one.page.goto("/")
        one.page.get_by_label("Period", exact=True).select_option("7d")
        expect(one.page).to_have_url(re.compile(r"period=7d"))
        expect(one.page.locator(".range")).to_contain_text("14 – 20 Nov 2026")
        one.page.get_by_text("+ Filter").click()
        one.page.get_by_label("Show only where").select_option("country")
        one.page.get_by_label("Value", exact=True).fill("a,b|c")
        one.page.get_by_role("button", name="Add filter").click()
        expect(one.page.locator(".chip")).to_contain_text("Country is a,b|c")


def test_chart_says_what_its_table_says(browser: Browser, served: Served) -> None:
    with tab(browser, served.url) as one:
        one.page.goto("/?metric=open_rate")
        one.settled()
        plot = one.page.locator("#plot-chart")
        plot.focus()
        plot.press("ArrowLeft")
        row = one.page.locator("#table-chart tbody tr").last
        expect(one.page.locator(".bubble")).to_contain_text(row.locator("[data-value]").text_content() or "?")
        expect(one.page.locator(".bubble")).to_contain_text("so far")
        expect(one.page.locator("#status")).to_contain_text("so far")


def test_live_change_refreshes_figures_and_keeps_what_was_open(browser: Browser, served: Served) -> None:
    with tab(browser, served.url) as one:
        one.page.goto("/?period=today")
        one.settled()
        expect(one.page.locator("#live")).to_have_attribute("data-state", "on")
        before = tile(one.page, "Sent").locator(".value").inner_text()
        one.page.get_by_text("Show as a table").click()
        tile(one.page, "Click rate").focus()
        served.clock.advance(3600)
        served.site.hub.publish(served.tenant.id, {"events": 900})
        expect(tile(one.page, "Sent").locator(".value")).not_to_have_text(before)
        expect(one.page.locator("#twin-chart")).to_have_attribute("open", "")
        expect(tile(one.page, "Click rate")).to_be_focused()
        expect(one.page.locator("#status")).to_have_text("The figures were updated.")


def test_change_between_the_figures_and_the_feed_is_not_missed(browser: Browser, served: Served) -> None:
    with tab(browser, served.url) as one:
        # The event comes while the page is under way: after its figures, before its feed.
        one.page.route("**/live.js*", lambda route: (served.site.hub.publish(served.tenant.id, {}), route.continue_()))
        with one.page.expect_request("**/panels/figures*"):
            one.page.goto("/")


def test_hidden_tab_listens_no_more(browser: Browser, served: Served) -> None:
    with tab(browser, served.url) as one:
        one.page.goto("/")
        expect(one.page.locator("#live")).to_have_attribute("data-state", "on")
        one.page.evaluate(
            "Object.defineProperty(document, 'hidden', {value: true, configurable: true});"
            "document.dispatchEvent(new Event('visibilitychange'))"
        )
        one.page.wait_for_timeout(200)
        served.site.hub.publish(served.tenant.id, {})
        asked: list[str] = []
        one.page.on("request", lambda request: asked.append(request.url))
        one.page.wait_for_timeout(600)
        assert asked == []
        with one.page.expect_request("**/panels/figures*"):
            one.page.evaluate(
                "Object.defineProperty(document, 'hidden', {value: false, configurable: true});"
                "document.dispatchEvent(new Event('visibilitychange'))"
            )


def test_failing_panel_fails_alone(browser: Browser, served: Served) -> None:
    served.figures.broken = "provider"
    with tab(browser, served.url) as one:
        one.page.goto("/")
        one.settled()
        failed = one.page.locator("#panel-audience .failed")
        expect(failed).to_contain_text("did not answer within 20 s")
        assert one.page.locator(".failed").count() == 1
        served.figures.broken = ""
        failed.get_by_role("link", name="Try again").click()
        expect(one.page.locator("#panel-audience").get_by_role("link", name="Gmail", exact=True)).to_be_visible()


def test_slow_panel_is_sent_later(browser: Browser, served: Served) -> None:
    served.figures.slow = "provider"
    with tab(browser, served.url) as one:
        one.page.goto("/")
        expect(one.page.locator("#panel-audience .pending")).to_be_visible()
        expect(tile(one.page, "Sent").locator(".value")).to_be_visible()
        served.figures.slow = ""
        expect(one.page.locator("#panel-audience").get_by_role("link", name="Gmail", exact=True)).to_be_visible()


def test_whole_list_opens_over_the_page_and_leads_back_to_it(browser: Browser, served: Served) -> None:
    with tab(browser, served.url) as one:
        one.page.goto("/?period=7d")
        one.settled()
        opener = one.page.locator("#panel-audience").get_by_role("link", name=re.compile("^(All|Details)"))
        opener.focus()
        one.page.keyboard.press("Enter")
        dialog = one.page.get_by_role("dialog", name="Mailbox providers")
        expect(dialog.get_by_role("searchbox")).to_be_focused()
        assert one.findings() == []
        dialog.get_by_role("link", name="Clicked").first.click()
        expect(dialog.locator("th[aria-sort=descending]")).to_contain_text("Clicked")
        assert "/details/" not in one.page.url
        one.page.keyboard.press("Escape")
        expect(dialog).to_be_hidden()
        expect(opener).to_be_focused()
        opener.click()
        dialog.get_by_role("link", name="Gmail", exact=True).click()
        expect(one.page.locator(".chip")).to_contain_text("Mailbox provider is Gmail")
        expect(one.page.get_by_role("dialog")).to_have_count(0)


def test_keys_lead_everywhere(browser: Browser, served: Served) -> None:
    with tab(browser, served.url) as one:
        one.page.goto("/?period=28d")
        one.settled()
        one.page.keyboard.press("]")
        expect(one.page).to_have_url(re.compile("period=90d"))
        one.page.keyboard.press("[")
        expect(one.page).to_have_url(re.compile("period=28d"))
        one.page.keyboard.press("?")
        expect(one.page.get_by_role("dialog", name="Keys")).to_be_visible()
        assert one.findings() == []
        one.page.keyboard.press("Escape")
        one.page.keyboard.press("/")
        field = one.page.get_by_role("combobox", name="A page, campaign")
        expect(field).to_be_focused()
        one.page.keyboard.type("gmail?")  # keys in a field are letters
        field.fill("gma")
        expect(one.page.get_by_role("option", name="Gmail")).to_have_attribute("aria-selected", "true")
        assert one.findings() == []
        one.page.keyboard.press("Enter")
        expect(one.page.get_by_role("heading", level=1)).to_have_text("Gmail")
        one.settled()
        one.page.keyboard.press("g")
        one.page.keyboard.press("v")
        expect(one.page.get_by_role("heading", level=1)).to_have_text("Views")


def test_note_is_a_flag_in_the_chart(browser: Browser, served: Served) -> None:
    with tab(browser, served.url) as one:
        one.page.goto("/")
        one.settled()
        flags = one.page.locator("#plot-chart .flag").count()
        assert flags > 0  # the starts of campaigns
        one.page.locator(".notes summary").click()
        one.page.get_by_label("When").fill("2026-11-03T10:00")
        one.page.get_by_label("Note", exact=True).fill("New sending IP")
        one.page.get_by_role("button", name="Add note").click()
        expect(one.page.locator("#plot-chart .flag")).to_have_count(flags + 1)
        one.page.locator(".notes summary").click()
        one.page.get_by_role("button", name="Remove the note New sending IP").click()
        expect(one.page.locator("#plot-chart .flag")).to_have_count(flags)


def test_everything_is_reached_with_the_keyboard(browser: Browser, served: Served) -> None:
    with tab(browser, served.url) as one:
        one.page.goto("/")
        one.settled()
        reachable = "main a[href], main select, main summary, main [data-chart]"
        wanted = one.page.locator(reachable).evaluate_all("all => all.filter((one) => one.checkVisibility()).length")
        one.page.keyboard.press("Tab")
        expect(one.page.locator(".skip")).to_be_focused()
        seen = 0
        for _ in range(wanted + 20):
            one.page.keyboard.press("Tab")
            seen, shown = one.page.evaluate(
                """(what) => {
                    const here = document.activeElement;
                    window.seen ??= new Set();
                    if (!here?.closest('main') || !here.matches(what)) return [window.seen.size, true];
                    const style = getComputedStyle(here);
                    window.seen.add(here);
                    return [window.seen.size, style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) > 0];
                }""",
                reachable,
            )
            assert shown, "a focused element shows no focus"
        assert seen == wanted
        tile(one.page, "Open rate").focus()
        expect(tile(one.page, "Open rate").get_by_role("tooltip")).to_be_visible()


def test_without_javascript(browser: Browser, served: Served) -> None:
    with tab(browser, served.url, java_script_enabled=False) as one:
        one.page.goto("/")
        one.page.get_by_label("Period", exact=True).select_option("7d")
        one.page.get_by_role("button", name="Apply").click()
        expect(one.page.locator(".range")).to_contain_text("14 – 20 Nov 2026")
        one.page.get_by_text("Show as a table").click()
        expect(one.page.locator("#table-chart tbody tr")).to_have_count(7)
        one.page.get_by_text("+ Filter").click()
        one.page.get_by_label("Show only where").select_option("provider")
        one.page.get_by_label("Value", exact=True).fill("gmail")
        one.page.get_by_role("button", name="Add filter").click()
        expect(one.page.locator(".chip")).to_contain_text("Mailbox provider is Gmail")
        one.page.get_by_role("button", name="Switch between light and dark").click()
        expect(one.page.locator("html")).to_have_attribute("data-theme", "dark")
        expect(one.page.locator(".chip")).to_contain_text("Mailbox provider is Gmail")


def test_waiting_page_moves_on_without_javascript(browser: Browser, served: Served) -> None:
    source = served.control.sources.list(served.tenant.id)[0]
    served.figures.empty = True
    served.forget_events()
    with tab(browser, served.url, java_script_enabled=False) as one:
        one.page.goto("/")
        expect(one.page.get_by_role("heading", level=1)).to_have_text("Waiting for your first event")
        served.figures.empty = False
        served.control.sources.touch(source.id, served.clock.now_ms())
        served.control.flush()
        expect(one.page.get_by_role("heading", name="Key figures")).to_be_attached(timeout=10_000)


def test_theme_is_remembered(browser: Browser, served: Served) -> None:
    with tab(browser, served.url, color_scheme="light") as one:
        one.page.goto("/")
        one.page.get_by_role("button", name="Switch between light and dark").click()
        dark = one.page.evaluate("getComputedStyle(document.body).backgroundColor")
        one.page.reload()
        assert one.page.evaluate("getComputedStyle(document.body).backgroundColor") == dark
        assert dark != "rgb(245, 246, 249)"


def test_nothing_inline_runs(browser: Browser, served: Served) -> None:
    with tab(browser, served.url) as one:
        one.page.goto("/?f=is,campaign,%3Cimg%20src%3Dx%20onerror%3Dalert(1)%3E")
        expect(one.page.locator(".chip")).to_contain_text("<img src=x onerror=alert(1)>")
        assert one.page.locator("main img").count() == 0


def test_narrow_page_has_no_sideways_scroll(browser: Browser, served: Served) -> None:
    with tab(browser, served.url, viewport={"width": NARROW[0], "height": NARROW[1]}) as one:
        one.page.goto(
            "/?f=is,campaign,very-long&f=is_not,link,https://shop.example.com/a-path-that-goes-on-and-on-and-on"
        )
        one.settled()
        assert one.overflow() <= 0


def test_widths_between_a_telephone_and_a_desk(browser: Browser, served: Served) -> None:
    # The longest that stands at the top: a name that is cut off, and hours since the last event.
    served.control.tenants.update(served.tenant.slug, new_name="The Example Shop of Long Names and Sons")
    source = served.control.sources.list(served.tenant.id)[0]
    served.control.sources.touch(source.id, served.clock.now_ms() - 36 * 3_600_000)
    with tab(browser, served.url) as one:
        one.page.goto("/")
        one.settled()
        for width in (1280, 1279, 1151, 1150, 1024, 800, 641):
            one.page.set_viewport_size({"width": width, "height": 900})
            one.page.wait_for_function(
                "() => document.documentElement.scrollWidth <= innerWidth"
            )  # once the chart has followed
            menu, row = one.page.locator("details.menu > summary"), one.page.locator("nav.main")
            assert menu.is_visible() != row.is_visible(), width
            bar = one.page.locator(".bar").bounding_box()
            assert bar is not None
            assert bar["height"] < 120, width  # two rows
        one.picture("overview-between")


def test_paper_is_light_and_says_what_it_shows(browser: Browser, served: Served) -> None:
    with tab(browser, served.url, color_scheme="dark") as one:
        one.page.goto("/?period=7d&f=is,provider,gmail")
        one.settled()
        expect(one.page.locator(".on-paper")).to_be_hidden()
        ink = "document.querySelector('#plot-chart canvas').toDataURL()"
        dark = one.page.evaluate(ink)
        one.page.emulate_media(media="print")
        head = one.page.locator(".on-paper")
        expect(head).to_contain_text(f"{served.url}/?period=7d&f=is,provider,gmail")
        expect(head).to_contain_text("as of 20 Nov 2026, 15:22 (Europe/Berlin)")
        expect(one.page.locator(".bar .range")).to_contain_text("14 – 20 Nov 2026")
        expect(one.page.locator(".chip")).to_contain_text("Mailbox provider is Gmail")
        for gone in ("nav.main", ".scope", ".tools", ".foot", "#twin-chart"):
            expect(one.page.locator(gone).first).to_be_hidden()
        expect(tile(one.page, "Sent")).to_be_visible()
        assert one.page.locator(".bar").evaluate("one => getComputedStyle(one).position") == "static"
        assert one.page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
        assert one.page.evaluate(ink) != dark
        one.page.set_viewport_size({"width": 718, "height": 1000})  # A4 between its margins
        assert one.overflow() <= 0


@pytest.mark.parametrize(
    ("error", "heading"),
    [
        (NotFound("there is no such view"), "There is nothing here"),
        (Forbidden("only admins may see this"), "This credential does not allow that"),
        (StoreError("the store did not answer within 20 s"), "The store did not answer"),
        (RuntimeError("a secret of ours"), "Something went wrong inside Sendlens"),
    ],
)
def test_mistake_is_a_page_in_the_dark_and_narrow(
    browser: Browser, served: Served, monkeypatch: pytest.MonkeyPatch, error: Exception, heading: str
) -> None:
    def fail(tenant: str) -> None:
        raise error

    monkeypatch.setattr(served.control.views, "list", fail)
    size = {"width": NARROW[0], "height": NARROW[1]}
    with tab(browser, served.url, viewport=size, color_scheme="dark") as one:
        one.page.goto("/views")
        expect(one.page.get_by_role("heading", level=1)).to_have_text(heading)
        expect(one.page.get_by_role("link", name="To the overview")).to_be_visible()
        assert "secret" not in one.page.content()
        one.picture(f"mistake-{type(error).__name__.lower()}-dark-{NARROW[0]}")
        assert one.overflow() <= 0
        assert one.findings() == []
        one.complaints = [text for text in one.complaints if "status of" not in text]  # the browser tells of the answer


def test_own_account_is_whole(browser: Browser, served: Served) -> None:
    person = served.control.users.create("ada@example.com", "a password that is long")
    served.control.users.set_role(served.tenant.id, person.id, Role.ADMIN)
    _, session = served.control.sessions.begin(user=person.id, agent="another browser")
    with tab(browser, served.url) as one:
        one.page.context.add_cookies([{"name": COOKIE, "value": session, "url": served.url}])
        one.page.goto("/settings/account")
        expect(one.page.get_by_text("ada@example.com").first).to_be_attached()
        one.whole("settings-account")


@pytest.mark.parametrize("name", ["figures", "chart", "campaigns", "audience", "content", "device"])
def test_panel_has_an_address_of_its_own(served: Served, name: str) -> None:
    with urllib.request.urlopen(f"{served.url}/panels/{name}?period=7d") as answer:
        text = answer.read().decode()
    assert text.lstrip().startswith(f'<section id="panel-{name}"')
    assert "/panels/" not in re.sub(r'hx-get="[^"]*"|href="/panels/[a-z]+\.(csv|json)\?[^"]*"', "", text)


def test_feed_tells_the_version(served: Served) -> None:
    served.site.hub.publish(served.tenant.id, {"events": 3})
    with urllib.request.urlopen(f"{served.url}/live?seen=other") as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        lines = [answer.readline().decode().strip() for _ in range(7)]
    data = next(line for line in lines if line.startswith("data: {"))
    assert json.loads(data.removeprefix("data: "))["events"] == 3
