"""Every link inside the documentation leads somewhere, and every page can be found from the index."""

from pathlib import Path

import pytest

from tests.docs.pages import DOCS, ROOT, anchors, links, pages

ELSEWHERE = ("http://", "https://", "mailto:")


def name(page: Path) -> str:
    return str(page.relative_to(ROOT))


@pytest.mark.parametrize("page", pages(), ids=name)
def test_links_lead_somewhere(page: Path) -> None:
    for link in links(page):
        if link.startswith(ELSEWHERE):
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), f"{name(page)} links to {link}, which does not exist"
        assert target.is_relative_to(ROOT), f"{name(page)} links to {link}, outside of the repository"
        if anchor and target.suffix == ".md":
            assert anchor in anchors(target), f"{name(page)} links to {link}, but {name(target)} has no such heading"


def test_every_page_is_in_an_index() -> None:
    indexes = [DOCS / "README.md", DOCS / "decisions" / "README.md", DOCS / "providers" / "index.md"]
    listed = {(index.parent / link).resolve() for index in indexes for link in links(index)}
    lost = [name(page) for page in DOCS.rglob("*.md") if page not in indexes and page not in listed]
    assert not lost, f"no index links to {', '.join(lost)}"
