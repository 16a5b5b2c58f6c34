"""The repository stands on its own: nothing in it points to the machine or the papers of whoever wrote it."""

import re

from tests.docs.pages import ROOT, repository_files

FOREIGN = {
    "a path of somebody's machine": re.compile(rb"(?<![\w./-])/(?:work|home|Users)/"),
    "a document that is not in the repository": re.compile(rb"\bshared/(?:design|domain|style|data|hooks)\b"),
    "a package index": re.compile(rb"--(?:extra-)?index-url\s+\S|--find-links\s+\S"),
}


def test_nothing_points_outside() -> None:
    found: list[str] = []
    for path in repository_files():
        content = path.read_bytes()
        for what, pattern in FOREIGN.items():
            for match in pattern.finditer(content):
                line = content.count(b"\n", 0, match.start()) + 1
                found.append(f"{path.relative_to(ROOT)}:{line} has {what}")
    assert not found, "\n".join(found)


def test_lock_files_name_no_host() -> None:
    for lock in (ROOT / "requirements").glob("*.txt"):
        assert "://" not in lock.read_text(encoding="utf-8"), f"{lock.name} names a host; any mirror must do"
