"""`docs/observability.md` explains every metric, and the rules for alerts ask for no other."""

import re

from sendlens.web.telemetry import FAMILIES, PROCESS
from tests.docs.pages import DOCS, documented

ALL = (*FAMILIES, *PROCESS)


def test_every_metric_is_explained() -> None:
    documented("observability.md", [one.name for one in ALL])


def test_rows_agree_with_the_code() -> None:
    page = (DOCS / "observability.md").read_text(encoding="utf-8").splitlines()
    kinds = {"counter read": "counter", "info": "gauge"}
    rows = [f"| `{one.name}` | {kinds.get(one.kind, one.kind)} | {', '.join(one.labels)} | {one.help} |" for one in ALL]
    missing = [row for row in rows if row not in page]
    assert not missing, "docs/observability.md needs these rows:\n" + "\n".join(missing)


def test_alerts_ask_for_metrics_that_exist() -> None:
    rules = (DOCS / "examples" / "alerts.yml").read_text(encoding="utf-8")
    asked = {re.sub("_(bucket|sum|count)$", "", name) for name in re.findall(r"\bsendlens_\w+", rules)}
    assert asked <= {one.name for one in ALL}
    assert {"sendlens_fuses_blown", "sendlens_writer_up", "sendlens_log_trouble"} <= asked
