"""The Arrow columns are those of the schema: same names, same order, a type that holds every value."""

from typing import Any

import pyarrow as pa
import pytest

from sendlens.errors import SendlensError
from sendlens.store import Store
from sendlens.store.columns import COLUMNS, DAYS, LABEL, MILLIS, MONEY, PAIRS, SECONDS, TEXT, TEXTS, table_of

HOLDS = {
    "String": TEXT,
    "LowCardinality(String)": LABEL,
    "UInt8": pa.uint8(),
    "UInt16": pa.uint16(),
    "UInt32": pa.uint32(),
    "UInt64": pa.uint64(),
    "Int8": pa.int8(),
    "Int16": pa.int16(),
    "Int64": pa.int64(),
    "Float64": pa.float64(),
    "Date": DAYS,
    "DateTime64(3, 'UTC')": MILLIS,
    "DateTime('UTC')": SECONDS,
    "Decimal(18, 4)": MONEY,
    "Array(LowCardinality(String))": TEXTS,
    "Map(LowCardinality(String), String)": PAIRS,
}


@pytest.mark.parametrize("table", COLUMNS)
def test_columns_are_those_of_the_schema(embedded_store: Store, table: str) -> None:
    found = embedded_store.fetch_internal(
        "SELECT name, type FROM system.columns WHERE database = currentDatabase() AND table = {table:String} "
        "ORDER BY position",
        {"table": table},
    )
    assert [(name, HOLDS[str(kind)]) for name, kind in found] == list(COLUMNS[table])


def test_an_unknown_column_is_named() -> None:
    with pytest.raises(SendlensError, match="no column colour"):
        table_of("spend", {"colour": []})


def test_values_come_back_as_they_went_in(any_store: Store) -> None:
    row: dict[str, Any] = {
        "tenant": ["t_1", "t_2"],
        "name": ["queue", "queue"],
        "source": ["s", ""],
        "labels": [[("pool", "a"), ("größe", "'x'")], []],
        "at": [1_793_000_000_123, 0],
        "value": [0.5, -1.0],
        "batch_id": [1, 2**64 - 1],
    }
    assert any_store.insert("gauges", table_of("gauges", row)) == 2
    answer = any_store.fetch_internal(
        "SELECT tenant, name, source, labels, toUnixTimestamp64Milli(at) AS at, value, batch_id "
        "FROM gauges ORDER BY tenant"
    )
    assert answer.dicts() == [
        {name: dict(column[i]) if name == "labels" else column[i] for name, column in row.items()} for i in (0, 1)
    ]
