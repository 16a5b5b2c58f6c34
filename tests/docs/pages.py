"""Reading the documentation: pages, the names a reference page explains, links and headings.

A test for a new kind of name is two lines: `documented("metrics.md", [metric.key for metric in METRICS])`.
"""

import re
import subprocess
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"

_ASIDE = re.compile(r"<!--.*?-->|^(```|~~~).*?^\1", re.DOTALL | re.MULTILINE)
_LINK = re.compile(r"\[[^\]]*\]\(<?([^)\s>]+)>?(?:\s+\"[^\"]*\")?\)|\b(?:src|href)=\"([^\"]+)\"")
_HEADING = re.compile(r"^#{1,6}\s+(.+?)\s*#*$", re.MULTILINE)
# What a line of a reference page explains: the code at the start of a table row, of a heading or of a list item.
_EXPLAINED = re.compile(r"^(?:\||#{2,6}|[-*])\s*`([^`]+)`", re.MULTILINE)


def documented(page: str, names: Iterable[str]) -> None:
    """Assert that `docs/<page>` explains exactly these names, in `code` at the start of a table row, heading or item.

    A page that explains something else besides (a second table) takes those names too: a name the code no longer knows
    is as wrong as one that is missing.
    """
    path = DOCS / page
    assert path.exists(), f"docs/{page} does not exist"
    explained = set(_EXPLAINED.findall(prose(path)))
    wanted = set(names)
    missing, unknown = sorted(wanted - explained), sorted(explained - wanted)
    assert not missing, f"docs/{page} does not explain: {', '.join(missing)}"
    assert not unknown, f"docs/{page} explains what the code does not know: {', '.join(unknown)}"


def pages() -> list[Path]:
    """Return every Markdown page of the documentation, the ones in the root included."""
    return sorted([*ROOT.glob("*.md"), *DOCS.rglob("*.md")])


def prose(page: Path) -> str:
    """Return a page without its code blocks and comments."""
    return _ASIDE.sub("", page.read_text(encoding="utf-8"))


def links(page: Path) -> Iterator[str]:
    """Yield the targets of the links and pictures of a page."""
    for markdown, html in _LINK.findall(prose(page)):
        yield markdown or html


@cache
def anchors(page: Path) -> frozenset[str]:
    """Return the anchors a page offers: its headings as Git hosts spell them."""
    words = (re.sub(r"[^\w\- ]", "", heading.lower()) for heading in _HEADING.findall(prose(page)))
    return frozenset(heading.replace(" ", "-") for heading in words)


def repository_files() -> list[Path]:
    """Return what is in the repository or would be with the next `git add`."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return [path for name in listed.split("\0") if name and (path := ROOT / name).is_file()]
