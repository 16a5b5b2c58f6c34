"""A made-up e-mail program as the answer to every question: smooth, rich and the same on every run.

Only the sums are made up. Periods, comparisons, divisions and texts are the product's own, so that pages show what they
would show for a store with these sums.
"""

import math
import time
import zlib
from dataclasses import replace
from functools import cache

from sendlens.clock import Clock
from sendlens.errors import StoreError
from sendlens.metrics.campaigns import CampaignFacts, CampaignList, CampaignRow, Campaigns
from sendlens.metrics.dimensions import Dimension
from sendlens.metrics.figures import Number
from sendlens.metrics.periods import DAY, HOUR
from sendlens.metrics.query import Metrics, _Line
from sendlens.metrics.question import Question, Want

FIRST_HOUR = 480_000  # in October 2024, long before what the tests ask for

# Of every sent message, how many ...
RATES = {
    "injected": 1.02,
    "sent": 1.0,
    "delivered": 0.978,
    "tracked_delivered": 0.95,
    "deferred": 0.06,
    "bounced": 0.022,
    "bounced_hard": 0.009,
    "bounced_soft": 0.006,
    "bounced_block": 0.005,
    "bounced_undetermined": 0.002,
    "dropped": 0.004,
    "opened": 0.52,
    "opened_human": 0.34,
    "opens": 0.9,
    "opens_human": 0.61,
    "clicked": 0.062,
    "clicked_human": 0.041,
    "clicks": 0.11,
    "clicks_human": 0.072,
    "complained": 0.00055,
    "unsubscribed": 0.0021,
    "converted": 0.0062,
    "conversions": 0.0068,
    "revenue": 0.41,
}
SHARES: dict[str, dict[str, float]] = {
    "campaign": {
        "2026-11-black-friday": 0.24,
        "weekly-46": 0.17,
        "weekly-45": 0.16,
        "welcome-1": 0.11,
        "order-confirmation": 0.10,
        "back-in-stock": 0.07,
        "winback-autumn": 0.06,
        "weekly-44": 0.05,
        "": 0.02,
        "very-long": 0.02,
    },
    "provider": {
        "gmail": 0.46,
        "microsoft_consumer": 0.17,
        "apple": 0.11,
        "yahoo_aol": 0.09,
        "microsoft_365": 0.07,
        "google_workspace": 0.05,
        "gmx.net": 0.03,
        "orange.fr": 0.01,
        "web.de": 0.01,
    },
    "sending_domain": {"news.example.com": 0.71, "mail.example.com": 0.29},
    "segment": {"all-customers": 0.52, "engaged-90d": 0.31, "new": 0.12, "vip": 0.05},
    "link": {
        "https://shop.example.com/black-friday?utm_source=newsletter&utm_medium=email": 0.41,
        "https://shop.example.com/": 0.22,
        "https://shop.example.com/account/orders": 0.14,
        "https://blog.example.com/how-we-pack": 0.06,
    },
    "bounce_reason": {"no_such_user": 0.41, "mailbox_full": 0.22, "policy": 0.18, "reputation": 0.12, "timeout": 0.07},
    "bounce_class": {"hard": 0.41, "soft": 0.27, "block": 0.24, "undetermined": 0.08},
    "device": {"mobile": 0.51, "desktop": 0.33, "proxy": 0.11, "tablet": 0.05},
    "client": {"Apple Mail": 0.38, "Gmail": 0.27, "Outlook": 0.19, "Chrome": 0.1, "Yahoo Mail": 0.06},
    "country": {"DE": 0.38, "US": 0.24, "FR": 0.14, "GB": 0.12, "NL": 0.07, "PL": 0.05},
}
NAMES = {
    "2026-11-black-friday": "Black Friday early access",
    "weekly-46": "Weekly letter, week 46",
    "weekly-45": "Weekly letter, week 45",
    "weekly-44": "Weekly letter, week 44",
    "welcome-1": "Welcome, first mail",
    "order-confirmation": "Order confirmation",
    "back-in-stock": "Back in stock",
    "winback-autumn": "We miss you (autumn)",
    "very-long": "A campaign whose name is longer than any column of any table could reasonably hope to show in full",
}


def noise(*parts: object) -> float:
    """Return a number in 0..1 that depends on the parts alone."""
    return zlib.crc32(repr(parts).encode()) / 2**32


@cache
def hourly(hour: int, measure: str) -> float:
    weekday, of_day = (hour // 24 + 3) % 7, hour % 24
    week = (0.8, 1.5, 1.0, 1.4, 1.1, 0.5, 0.4)[weekday]
    day = 0.12 + math.exp(-(((of_day - 9) / 2.2) ** 2)) + 0.6 * math.exp(-(((of_day - 17) / 2.5) ** 2))
    growth = 1 + 0.0006 * (hour - 498_000) / 24
    sent = 900 * week * day * growth * (0.85 + 0.3 * noise(hour // 6))
    swing = 0.0 if measure in {"sent", "delivered", "tracked_delivered"} else 0.12
    wave = 1 + swing * (noise(hour // 24, measure) - 0.4)
    return sent * RATES.get(measure, 0.001) * min(wave, 1.02 if measure == "delivered" else 9)


@cache
def between(start: int, end: int, measure: str) -> float:
    """Return the sum of a measure over a time in milliseconds. Before the first hour there was nothing."""
    total = 0.0
    for hour in range(max(start // HOUR, FIRST_HOUR), -(-end // HOUR)):
        part = (min(end, (hour + 1) * HOUR) - max(start, hour * HOUR)) / HOUR
        total += part * hourly(hour, measure)
    return total


class MadeUpCampaigns(Campaigns):
    """Campaigns that began one after the other, three days apart, each at nine in the morning UTC."""

    def facts(self, tenant, ids):
        today = self._metrics.clock.now_ms() // DAY * DAY
        starts = {id_: today - number * 3 * DAY - 15 * HOUR for number, id_ in enumerate(NAMES)}
        return {
            id_: CampaignFacts(id=id_, name=NAMES.get(id_, id_), started_at=starts.get(id_, 0), metadata={})
            for id_ in ids
        }

    def list(self, tenant, *, metric_keys=(), order_by="", limit=50, offset=0, search=""):
        named = [id_ for id_, name in NAMES.items() if search.lower() in name.lower()]
        rows = [CampaignRow(facts=one, figures={}) for one in self.facts(tenant, named[:limit]).values()]
        return CampaignList(rows=rows, total_rows=len(named))


class MadeUp(Metrics):
    """Metrics whose sums are made up; `empty` has none, `broken` and `slow` name a dimension that does as it says."""

    def __init__(self, clock: Clock) -> None:
        super().__init__(store=None, clock=clock)  # pyright: ignore[reportArgumentType] - nothing here asks a store
        self.empty = False
        self.broken = ""
        self.slow = ""

    def known(self, scope):
        if scope.period.key != "all":
            return scope.period
        first = scope.period.until - (1 if self.empty else 400 * DAY)
        return replace(scope.period, start=first)

    def labels(self, tenant, by: Dimension, values):
        return {value: (NAMES.get(value) if by.key == "campaign" else None) or value or "(none)" for value in values}

    def _ask(self, tenant: str, question: Question) -> list[_Line]:
        if self.broken and question.by and question.by.key == self.broken:
            raise StoreError("the store did not answer within 20 s", hint="Choose a shorter period.")
        while self.slow and question.by and question.by.key == self.slow:
            time.sleep(0.02)
        share = 1.0
        for one in question.filters:
            told = sum(SHARES.get(one.dimension, {}).get(value, 0.02) for value in one.values)
            if one.operator.startswith("contains"):
                told = sum(part for name, part in SHARES.get(one.dimension, {}).items() if one.values[0] in name)
            if not question.by or question.by.key != one.dimension:
                share *= 1 - told if one.operator.endswith("not") else told
        if question.by is None and not question.edges:
            return [_Line("", 0, self._sums_of(question, question.start, question.end, share), 1)]
        if question.edges or question.by is None:
            ends = [*question.edges[1:], question.end]
            return [
                _Line(
                    "",
                    edge // 1000,
                    self._sums_of(question, max(edge, question.start), min(end, question.end), share),
                    1,
                )
                for edge, end in zip(question.edges, ends, strict=True)
                if min(end, question.end) > edge
            ]
        values = SHARES.get(question.by.key, {"": 1.0})
        only = [one.values for one in question.filters if one.dimension == question.by.key and one.operator == "is"]
        lines = [
            _Line(value, 0, self._sums_of(question, question.start, question.end, share * part, value), len(values))
            for value, part in values.items()
            if all(value in some for some in only)
        ]
        total = len(lines)
        lines = [line for line in lines if any(line.sums.values())]
        page = lines[question.offset : question.offset + question.limit] if question.limit else lines
        return [_Line(line.what, line.slot, line.sums, total) for line in page]

    def _sums_of(self, question: Question, start: int, end: int, share: float, name: str = "") -> dict[Want, Number]:
        if self.empty:
            return dict.fromkeys(question.wants, 0)
        found: dict[Want, Number] = {}
        for want in question.wants:
            lean = 0.8 + 0.4 * noise(name, want.measure) if name and want.measure not in {"sent", "delivered"} else 1.0
            if want.measure in {"delivered", "tracked_delivered"} and name:
                lean = 1 - 0.02 * noise(name)
            found[want] = round(between(start, end, want.measure) * share * lean)
        return found
