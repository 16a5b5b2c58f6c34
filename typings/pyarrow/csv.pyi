"""Everything in here is `Any`; see the stub of the package."""

from typing import Any

def __getattr__(name: str) -> Any: ...
