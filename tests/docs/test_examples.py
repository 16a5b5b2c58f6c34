"""The examples in docstrings give the answers they show."""

import doctest
import importlib
import pkgutil

import pytest

import sendlens

MODULES = [module.name for module in pkgutil.walk_packages(sendlens.__path__, "sendlens.")]


# `__main__` would start the program, migrations run only inside their tool.
@pytest.mark.parametrize("name", [name for name in MODULES if "__main__" not in name and ".versions." not in name])
def test_examples(name: str) -> None:
    module = importlib.import_module(name)
    result = doctest.testmod(module, optionflags=doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE)
    assert result.failed == 0, f"{result.failed} of {result.attempted} examples in {name} are wrong (see the output)"
