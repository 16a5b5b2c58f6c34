"""`docs/tables.md` has one section per table and one row per column, with the type the store tells."""

import re
from collections import defaultdict

from sendlens.store import Store
from tests.docs.pages import DOCS

_PLUMBING = "engine NOT IN ('MaterializedView', 'Null')"


def documented() -> dict[str, list[tuple[str, str]]]:
    found: dict[str, list[tuple[str, str]]] = defaultdict(list)
    table = ""
    for line in (DOCS / "tables.md").read_text(encoding="utf-8").splitlines():
        if heading := re.fullmatch(r"## `(\w+)`", line):
            table = heading[1]
        elif row := re.fullmatch(r"\| `(\w+)` \| `([^`]+)` \| .{5,} \|", line):
            found[table].append((row[1], row[2]))
    return found


def test_every_column_is_explained(embedded_store: Store) -> None:
    stored: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for table, column, kind in embedded_store.fetch_internal(
        f"SELECT table, name, type FROM system.columns WHERE database = currentDatabase() AND table IN "
        f"(SELECT name FROM system.tables WHERE database = currentDatabase() AND {_PLUMBING}) ORDER BY table, position"
    ):
        stored[str(table)].append((str(column), str(kind)))
    page = documented()
    assert sorted(page) == sorted(stored), "docs/tables.md has other tables than the store"
    for table, columns in stored.items():
        assert page[table] == columns, f"docs/tables.md: the section `{table}` differs from the store"
