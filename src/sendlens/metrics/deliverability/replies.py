"""Replies: why mail bounced or was put off, by provider, with what a server said and the rule that decided."""

# ruff: noqa: S608 - only names from our own tables are written into the text; every value is bound (question.Binder)
from __future__ import annotations

from dataclasses import dataclass
from typing import Final, cast

from sendlens.metrics.branches import conditions
from sendlens.metrics.deliverability.reading import knows
from sendlens.metrics.query import Metrics, Scope
from sendlens.metrics.question import Binder

MOST_ROWS: Final = 200
_REPLIES: Final = """
SELECT type, provider, bounce_class, bounce_reason, uniqExact(message_key) AS messages,
    argMax(
        (smtp_reply, toString(enhanced_code), toString(bounce_rule), toUnixTimestamp64Milli(occurred_at)),
        (smtp_reply != '', occurred_at)
    ) AS said
FROM events
WHERE {where} AND type IN ('bounced', 'deferred') AND weight > 0
GROUP BY type, provider, bounce_class, bounce_reason
ORDER BY messages DESC, type, provider, bounce_class, bounce_reason
LIMIT {limit}
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """Messages of a provider that bounced or were deferred for one reason, and the latest reply that was kept.

    `type` is "bounced" or "deferred"; `at` is when the reply was given (UTC milliseconds); texts may be empty.
    """

    type: str
    provider: str
    bounce_class: str
    bounce_reason: str
    messages: int
    reply: str
    code: str
    rule: str
    at: int


def replies(metrics: Metrics, scope: Scope) -> list[Reply] | None:
    """Return the reasons of the period by when they happened, most messages first; None if a filter is not known."""
    if not knows(scope, "column"):
        return None
    bind = Binder()
    period = metrics.known(scope)
    where = [
        "tenant = {tenant:String}",
        f"occurred_at >= {bind.instant(period.start)}",
        f"occurred_at < {bind.instant(period.until)}",
    ]
    if scope.filters:
        # A message has its dimensions from `messages`, also where its events are counted.
        of = conditions(scope.filters, bind, scope.tenant.time_zone, at="sent_at")
        told = " AND ".join(["tenant = {tenant:String}", *of])
        where.append(f"message_key IN (SELECT message_key FROM messages FINAL WHERE {told})")
    sql = _REPLIES.format(where=" AND ".join(where), limit=bind(MOST_ROWS, "UInt64"))
    found: list[Reply] = []
    for type_, provider, class_, reason, messages, said in metrics.store.query(scope.tenant.id, sql, bind.params).rows:
        reply, code, rule, at = cast("tuple[str, str, str, int]", said)
        found.append(
            Reply(
                type=str(type_),
                provider=str(provider),
                bounce_class=str(class_),
                bounce_reason=str(reason),
                messages=int(cast("int", messages)),
                reply=reply,
                code=code,
                rule=rule,
                at=int(at),
            )
        )
    return found
