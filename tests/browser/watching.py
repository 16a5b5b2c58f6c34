"""A browser tab under observation: what it wrote to its console, how wide it is, what axe finds."""

import contextlib
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from playwright.sync_api import Browser, Page
from playwright.sync_api import TimeoutError as PlaywrightTimeout

ROOT = Path(__file__).resolve().parents[2]
PICTURES = ROOT / "build" / "pages"
KEPT = False
"""Whether pictures are drawn (`--pictures`)."""
AXE = (Path(__file__).parent / "vendor" / "axe.min.js").read_text(encoding="utf-8")
# Ends when nothing fades in any more; what moves for ever, as a waiting panel does, is not waited for.
STILL = """() => Promise.all(document.getAnimations()
    .filter(one => (time => isFinite(time.endTime) && time.activeDuration > 0)(one.effect.getComputedTiming()))
    .map(one => one.finished.catch(() => null))).then(() => null)"""
WIDE, NARROW = (1280, 900), (390, 844)

# What a keyboard can reach shows where it is. Nothing is out of its reach, and nothing jumps the order of the page.
KEYBOARD = """() => {
    const wrong = [];
    for (const one of document.querySelectorAll("a[href], button, input, select, textarea, summary, [tabindex]")) {
        if (!one.checkVisibility() || one.disabled || one.type === "hidden" || one.matches("main")) continue;
        one.focus({focusVisible: true, preventScroll: true});
        const style = getComputedStyle(one);
        const shown = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) > 0;
        if (one.tabIndex !== 0 || document.activeElement !== one || !shown) wrong.push(one.outerHTML.slice(0, 160));
    }
    return wrong;
}"""


@dataclass
class Tab:
    """A page and everything that went wrong in it."""

    page: Page
    complaints: list[str] = field(default_factory=list)

    def settled(self) -> None:
        """Wait until fonts, charts and pending panels are there."""
        self.page.wait_for_load_state("load")
        self.page.wait_for_function("() => !document.querySelector('.pending')")
        self.page.wait_for_function(
            "() => [...document.querySelectorAll('[data-chart]')].every((plot) => 'drawn' in plot.dataset)"
        )

    def picture(self, name: str) -> None:
        """Keep a screenshot for people to look at, where they asked for it."""
        if not KEPT:
            return
        PICTURES.mkdir(parents=True, exist_ok=True)
        self.page.screenshot(path=PICTURES / f"{name}.png", full_page=True, animations="disabled")

    def whole(self, name: str) -> None:
        """Assert that the page is, in both schemes and widths: nothing failed, nothing wider than the window.

        axe looks at each scheme and each width once, the keyboard at the wide page.
        """
        looks: tuple[tuple[Literal["light", "dark"], tuple[int, int]], ...]
        looks = ("light", WIDE), ("light", NARROW), ("dark", NARROW), ("dark", WIDE)
        for scheme, (width, height) in looks:
            self.page.emulate_media(color_scheme=scheme)
            self.page.set_viewport_size({"width": width, "height": height})
            self.settled()
            self.picture(f"{name}-{scheme}-{width}")
            assert self.page.locator(".failed").all_inner_texts() == []
            assert self.overflow() <= 0, (scheme, width)
            if (scheme == "light") == (width == WIDE[0]):
                assert self.findings() == [], (scheme, width)
        assert self.page.evaluate(KEYBOARD) == []

    def overflow(self) -> int:
        """Return by how many pixels the page is wider than its window, once a chart has followed a change of size."""
        with contextlib.suppress(PlaywrightTimeout):
            self.page.wait_for_function(
                "() => document.documentElement.scrollWidth <= document.documentElement.clientWidth", timeout=3000
            )
        return self.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")

    def findings(self) -> list[str]:
        """Return axe's serious and critical findings. What fades in is waited for: half faded text has no contrast.

        A mail in its frame is not looked into: it is a sender's, and its sandbox lets no script answer axe, which
        complains of that on the console whenever it gives up before the frame is there.
        """
        self.page.evaluate(STILL)
        self.page.evaluate(AXE)
        found: dict[str, Any] = self.page.evaluate("axe.run(document, {resultTypes: ['violations'], iframes: false})")
        return [
            f"{one['id']}: {node['html'][:160]} {node['failureSummary'][:300]}"
            for one in found["violations"]
            if one["impact"] in {"serious", "critical"}
            for node in one["nodes"]
        ]


@contextmanager
def tab(browser: Browser, url: str = "", **options: Any) -> Generator[Tab]:
    """Open a tab with cookies of its own; it must not have complained when the block ends."""
    with browser.new_context(locale="en-GB", base_url=url or None, **options) as context:
        watched = Tab(context.new_page())
        watched.page.on(
            "console",
            lambda message: watched.complaints.append(message.text) if message.type in {"error", "warning"} else None,
        )
        watched.page.on("pageerror", lambda error: watched.complaints.append(str(error)))
        yield watched
        assert watched.complaints == [], "\n".join(watched.complaints)
