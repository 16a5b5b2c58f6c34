"""The page Intake in a browser while things go wrong: rejects appear, a fuse is reset, a hidden tab asks nothing."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import Browser, Page, expect

from sendlens.control.polls import PollState
from sendlens.pipeline.fuse import Blown
from tests.browser.watching import NARROW, WIDE, tab
from tests.web.conftest import Running, deploy, running

__all__ = ["deploy", "running"]


def troubled(server: Running, deploy: Callable[[bool], None]) -> str:
    """Let a server have rejects, dead letters, a mailbox that cannot be read and a stopped source; return its id."""
    control, tenant = server.parts.control, server.tenant.id
    deploy(True)
    server.send(0, 60, sick=4)
    server.settle()
    deploy(False)
    server.post([{"type": "opened", "id": "1"}, {"type": "delivered", "id": "2", "recipient": ["zoe@example.com"]}])
    hooks = control.sources.create(tenant, "shop mail", "postmark", {}, ["user:password"])
    server.ask("POST", f"/hooks/postmark/{hooks.id}", json={})
    box = control.sources.create(tenant, "bounces", "mail", {"mailbox": "maildir:/nowhere"}, ["secret"])
    now = server.parts.clock.now_ms()
    failed = PollState(
        looked_at=now - 86_400_000,
        tried_at=now - 60_000,
        failing_since=now - 7_200_000,
        read=1204,
        error="ada@mail.example: the password was not accepted. Check user, password and folder.",
    )
    control.polls.put(box.id, failed)
    server.parts.fuse.stop(Blown(tenant, hooks.id, 9, 120, 117, "KeyError: 'MessageStream'", now - 600_000, parks=True))
    server.settle()
    return hooks.id


def hide(page: Page, hidden: bool) -> None:
    """Let a page believe that its tab is in the background, or in front again."""
    page.evaluate(
        "(hidden) => { Object.defineProperty(document, 'hidden', { configurable: true, get: () => hidden });"
        " document.dispatchEvent(new Event('visibilitychange')); }",
        hidden,
    )


def test_the_page_while_things_go_wrong(browser: Browser, running: Running, deploy: Callable[[bool], None]) -> None:
    troubled(running, deploy)
    with tab(browser, running.url, viewport={"width": WIDE[0], "height": WIDE[1]}) as one:
        page = one.page
        page.goto("/intake")
        one.settled()
        rejects = page.locator("#panel-rejections")
        expect(rejects.locator("tbody tr")).to_have_count(3)
        rejects.locator("summary").first.click()
        for scheme in ("light", "dark"):
            for width, height in (WIDE, NARROW):
                page.emulate_media(color_scheme=scheme)
                page.set_viewport_size({"width": width, "height": height})
                one.settled()
                one.picture(f"intake-trouble-{scheme}-{width}")
                assert one.overflow() <= 0, (scheme, width)
                assert one.findings() == [], (scheme, width)

        # What is refused while the page is open appears by itself.
        running.post([{"type": "opened", "id": "3", "occurred_at": "soon", "recipient": "a@example.com"}])
        expect(rejects.locator("tbody tr", has_text="occurred_at")).to_be_visible(timeout=15_000)
        expect(page.locator("#panel-source-lights")).to_contain_text("s ago")

        # A tab in the background asks for nothing, and catches up when it is shown.
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        # The second of two changes in a row waits in each panel for its turn, which comes while the tab is hidden.
        for _ in range(2):
            page.evaluate("document.body.dispatchEvent(new CustomEvent('changed'))")
        hide(page, True)
        running.until(lambda: running.parts.hub.listeners == 0)
        page.wait_for_timeout(300)
        asked.clear()
        running.post([{"type": "opened", "id": "4", "value": "much", "recipient": "a@example.com"}])
        running.settle()
        page.wait_for_timeout(2300)
        assert asked == []
        expect(rejects.locator("tbody tr", has_text="value")).to_have_count(0)
        hide(page, False)
        expect(rejects.locator("tbody tr", has_text="value")).to_be_visible(timeout=15_000)
        assert any("/live" in url and "seen=" in url for url in asked)

        # What came due meanwhile is asked for when the tab is shown, also if nothing has changed since.
        for _ in range(2):
            page.evaluate("document.body.dispatchEvent(new CustomEvent('changed'))")
        hide(page, True)
        page.wait_for_timeout(2300)
        with page.expect_request("**/panels/source-lights?*", timeout=1500):
            hide(page, False)

        # The fuse: what the button does is said beside it.
        stopped = page.locator("#panel-source-lights .halt")
        expect(stopped).to_contain_text("let in at once")
        stopped.get_by_role("button", name="Reset the fuse").click()
        expect(page.get_by_role("status").filter(has_text="let in again")).to_be_visible()
        expect(page.locator("#panel-source-lights .halt")).to_have_count(0)
        assert running.parts.fuse.blown() == []


def test_a_file_is_sent_with_its_progress(browser: Browser, running: Running) -> None:
    """The script sends the form and follows to the page of the import; what is wrong is said where the form is."""
    line = b'{"id": "e%d", "type": "delivered", "recipient": "p%d@example.com"}\n'
    body = b"".join(line % (number, number) for number in range(3000)) + b'{"id": "x", "type": "delivered"}\n'
    with tab(browser, running.url, viewport={"width": WIDE[0], "height": WIDE[1]}) as one:
        page = one.page
        sent: list[str] = []
        page.on("request", lambda request: sent.append(request.resource_type) if request.method == "POST" else None)
        page.goto("/settings/import")
        page.get_by_label("File, at most").set_input_files(
            {"name": "history.ndjson", "mimeType": "application/x-ndjson", "buffer": body}
        )
        page.get_by_role("button", name="Import").click()
        expect(page.get_by_role("status").filter(has_text="Done.")).to_be_visible(timeout=30_000)
        assert sent == ["xhr"]
        expect(page.locator("dl.facts")).to_contain_text("3,001")
        assert page.locator(".long").all_inner_texts()[0].startswith("recipient: ")
        one.picture("import-done-light-1280")
        page.goto("/settings/import")
        expect(page.get_by_role("link", name="history.ndjson")).to_be_visible()
