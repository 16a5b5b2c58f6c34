"""A Chromium to drive with Playwright: the one of the machine, or Debian's package.

`chromium` says where it is and how to start it; `browser` and `page` are Playwright's objects on top of it.
"""

import shutil
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from tests.harness import debian

# Root may not use the sandbox, containers have no GPU, and no test may depend on what the browser fetches by itself.
ARGUMENTS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@dataclass(frozen=True)
class Chromium:
    """An installed browser and the arguments every start of it takes."""

    executable: Path
    arguments: tuple[str, ...] = ARGUMENTS

    def command(self, profile: Path, *more: str) -> list[str]:
        """Return the command line for a start without Playwright, with a profile directory of its own."""
        return [str(self.executable), *self.arguments, f"--user-data-dir={profile}", *more]


def find() -> Chromium:
    """Return the browser of this machine; install Debian's when there is none."""
    found = _installed()
    if found is None:
        debian.install("chromium")
        found = _installed()
    if found is None:
        raise RuntimeError("the package chromium is installed, but there is no /usr/bin/chromium")
    return Chromium(found)


def _installed() -> Path | None:
    for name in ("/usr/bin/chromium", "chromium", "chromium-browser", "google-chrome"):
        if found := shutil.which(name):
            return Path(found)
    return None


@pytest.fixture(scope="session")
def chromium() -> Chromium:
    """The browser to test with."""
    return find()


# TRICKY: per module, not per session. While Playwright's synchronous API is open, its event loop runs in this thread,
# and every asyncio.run() of a later test would be refused.
@pytest.fixture(scope="module")
def browser(chromium: Chromium) -> Generator[Browser]:
    """A started browser with a fresh profile, shared by the tests of one module."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium.executable, args=list(chromium.arguments))
        yield browser
        browser.close()


@pytest.fixture
def page(browser: Browser) -> Generator[Page]:
    """An empty page with cookies and storage of its own."""
    with browser.new_context() as context:
        yield context.new_page()
