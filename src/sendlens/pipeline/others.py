"""Campaigns, spend, gauges, seed placements and the rows of reports as rows: the records of the log that are no events.

Owns their columns. A block whose records do not fit their columns raises here, before anything is inserted, so that
`batch` can set it aside; a mistake in one must never keep the writer from all that follows.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import pyarrow as pa

from sendlens.enrich.provider import of_domain
from sendlens.model.blocks import Block
from sendlens.model.events import Campaign, Gauge, Placement, Record, RecordKind, Spend
from sendlens.model.reports import DmarcRecord, TlsReport
from sendlens.store.columns import COLUMNS, table_of


def rows_of(block: Block, records: Sequence[Record], batch_id: int) -> tuple[str, pa.Table]:
    """Return the name of the table that a block goes to, and its rows.

    Raises whatever a value that does not fit its column raises.
    """
    if block.kind is RecordKind.CAMPAIGN:
        return "campaigns", table_of("campaigns", _campaign_columns(block, cast("Sequence[Campaign]", records)))
    if block.kind is RecordKind.SPEND:
        return "spend", table_of("spend", _spend_columns(block, cast("Sequence[Spend]", records)))
    if block.kind is RecordKind.DMARC:
        columns = _report_columns("dmarc_records", block, cast("Sequence[DmarcRecord]", records), batch_id)
        return "dmarc_records", table_of("dmarc_records", columns)
    if block.kind is RecordKind.TLS_REPORT:
        columns = _report_columns("tls_reports", block, cast("Sequence[TlsReport]", records), batch_id)
        return "tls_reports", table_of("tls_reports", columns)
    if block.kind is RecordKind.PLACEMENT:
        return "placements", table_of("placements", _placement_columns(block, cast("Sequence[Placement]", records)))
    return "gauges", table_of("gauges", _gauge_columns(block, cast("Sequence[Gauge]", records), batch_id))


def _campaign_columns(block: Block, rows: Sequence[Campaign]) -> dict[str, list[object]]:
    return {
        "tenant": [block.tenant] * len(rows),
        **{
            name: [getattr(c, name) for c in rows]
            for name in [
                "campaign_id",
                "name",
                "type",
                "subject",
                "sender",
                "template_id",
                "segment",
                "stream",
                "channel",
                "total_sent",
                "currency",
                "changed_at",
            ]
        },
        "cost": [c.cost or 0 for c in rows],
        "budget": [c.budget or 0 for c in rows],
        "started_at": [c.started_at // 1000 for c in rows],
        "metadata": [list(c.metadata.items()) for c in rows],
    }


def _spend_columns(block: Block, rows: Sequence[Spend]) -> dict[str, list[object]]:
    return {
        "tenant": [block.tenant] * len(rows),
        **{
            name: [getattr(s, name) for s in rows]
            for name in ["campaign_id", "channel", "impressions", "clicks", "cost", "currency", "changed_at"]
        },
        "hour": [s.hour // 3_600_000 * 3600 for s in rows],
    }


def _gauge_columns(block: Block, rows: Sequence[Gauge], batch_id: int) -> dict[str, list[object]]:
    return {
        "tenant": [block.tenant] * len(rows),
        "source": [block.source] * len(rows),
        "name": [g.name for g in rows],
        "labels": [sorted(g.labels.items()) for g in rows],
        "at": [g.at for g in rows],
        "value": [g.value for g in rows],
        "batch_id": [batch_id] * len(rows),
    }


def _placement_columns(block: Block, rows: Sequence[Placement]) -> dict[str, list[object]]:
    domains = [row.seed.rpartition("@")[2] for row in rows]
    return {
        "tenant": [block.tenant] * len(rows),
        "source": [block.source] * len(rows),
        **{name: [getattr(row, name) for row in rows] for name in Placement.__struct_fields__},
        "provider": [row.provider or of_domain(domain).provider for row, domain in zip(rows, domains, strict=True)],
        "at": [row.at // 1000 for row in rows],
    }


def _report_columns(
    table: str, block: Block, rows: Sequence[DmarcRecord] | Sequence[TlsReport], batch_id: int
) -> dict[str, list[object]]:
    """Return the columns of a table whose names are those of the record's fields."""
    own: dict[str, list[object]] = {
        "tenant": [block.tenant] * len(rows),
        "source": [block.source] * len(rows),
        "received_at": [block.received_at] * len(rows),
        "batch_id": [batch_id] * len(rows),
        "begin_at": [row.begin_at // 1000 for row in rows],
        "end_at": [row.end_at // 1000 for row in rows],
    }
    told: dict[str, list[object]] = {
        # Flags are numbers in the store.
        name: [int(value) if isinstance(value := getattr(row, name), bool) else value for row in rows]
        for name, _ in COLUMNS[table]
        if name not in own
    }
    return {**told, **own}
