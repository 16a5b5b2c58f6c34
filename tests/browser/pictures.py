"""The pictures of the documentation: `make pictures` draws them again from the pages and made-up figures."""

import tempfile
from pathlib import Path

from playwright.sync_api import sync_playwright

from tests.browser.serving import Served, serve
from tests.browser.watching import NARROW, ROOT, tab
from tests.harness.chromium import find

IMAGES = ROOT / "docs" / "images"
SHOTS = (
    # file, address, scheme, size
    ("overview-light", "/", "light", (1280, 1180)),
    ("overview-dark", "/?metric=open_rate", "dark", (1280, 1180)),
    ("provider-narrow", "/providers/gmail?metric=click_rate", "light", NARROW),
)


def fill(served: Served) -> None:
    """Let the tenant look lived in: a recent event, and a note in the chart."""
    now = served.clock.now_ms()
    source = served.control.sources.list(served.tenant.id)[0]
    served.control.sources.touch(source.id, now - 2000)
    served.control.flush()
    served.control.annotations.add(served.tenant.id, now - 9 * 86_400_000, "New sending IP", author="local")


def main() -> None:
    """Write every picture."""
    with tempfile.TemporaryDirectory() as data, serve(Path(data)) as served, sync_playwright() as playwright:
        fill(served)
        found = find()
        browser = playwright.chromium.launch(executable_path=found.executable, args=list(found.arguments))
        for name, path, scheme, (width, height) in SHOTS:
            size = {"width": width, "height": height}
            with tab(browser, served.url, viewport=size, color_scheme=scheme) as one:
                one.page.goto(path)
                one.settled()
                one.page.wait_for_timeout(500)
                one.page.screenshot(path=IMAGES / f"{name}.png", animations="disabled")
        browser.close()


if __name__ == "__main__":
    main()
