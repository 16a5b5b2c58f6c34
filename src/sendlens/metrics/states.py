"""States: the SELECTs over the table `messages`, for the dimensions that only messages have and for lists of people.

Owns at which time a message counts for a measure, as expressions over its state: the same as the store's fragment
`contributions` tells, but of the wanted measures alone, and with a period on the send clock bound to the index of
`sent_at`. Measures it does not know (totals of events) are asked of the view `message_facts`.
"""

# ruff: noqa: S608 - only names from our own tables are written into the text; every value is bound (question.Binder)
from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from sendlens.metrics import branches
from sendlens.metrics.measures import MEASURES
from sendlens.metrics.question import Binder, Question, Want

_NEVER: Final = "toDateTime(0, 'UTC')"
_DAYS_OF_CAMPAIGN: Final = (
    "born IN (SELECT DISTINCT born FROM messages WHERE tenant = {tenant:String} AND campaign_id = {id:String})"
)
OF_CAMPAIGN: Final = f"tenant = {{tenant:String}} AND campaign_id = {{id:String}} AND {_DAYS_OF_CAMPAIGN}"
"""The messages of the campaign `id`, as a condition that reads only the days on which they were born."""
_BOUNCED: Final = "bounced_at >= delivered_at"


def _bounced(class_: str) -> str:
    return f"if({_BOUNCED} AND bounce_class = '{class_}', bounced_at, {_NEVER})"


def _left(method: str) -> str:
    return f"if(unsubscribe_method = '{method}', unsubscribed_human_at, {_NEVER})"


MOMENTS: Final[dict[str, str]] = {
    "injected": "injected_at",
    "deferred": "deferred_at",
    "dropped": "dropped_at",
    "sent": f"if(delivered_at > {_NEVER}, delivered_at, bounced_at)",
    "delivered": f"if({_BOUNCED}, {_NEVER}, delivered_at)",
    "tracked_delivered": f"if({_BOUNCED} OR untracked > 0, {_NEVER}, delivered_at)",
    "bounced": f"if({_BOUNCED}, bounced_at, {_NEVER})",
    **{f"bounced_{class_}": _bounced(class_) for class_ in ("hard", "soft", "block", "undetermined")},
    "opened": "opened_at",
    "opened_human": "opened_human_at",
    "clicked": "clicked_at",
    "clicked_human": "clicked_human_at",
    "complained": "complained_at",
    "unsubscribed": "unsubscribed_at",
    "unsubscribed_human": "unsubscribed_human_at",
    **{f"unsubscribed_{method}": _left(method) for method in ("link", "one_click", "mailto")},
    "replied": "replied_at",
    "forwarded": "forwarded_at",
    "shared": "shared_at",
    "converted": "converted_at",
}
"""When a message counts for a measure; 1970-01-01 where it does not."""


_STAYS: Final[dict[str, str]] = {
    **{measure: "bounced_at" for measure in MOMENTS if measure.partition("_")[0] == "bounced"},
    **{measure: f"{measure}_at" for measure in ("dropped", "complained", "replied", "forwarded", "shared")},
}
"""What few messages come to: the time that is set in every later version of a row, too, once it was."""

TALLIED: Final = ("opens", "opens_human", "clicks", "clicks_human", "conversions", "revenue")
"""The totals that a message keeps by minute, in the order of their numbers, which begin with 1 (docs/tables.md)."""
OF_PERSON: Final = (
    "tenant = {tenant:String} AND recipient_key = {person:UInt64} AND (born, message_key) IN ("
    "SELECT born, message_key FROM messages WHERE tenant = {tenant:String} AND recipient_key = {person:UInt64})"
)
"""The messages of the person `person`, as a condition that reads only the places where they lie."""
_TOLD_BY: Final = {"sent": ("delivered", "bounced"), "tracked_delivered": ("delivered",)}


def told_by(measure: str) -> tuple[str, ...]:
    """Return the types of the events at whose time a message can count for a measure."""
    return _TOLD_BY.get(measure, (measure.partition("_")[0],))


def known(wants: Sequence[Want]) -> bool:
    """Return whether all of these can be told here."""
    return all(want.measure in MOMENTS and not MEASURES[want.measure].among for want in wants)


def states(question: Question, bind: Binder, wants: Sequence[Want]) -> list[str]:
    """Return the branches over `messages`, one for each clock."""
    found: list[str] = []
    for clock in dict.fromkeys(want.clock for want in wants):
        measures = [want.measure for want in wants if want.clock == clock]
        found.append((_sent if clock == "send" else _happened)(question, bind, measures))
    return found


def people(question: Question, bind: Binder, clock: str, measure: str) -> str:
    """Return the selection of who is behind a measure: person, campaign, message, when it counts and happened."""
    at = "sent_at" if clock == "send" else "told_at"
    latest, where = _asked(question, bind, at, [measure])
    return (
        f"SELECT recipient_key, campaign_id, message_key, {at} AS at, {MOMENTS[measure]} AS told_at"
        f" FROM {latest} WHERE {' AND '.join([*where, f'told_at > {_NEVER}'])}"
    )


def _sent(question: Question, bind: Binder, measures: Sequence[str]) -> str:
    """Return the branch on the send clock: everything a message ever did counts where it was sent."""
    counts = ", ".join(f"('{measure}', toInt64(countIf({MOMENTS[measure]} > {_NEVER})))" for measure in measures)
    value, place = _what(question, bind, "sent_at"), branches.slot(question, bind, "sent_at")
    latest, where = _asked(question, bind, "sent_at", measures)
    rows = (
        f"SELECT {value} AS what, {place} AS slot, [{counts}] AS pairs FROM {latest}"
        f" WHERE {' AND '.join(where)} GROUP BY what, slot"
    )
    return (
        "SELECT what, slot, 'send' AS on_clock, pair.1 AS counted, pair.2 AS units, toDecimal128(0, 4) AS money"
        f" FROM ({rows}) ARRAY JOIN pairs AS pair"
    )


def _happened(question: Question, bind: Binder, measures: Sequence[str]) -> str:
    """Return the branch on the event clock: each thing counts when it happened."""
    pairs = ", ".join(f"('{measure}', {MOMENTS[measure]})" for measure in measures)
    value, place = _what(question, bind, "pair.2"), branches.slot(question, bind, "pair.2")
    latest, where = _asked(question, bind, "pair.2", measures)
    return (
        f"SELECT {value} AS what, {place} AS slot, 'event' AS on_clock, pair.1 AS counted,"
        " toInt64(count()) AS units, toDecimal128(0, 4) AS money"
        f" FROM {latest} ARRAY JOIN [{pairs}] AS pair"
        f" WHERE {' AND '.join(where)} GROUP BY what, slot, counted"
    )


def _what(question: Question, bind: Binder, at: str) -> str:
    return branches.what(question, bind, question.by.column if question.by else "", at)


def _latest(measures: Sequence[str], days: Sequence[str]) -> str:
    """Return the states that hold of the messages born on some days that came to one of these measures.

    TRICKY: FINAL puts all rows of the days in order to find the versions that replace each other. Of few messages the
    latest version is found sooner, but only by what every later version of them has as well: their days, and a time
    that stays. Everything else has to be asked of what was found.
    """
    came = " OR ".join(dict.fromkeys(f"{_STAYS[measure]} > {_NEVER}" for measure in measures))
    where = " AND ".join(["tenant = {tenant:String}", f"({came})", *days])
    return f"(SELECT * FROM messages WHERE {where} ORDER BY version DESC LIMIT 1 BY tenant, born, message_key)"


BOUNCED_OF_CAMPAIGN: Final = f"{_latest(['bounced'], [_DAYS_OF_CAMPAIGN])} WHERE campaign_id = {{id:String}}"
"""The messages of the campaign `id` that bounced, also those that were delivered later, as what stands behind FROM."""


def _asked(question: Question, bind: Binder, at: str, measures: Sequence[str]) -> tuple[str, list[str]]:
    """Return the states that hold, as what stands behind FROM, and the conditions under which they count at `at`."""
    told = sorted({one for measure in measures for one in told_by(measure)})
    days = (
        branches.born(question, bind, "messages", at)
        if at == "sent_at"
        else branches.born_of_events(question, bind, told)
    )
    where = [
        "tenant = {tenant:String}",
        f"{at} >= {bind.moment(max(question.start, 1000))}",
        f"{at} < {bind.moment(question.end)}",
        *branches.conditions(question.filters, bind, question.zone, at=at),
    ]
    if not all(measure in _STAYS for measure in measures):
        return "messages FINAL", [*where, *days]
    return _latest(measures, days), where
