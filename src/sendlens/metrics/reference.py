"""The reference pages of metrics and dimensions, made from their tables.

Owns the layout of `docs/metrics.md` and `docs/dimensions.md`; `sendlens metrics --markdown` prints them, and a test
compares them with the files.
"""

from __future__ import annotations

from typing import Final

from sendlens.metrics.dimensions import DIMENSIONS, Level
from sendlens.metrics.filters import OPERATORS
from sendlens.metrics.registry import METRICS

_BETTER: Final = {"up": "more", "down": "less", "neutral": "–"}
_METRICS: Final = """\
# Metrics

Every number of the pages, the API, exports and alerts is one of these. This page is made from the table in the code
(`sendlens metrics --markdown metrics`).

A metric is a sum, or a sum divided by another. Both are counted first and divided last, so that a rate over a week is
the rate of the week's mail and not the mean of seven rates. The answer always carries both: `n` above, `d` below.

- **Clock.** `send` asks: of the mail sent in the period, what became of it so far? `event` asks: what happened in the
  period, whenever the mail was sent? Each metric has a default, and `clock=` overrides it. Conversions use `event`
  because a shop names the campaign and the customer, seldom the message, and then nobody knows when it was sent. Mail
  whose time of sending is not known is on the event clock only.
- **Messages, not events.** A message that is opened five times is opened once; the totals say how often. A
  message is one mail to one recipient.
- **Machines** do not count unless the name says so. Who is a machine is decided per event
  ([Enrichment](enrichment.md)); an image proxy acts for a person and counts, and so does somebody nothing is known of.
- **Enough.** Below the least denominator a value says little: it is shown, but grey, and compared with nothing.
- **–** is shown where there is no denominator, also where a breakdown cannot tell it: nobody knows how many messages
  were delivered to a telephone.
- **Money** is added up in the tenant's currency. Amounts in other currencies are kept with the event, and not added.
"""
_DIMENSIONS: Final = """\
# Dimensions

What figures can be broken down by (`dimension=`) and filtered by (`f=`). This page is made from the table in the code
(`sendlens metrics --markdown dimensions`).

A filter is `f=operator,dimension,value`, and several filters must all hold. Several values are joined by `|`; a comma
or bar that belongs to a value has a backslash before it.

"""
_LEVELS: Final[dict[Level, tuple[str, str]]] = {
    "rollup": (
        "Answered from totals",
        "Fast over any length of time. A message has one value of each, also where its events tell different ones.",
    ),
    "message": ("Answered from messages", "Every message of the tenant is read; slower over much history."),
    "event": (
        "Answered from events",
        "Known of single opens, clicks and conversions only, so that rates have no denominator here. A message counts "
        "once for each value, at its first such event within the period; one opened on two devices counts on both.",
    ),
    "time": ("Time", "In the tenant's time zone, daylight saving included."),
}


def metrics_page() -> str:
    """Return `docs/metrics.md`."""
    parts = [_METRICS]
    for group in dict.fromkeys(one.group for one in METRICS.values()):
        parts.append(f"\n## {group}\n\n| metric | name | is | clock | better | at least | meaning |\n{'|---' * 7}|\n")
        parts += [
            f"| `{one.key}` | {one.label} | {one.formula} | {one.clock} | {_BETTER[one.better]} | {one.min_den or ''} "
            f"| {one.help} |\n"
            for one in METRICS.values()
            if one.group == group
        ]
    return "".join(parts)


def dimensions_page() -> str:
    """Return `docs/dimensions.md`."""
    parts = [_DIMENSIONS]
    parts.append("| operator of a filter | holds where the value |\n|---|---|\n")
    parts += [f"| {key} | {meaning} |\n" for key, meaning in OPERATORS.items()]
    for level, (title, words) in _LEVELS.items():
        parts.append(f"\n## {title}\n\n{words}\n\n| dimension | name | meaning | filter |\n|---|---|---|---|\n")
        parts += [
            f"| `{one.key}` | {one.label} | {one.help} | {'yes' if one.filterable else 'no'} |\n"
            for one in DIMENSIONS.values()
            if one.level == level
        ]
    return "".join(parts)


PAGES: Final = {"metrics": metrics_page, "dimensions": dimensions_page}
"""The pages by name."""
