"""A browser tab under observation: what it wrote to its console, how wide it is, what axe finds."""

from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page

ROOT = Path(__file__).resolve().parents[2]
PICTURES = ROOT / "build" / "pages"
AXE = (Path(__file__).parent / "vendor" / "axe.min.js").read_text(encoding="utf-8")
WIDE, NARROW = (1280, 900), (390, 844)


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
        """Keep a screenshot for people to look at."""
        PICTURES.mkdir(parents=True, exist_ok=True)
        self.page.screenshot(path=PICTURES / f"{name}.png", full_page=True, animations="disabled")

    def overflow(self) -> int:
        """Return by how many pixels the page is wider than its window."""
        return self.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")

    def findings(self) -> list[str]:
        """Return axe's serious and critical findings."""
        self.page.evaluate(AXE)
        found: dict[str, Any] = self.page.evaluate("axe.run(document, {resultTypes: ['violations']})")
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
        assert watched.complaints == []
