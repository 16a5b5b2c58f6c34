"""What happens when a test needs something the machine does not have."""

import os
from typing import NoReturn

import pytest


def missing(what: str, reason: str) -> NoReturn:
    """Skip on a laptop, fail in CI: there a skipped test would pass for a green one."""
    message = f"{what} is not available: {reason}"
    if os.environ.get("CI", "").lower() == "true":
        pytest.fail(f"{message} (in CI every server is required)", pytrace=False)
    pytest.skip(message)
