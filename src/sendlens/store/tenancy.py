"""The wall between tenants, as far as the store can build it.

Owns two belts. The first: a query without a tenant, or that does not ask for it, is a mistake of ours and is refused.
The second works even when the first one's SQL forgets a condition: the connection itself carries a filter on every
table, and cannot lay it off, because it is read-only.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Final

from sendlens.errors import SendlensError
from sendlens.store.statements import without_quoted

TABLES: Final = """
SELECT name, name IN (
    SELECT c.table FROM system.columns AS c WHERE c.database = currentDatabase() AND c.name = 'tenant'
) AS has_tenant
FROM system.tables
WHERE database = currentDatabase() AND engine NOT IN ('View', 'MaterializedView', 'Null')
ORDER BY name
"""
"""The tables that hold rows, and whether they have a tenant column."""

_ASKS: Final = re.compile(r"\{\s*tenant\s*:\s*String\s*\}")
# Table functions that read tables under another name, past the filters.
_AROUND: Final = re.compile(
    r"\b(merge|remote|remoteSecure|cluster|clusterAllReplicas|loop|mergeTreeIndex|mergeTreeProjection)\s*\(",
    re.IGNORECASE,
)


def check(tenant: str, sql: str, params: Mapping[str, object]) -> None:
    """Raise `SendlensError` unless the query names one tenant, asks for it, and is one statement."""
    if not tenant:
        raise SendlensError("a query of the store needs a tenant")
    syntax = without_quoted(sql)
    if not _ASKS.search(syntax):
        raise SendlensError("a query of the store must restrict itself with tenant = {tenant:String}")
    if ";" in syntax:
        raise SendlensError("a query of the store is one statement, without a semicolon")
    if around := _AROUND.search(syntax):
        raise SendlensError(f"a query of the store may not use the table function {around[1]}()")
    if params.get("tenant", tenant) != tenant:
        raise SendlensError("the parameter tenant differs from the tenant the query runs for")


def filters(tenant: str, database: str, tables: Iterable[tuple[str, bool]]) -> str:
    """Return the value of `additional_table_filters` that shows one tenant's rows only.

    A table without a tenant column (keys, migrations) is the writer's and shows nothing.
    """
    own = f"tenant = {quoted(tenant)}"
    pairs = (f"{quoted(f'{database}.{name}')}: {quoted(own if mine else '0')}" for name, mine in tables)
    return "{" + ", ".join(pairs) + "}"


def quoted(text: str) -> str:
    """Return a ClickHouse string literal."""
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"
