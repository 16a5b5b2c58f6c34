"""Options and fixtures that every test can use."""

import pytest
from hypothesis import settings

# How long an example takes says more of the machine than of the code: on a busy one properties would fail by chance.
settings.register_profile("unhurried", deadline=None)
settings.load_profile("unhurried")

pytest_plugins = [
    "tests.harness.postgres",
    "tests.harness.clickhouse_server",
    "tests.harness.chromium",
    "tests.harness.store",
]


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options of this project."""
    parser.addoption("--long", action="store_true", help="run the fault and property tests at full length")


@pytest.fixture(scope="session")
def long(request: pytest.FixtureRequest) -> bool:
    """Whether to run at full length; a test that repeats itself multiplies its rounds by this."""
    return bool(request.config.getoption("--long"))


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave tests marked `long` out of a short run."""
    if config.getoption("--long"):
        return
    skip = pytest.mark.skip(reason="takes minutes; run with --long (make faults)")
    for item in items:
        if item.get_closest_marker("long"):
            item.add_marker(skip)
