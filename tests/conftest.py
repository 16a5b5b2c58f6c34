"""Options and fixtures that every test can use."""

import functools
import os
import sys
from collections.abc import Generator

import httpx
import pytest
import structlog
from hypothesis import settings

from sendlens.web.pages import overview
from tests.harness import forks

# More than a hundred processes of a run load the same modules: they are compiled once, also where the environment would
# have each process do it again.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

# How long an example takes says more of the machine than of the code: on a busy one properties would fail by chance.
settings.register_profile("unhurried", deadline=None)
settings.load_profile("unhurried")

# Left to itself structlog draws every exception with all variables of all frames, which takes seconds.
structlog.configure(
    processors=[
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback),
    ]
)

pytest_plugins = [
    "tests.harness.postgres",
    "tests.harness.clickhouse_server",
    "tests.harness.chromium",
    "tests.harness.store",
]


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options of this project."""
    parser.addoption("--long", action="store_true", help="run the fault and property tests at full length")
    parser.addoption("--pictures", action="store_true", help="keep pictures of the pages in build/pages")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """Return how many files are tested at a time: one more than cores, because a quarter of the time is waiting."""
    return (os.cpu_count() or 1) + 1


@pytest.fixture(scope="session")
def long(request: pytest.FixtureRequest) -> bool:
    """Whether to run at full length; a test that repeats itself multiplies its rounds by this."""
    return bool(request.config.getoption("--long"))


@pytest.fixture(scope="session", autouse=True)
def patient_pages() -> Generator[None]:
    """Let pages wait for all of their panels, however busy the machine is; a test of late panels says so itself."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(overview, "SOON_SECONDS", 4.0)
        patch.setattr(overview, "FIRST_PAINT_SECONDS", 4.0)
        yield


@pytest.fixture(scope="session", autouse=True)
def certificates_read_once() -> Generator[None]:
    """Let all HTTP clients of a session share what they trust: to read it takes longer than most requests here."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("httpx._transports.default.create_ssl_context", functools.cache(httpx.create_ssl_context))
        yield


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave tests marked `long` out of a short run, and count those that repeat themselves among them in a long one."""
    if config.getoption("--long"):
        # What is killed in the long suites was started as a user starts it.
        forks.real = True
        for item in items:
            if "long" in getattr(item, "fixturenames", ()):
                item.add_marker(pytest.mark.long)
        return
    skip = pytest.mark.skip(reason="takes minutes; run with --long (make faults)")
    for item in items:
        if item.get_closest_marker("long"):
            item.add_marker(skip)
