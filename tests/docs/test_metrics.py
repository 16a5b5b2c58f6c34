"""`docs/metrics.md` and `docs/dimensions.md` are what the tables in the code say."""

import pytest

from sendlens.metrics.address import PARAMETERS
from sendlens.metrics.compare import COMPARISONS
from sendlens.metrics.dimensions import DIMENSIONS
from sendlens.metrics.periods import INTERVALS, PERIODS
from sendlens.metrics.reference import PAGES
from sendlens.metrics.registry import METRICS
from tests.docs.pages import DOCS, documented


@pytest.mark.parametrize("name", PAGES)
def test_the_page_is_up_to_date(name: str) -> None:
    page = (DOCS / f"{name}.md").read_text(encoding="utf-8")
    assert page == PAGES[name](), f"sendlens metrics --markdown {name} > docs/{name}.md brings it up to date"


def test_every_metric_and_dimension_is_explained() -> None:
    documented("metrics.md", METRICS)
    documented("dimensions.md", DIMENSIONS)


def test_the_api_page_names_every_parameter_and_its_words() -> None:
    page = (DOCS / "api.md").read_text(encoding="utf-8")
    for name in PARAMETERS:
        assert f"`{name}`" in page
    for word in (*PERIODS, *COMPARISONS, *INTERVALS):
        assert word in page, f"docs/api.md does not mention {word}"
