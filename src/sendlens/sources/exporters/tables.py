"""Which samples of which exporter become which gauges, as tables of data.

Owns the names, as the exporters publish them, and the form in which a source may add its own. A label that is not named
is dropped, and the samples that then look alike are added up.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final, NamedTuple

import msgspec

from sendlens.errors import InvalidField


class Rule(NamedTuple):
    """Samples of one name, with `only` these values of labels, become a gauge with `labels` (theirs to ours)."""

    metric: str
    gauge: str
    labels: Mapping[str, str] = {}
    only: Mapping[str, str] = {}


def _kept(*labels: str) -> dict[str, str]:
    return {label: label for label in labels}


EXPORTERS: Final[dict[str, tuple[Rule, ...]]] = {
    # kumod's own /metrics. A queue is campaign:tenant@domain, a service protocol:source->site; either may be pruned.
    "kumomta": (
        Rule("queued_count_by_provider", "queue_depth", _kept("provider")),
        Rule("queued_count_by_provider_and_pool", "queue_depth_by_pool", _kept("provider", "pool")),
        Rule("scheduled_count", "queue_scheduled", _kept("queue")),
        Rule("scheduled_by_domain", "queue_scheduled_by_domain", _kept("domain")),
        Rule("scheduled_by_tenant", "queue_scheduled_by_tenant", _kept("tenant")),
        Rule("scheduled_by_tenant_campaign", "queue_scheduled_by_campaign", _kept("tenant", "campaign")),
        Rule("ready_count", "queue_ready", _kept("service")),
        Rule("connection_count_by_provider", "connections", _kept("provider")),
        Rule("connection_count", "connections_by_service", _kept("service")),
        Rule("message_count", "messages_held"),
        Rule("log_hook_backlog_count", "log_hook_backlog", _kept("logger")),
        Rule("disk_free_percent", "disk_free_percent", _kept("name")),
    ),
    # postfix_exporter of kumina and its successors; the older have no depth of their own, and their sizes are as many.
    "postfix": (
        Rule("postfix_showq_queue_depth", "queue_depth", _kept("queue")),
        Rule("postfix_showq_message_size_bytes_count", "queue_depth", _kept("queue")),
        Rule("postfix_showq_message_size_bytes_sum", "queue_bytes", _kept("queue")),
        Rule("postfix_up", "server_up"),
    ),
    # Telegraf's input `postfix` behind its output `prometheus_client`.
    "telegraf": (
        Rule("postfix_queue_length", "queue_depth", _kept("queue")),
        Rule("postfix_queue_size", "queue_bytes", _kept("queue")),
        Rule("postfix_queue_age", "queue_oldest_seconds", _kept("queue")),
    ),
    # exim_exporter of gvengel.
    "exim": (
        Rule("exim_queue", "queue_depth"),
        Rule("exim_queue_frozen", "queue_frozen"),
        Rule("exim_processes", "processes", _kept("state")),
        Rule("exim_up", "server_up"),
    ),
    # The controller's own /metrics. These count from the start of the filter; their rise between two samples tells.
    "rspamd": (
        Rule("rspamd_scanned_total", "filter_scanned"),
        Rule("rspamd_actions_total", "filter_actions", {"type": "action"}),
    ),
}
"""By exporter. Of several rules for one gauge, the first whose samples are there is used."""

MOST_RULES: Final = 100
"""Rules that a source may have of its own."""
_NAME: Final = r"[A-Za-z_:][A-Za-z0-9_:]{0,127}"
_LABEL: Final = r"[A-Za-z_][A-Za-z0-9_]{0,63}"
_RULE: Final = re.compile(
    rf"\s*({_NAME})\s*(?:\{{(.*)\}})?\s*=\s*([A-Za-z_:.][A-Za-z0-9_:.-]{{0,127}})\s*(?:by\s+(.+))?"
)
_ONLY: Final = re.compile(rf'\s*({_LABEL})\s*=\s*("(?:[^"\\]|\\.)*")\s*(?:,|$)')
_BY: Final = re.compile(rf"\s*({_LABEL})(?:\s+as\s+({_LABEL}))?\s*")


def rule(line: str) -> Rule:
    """Return the rule of a line such as `pmta_queue_rcpts{state="active"} = queue_depth by domain, vmta as pool`.

    Raises `InvalidField` for a line that is none.
    """
    found = _RULE.fullmatch(line)
    if found is None:
        raise _none(line)
    metric, only, gauge, by = found.groups()
    wanted: dict[str, str] = {}
    rest = only or ""
    while rest.strip():
        term = _ONLY.match(rest)
        if term is None:
            raise _none(line)
        wanted[term[1]] = msgspec.json.decode(term[2], type=str) if _is_json(term[2]) else term[2][1:-1]
        rest = rest[term.end() :]
    labels: dict[str, str] = {}
    for each in (by or "").split(",") if by else ():
        term = _BY.fullmatch(each)
        if term is None:
            raise _none(line)
        labels[term[1]] = term[2] or term[1]
    return Rule(metric, gauge, labels, wanted)


def _is_json(text: str) -> bool:
    try:
        msgspec.json.decode(text, type=str)
    except msgspec.DecodeError:
        return False
    return True


def _none(line: str) -> InvalidField:
    return InvalidField("gauges", line, 'a line such as: exporters_name{label="value"} = gauge by label, other as ours')
