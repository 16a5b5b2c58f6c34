"""`docs/providers/` has a page for every provider, and its matrix is the one in the code."""

import sys

import msgspec
import pytest

from sendlens.sources.esp import PROVIDERS, Options
from sendlens.sources.esp.features import FEATURES, markdown
from tests.docs.pages import DOCS

INDEX = (DOCS / "providers" / "index.md").read_text(encoding="utf-8")


def page(name: str) -> str:
    return (DOCS / "providers" / f"{name}.md").read_text(encoding="utf-8")


def types(name: str) -> list[str]:
    """Return the provider's own names of the types that its table maps."""
    table = sys.modules[PROVIDERS[name].parse.__module__].TYPES
    # Some tables have two keys: object and metric, or event and severity.
    position = 1 if name == "customerio" else 0
    return [key[position] if isinstance(key, tuple) else key for key in table]


def test_every_provider_is_in_the_matrix() -> None:
    assert list(FEATURES) == list(PROVIDERS)


def test_the_matrix_is_up_to_date() -> None:
    _, _, rest = INDEX.partition("<!-- made by sendlens.sources.esp.features -->\n\n")
    told, _, _ = rest.partition("\n<!-- end -->")
    assert told == markdown(), "python -m sendlens.sources.esp.features prints the tables for docs/providers/index.md"


@pytest.mark.parametrize("name", PROVIDERS)
def test_the_page_explains_the_provider(name: str) -> None:
    told = page(name)
    missing = [one for one in types(name) if f"`{one}`" not in told]
    assert not missing
    assert all(f"`{path}`" in told for path in PROVIDERS[name].campaign_from)
    for heading in ("Switching it on", "What it tells", "What it does not tell", "Good to know"):
        assert f"\n## {heading}\n" in told


def test_bounces_with_a_table_of_their_own_are_explained() -> None:
    from sendlens.sources.esp import bouncecodes, mailjet, postmark, unisender

    tables = {
        "postmark": [f"`{kind}`" for kind in postmark.BOUNCES],
        "unisender": [f"`{status}`" for status in unisender.DELIVERY],
        "mailjet": list(mailjet.ERRORS),
        "sparkpost": list(bouncecodes.NUMERIC),
    }
    for name, words in tables.items():
        assert [word for word in words if word not in page(name)] == [], name


def test_every_option_of_a_source_is_explained() -> None:
    for field in msgspec.structs.fields(Options):
        assert f"| `{field.encode_name}` |" in INDEX, field.encode_name
