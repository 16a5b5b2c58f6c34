"""The tables that rows are inserted into, as Arrow sees them: one line per column.

Owns the Arrow type of every column the pipeline fills. `tests/store/test_columns.py` compares them with the schema, so
a column added there is added here. Derived tables are not listed: statements in `sql/` fill them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import pyarrow as pa

from sendlens.errors import SendlensError

TEXT: Final = pa.string()
LABEL: Final = pa.dictionary(pa.int32(), pa.string())
"""A text of few distinct values. Dictionaries are inserted 1.4 to 2 times as fast as plain strings."""
TEXTS: Final = pa.list_(pa.string())
PAIRS: Final = pa.map_(pa.string(), pa.string())
U8, U16, U32, U64 = pa.uint8(), pa.uint16(), pa.uint32(), pa.uint64()
I8, I16, I64 = pa.int8(), pa.int16(), pa.int64()
F64: Final = pa.float64()
MILLIS: Final = pa.timestamp("ms", "UTC")
SECONDS: Final = pa.timestamp("s", "UTC")
DAYS: Final = pa.date32()
"""Days since 1970-01-01."""
MONEY: Final = pa.decimal128(18, 4)

COLUMNS: Final[dict[str, tuple[tuple[str, pa.DataType], ...]]] = {
    "events": (
        ("tenant", LABEL),
        ("source", LABEL),
        ("shard", U16),
        ("batch_id", U64),
        ("event_key", U64),
        ("key_bucket", U32),
        ("weight", I8),
        ("correction", U8),
        ("type", LABEL),
        ("native_type", LABEL),
        ("occurred_at", MILLIS),
        ("received_at", MILLIS),
        ("skew_ms", I64),
        ("clock", LABEL),
        ("message_key", U64),
        ("message_born", DAYS),
        ("message_new", U8),
        ("message_id", TEXT),
        ("message_sent_at", SECONDS),
        ("campaign_id", LABEL),
        ("recipient", TEXT),
        ("recipient_key", U64),
        ("recipient_domain", LABEL),
        ("provider", LABEL),
        ("gateway", LABEL),
        ("mailbox_kind", LABEL),
        ("template_id", LABEL),
        ("segment", LABEL),
        ("variant", LABEL),
        ("sending_domain", LABEL),
        ("sender", LABEL),
        ("subject", LABEL),
        ("pool", LABEL),
        ("sending_ip", LABEL),
        ("stream", LABEL),
        ("channel", LABEL),
        ("untracked", U8),
        ("link_url", TEXT),
        ("link_id", LABEL),
        ("link_kind", LABEL),
        ("link_position", I16),
        ("user_agent", LABEL),
        ("ip", TEXT),
        ("country", LABEL),
        ("machine_told", I8),
        ("actor", LABEL),
        ("actor_reason", LABEL),
        ("actor_confidence", U8),
        ("client", LABEL),
        ("device", LABEL),
        ("os", LABEL),
        ("mx", LABEL),
        ("smtp_code", U16),
        ("enhanced_code", LABEL),
        ("smtp_reply", TEXT),
        ("bounce_class", LABEL),
        ("bounce_reason", LABEL),
        ("bounce_confidence", U8),
        ("bounce_rule", LABEL),
        ("reason", LABEL),
        ("attempt", U16),
        ("unsubscribe_method", LABEL),
        ("conversion_type", LABEL),
        ("value", MONEY),
        ("currency", LABEL),
        ("revenue", MONEY),
        ("order_id", TEXT),
        ("product_id", LABEL),
        ("category", LABEL),
        ("quantity", U32),
        ("tags", TEXTS),
        ("metadata", PAIRS),
        ("raw", TEXT),
    ),
    "campaigns": (
        ("tenant", LABEL),
        ("campaign_id", TEXT),
        ("name", TEXT),
        ("type", LABEL),
        ("subject", TEXT),
        ("sender", TEXT),
        ("template_id", TEXT),
        ("segment", TEXT),
        ("stream", LABEL),
        ("channel", LABEL),
        ("total_sent", U64),
        ("cost", MONEY),
        ("budget", MONEY),
        ("currency", LABEL),
        ("started_at", SECONDS),
        ("metadata", PAIRS),
        ("changed_at", MILLIS),
    ),
    "spend": (
        ("tenant", LABEL),
        ("campaign_id", LABEL),
        ("channel", LABEL),
        ("hour", SECONDS),
        ("impressions", U64),
        ("clicks", U64),
        ("cost", MONEY),
        ("currency", LABEL),
        ("changed_at", MILLIS),
    ),
    "gauges": (
        ("tenant", LABEL),
        ("name", LABEL),
        ("source", LABEL),
        ("labels", PAIRS),
        ("at", MILLIS),
        ("value", F64),
        ("batch_id", U64),
    ),
    "placements": (
        ("tenant", LABEL),
        ("test_id", TEXT),
        ("seed", TEXT),
        ("placement", LABEL),
        ("tab", LABEL),
        ("campaign_id", LABEL),
        ("provider", LABEL),
        ("sending_domain", LABEL),
        ("spf", LABEL),
        ("dkim", LABEL),
        ("dmarc", LABEL),
        ("at", SECONDS),
        ("source", LABEL),
        ("changed_at", MILLIS),
    ),
    "dmarc_records": (
        ("tenant", LABEL),
        ("domain", LABEL),
        ("begin_at", SECONDS),
        ("source_ip", TEXT),
        ("org", LABEL),
        ("report_id", TEXT),
        ("row", U32),
        ("end_at", SECONDS),
        ("count", U64),
        ("disposition", LABEL),
        ("dkim_aligned", U8),
        ("spf_aligned", U8),
        ("overrides", TEXTS),
        ("envelope_from", LABEL),
        ("envelope_to", LABEL),
        ("dkim_domains", TEXTS),
        ("dkim_selectors", TEXTS),
        ("dkim_results", TEXTS),
        ("spf_domains", TEXTS),
        ("spf_results", TEXTS),
        ("policy_domain", LABEL),
        ("policy", LABEL),
        ("subdomain_policy", LABEL),
        ("nonexistent_policy", LABEL),
        ("strict_dkim", U8),
        ("strict_spf", U8),
        ("percentage", I16),
        ("testing", U8),
        ("discovery_method", LABEL),
        ("generator", LABEL),
        ("source", LABEL),
        ("received_at", MILLIS),
        ("batch_id", U64),
    ),
    "tls_reports": (
        ("tenant", LABEL),
        ("domain", LABEL),
        ("begin_at", SECONDS),
        ("org", LABEL),
        ("report_id", TEXT),
        ("row", U32),
        ("end_at", SECONDS),
        ("policy_type", LABEL),
        ("policy", TEXT),
        ("mx", LABEL),
        ("successful", U64),
        ("failed", U64),
        ("failure_type", LABEL),
        ("failure_sessions", U64),
        ("sending_ip", TEXT),
        ("receiving_ip", TEXT),
        ("failure_reason", TEXT),
        ("contact", LABEL),
        ("source", LABEL),
        ("received_at", MILLIS),
        ("batch_id", U64),
    ),
    "intake": (
        ("tenant", LABEL),
        ("source", LABEL),
        ("kind", LABEL),
        ("minute", SECONDS),
        ("batch_id", U64),
        ("received", U64),
        ("stored", U64),
        ("duplicate", U64),
        ("rejected", U64),
        ("dead", U64),
    ),
}


def schema(table: str) -> pa.Schema:
    """Return the Arrow schema of a table, in the order of its columns."""
    return pa.schema([pa.field(name, kind) for name, kind in COLUMNS[table]])


def table_of(table: str, columns: Mapping[str, Sequence[object] | pa.Array]) -> pa.Table:
    """Return an Arrow table from one sequence per column; a column left out takes its default in the store.

    Times may be plain integers (UTC milliseconds for `MILLIS`, seconds for `SECONDS`). Raises `SendlensError` for a
    column the table does not have, and pyarrow's own errors for values that do not fit.
    """
    kinds = dict(COLUMNS[table])
    if unknown := sorted(set(columns) - set(kinds)):
        raise SendlensError(f"the table {table} has no column {', '.join(unknown)}")
    arrays = [
        (name, values.cast(kinds[name]) if isinstance(values, pa.Array) else pa.array(values, type=kinds[name]))
        for name, values in columns.items()
    ]
    return pa.table(
        [array for _, array in arrays], schema=pa.schema([pa.field(name, kinds[name]) for name, _ in arrays])
    )
