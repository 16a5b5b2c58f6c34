"""What is asked of a data directory before and after an upgrade; the answers to the first go into its fixture."""

from pathlib import Path
from typing import Any

from tests.harness.server import inspect_data
from tests.operations.commands import sendlens_json

OLDER = "measure != 'unsubscribed_human'"
"""Measures that every release with a fixture knows."""
QUESTIONS = {
    "events": "SELECT type, sum(weight) FROM events GROUP BY type ORDER BY type",
    "sums": (
        "SELECT clock, measure, campaign_id, provider, sum(n) AS n, sum(amount) AS money FROM metrics_quarter "
        f"WHERE {OLDER} GROUP BY ALL HAVING n != 0 OR money != 0 ORDER BY ALL"
    ),
    "minutes": (
        f"SELECT measure, sum(n) AS n, sum(amount) AS money FROM metrics_minute WHERE {OLDER} GROUP BY ALL ORDER BY ALL"
    ),
    "messages": (
        "SELECT count(), countIf(delivered_at > 0), countIf(bounced_at > 0), uniqExact(recipient_key) "
        "FROM messages FINAL"
    ),
    "journeys": "SELECT sum(weight) FROM recipient_events",
    "touchpoints": "SELECT count() FROM touchpoints FINAL",
    "conversions": "SELECT count(), sum(value), sum(revenue) FROM conversions FINAL",
    "campaigns": "SELECT campaign_id, name, cost FROM campaigns FINAL ORDER BY campaign_id",
    "spend": "SELECT campaign_id, channel, sum(cost), sum(clicks) FROM spend FINAL GROUP BY ALL ORDER BY ALL",
    "intake": (
        "SELECT source, kind, sum(received), sum(stored), sum(duplicate), sum(rejected), sum(dead) FROM intake FINAL "
        "GROUP BY ALL ORDER BY ALL"
    ),
}


def answers(data: Path) -> dict[str, Any]:
    """Return the answers of a stopped server's data, after every table was found to agree."""
    found = inspect_data(data, **QUESTIONS)
    assert found["disagreements"] == []
    control = {
        "tenants": [
            {name: tenant[name] for name in ("slug", "name", "time_zone", "currency")}
            for tenant in sendlens_json(data, "tenant", "list")
        ],
        "sources": [
            {name: source[name] for name in ("name", "provider")}
            for source in sendlens_json(data, "source", "list", "main")
        ],
    }
    return found["answers"] | control
