"""Every test of this directory that asks for a control plane runs on both databases."""

from collections.abc import Generator
from pathlib import Path

import pytest

from sendlens.clock import FrozenClock
from sendlens.control import Control
from sendlens.settings import Settings

SECRET_KEY = b"a secret key for tests, 32 bytes or more"


@pytest.fixture(params=["sqlite", "postgresql"])
def control_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of an empty database, in SQLAlchemy's words, as the settings give it."""
    if request.param == "sqlite":
        return Settings(data=tmp_path / "data").control_url
    return Settings(control=request.getfixturevalue("postgres_url")).control_url


@pytest.fixture
def clock() -> FrozenClock:
    return FrozenClock(1_790_000_000_000)


@pytest.fixture
def control(control_url: str, clock: FrozenClock) -> Generator[Control]:
    with Control.open(control_url, SECRET_KEY, clock) as control:
        yield control


@pytest.fixture
def tenant(control: Control) -> str:
    """The id of a tenant."""
    return control.tenants.create("acme", "Acme Ltd").id
