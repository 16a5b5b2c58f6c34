"""`sendlens demo --once`: one campaign through HTTP, and every figure of the API beside the simulator's truth.

Owns the course and the list of checks. Figures are read from the public API only; the truth is counted by
`simulator.truth`, which shares no code with the server. How it looks is `demo_report`'s.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, cast

import msgspec

from sendlens.cli.demo_report import Check, Report, show
from sendlens.clock import SystemClock
from sendlens.errors import Unavailable
from sendlens.simulator.parameters import DAY_MS, HOUR_MS, Parameters
from sendlens.simulator.run import NATIVE
from sendlens.simulator.sender import Sender
from sendlens.simulator.trip import Trip
from sendlens.simulator.truth import Truth
from sendlens.simulator.webhooks import Post, posts
from sendlens.simulator.world import World

if TYPE_CHECKING:
    from rich.console import Console

    from sendlens.cli.demo_server import DemoServer

SHARES: Final = {NATIVE: 0.42, "sendgrid": 0.43, "ses": 0.05, "mailgun": 0.05, "postmark": 0.05}
"""Who mails the campaign; conversions come from the shop through the API."""

PARAMETERS: Final = replace(
    Parameters(),
    duplicate_share=0.01,
    late_share=0.03,
    invalid_share=0.002,
    # A scanner that shows neither name nor network is recognised by its timing only, which is a judgement. Counts are
    # compared to the last event here, so the campaign has none of those; docs/simulator.md says how to measure them.
    covert_scanners=0.0,
)

_AGO_MS: Final = 12 * DAY_MS
_HOUR: Final = 9
_VISIBLE_SECONDS: Final = 180.0

Json = Mapping[str, object]

RATES: Final[dict[str, tuple[str, str]]] = {
    "delivery_rate": ("delivered", "sent"),
    "bounce_rate": ("bounced", "sent"),
    "hard_bounce_rate": ("bounced_hard", "sent"),
    "deferral_rate": ("deferred", "sent"),
    "open_rate": ("opened_human", "tracked_delivered"),
    "open_rate_of_sent": ("opened_human", "sent"),
    "open_rate_raw": ("opened", "tracked_delivered"),
    "click_rate": ("clicked_human", "delivered"),
    "click_rate_raw": ("clicked", "delivered"),
    "click_to_open_rate": ("clicked_human", "opened_human"),
    "unsubscribe_rate": ("unsubscribed", "delivered"),
    "complaint_rate": ("complained", "delivered"),
    "conversion_rate": ("converted", "delivered"),
    "conversion_rate_of_sent": ("converted", "sent"),
    "revenue_per_email": ("revenue", "delivered"),
    "revenue_per_email_sent": ("revenue", "sent"),
    "return_on_investment": ("profit", "cost"),
}
"""Metric -> the true numerator and denominator."""

COUNTS: Final = {"conversions": "conversions", "revenue": "revenue", "opens": "opens_human", "clicks": "clicks_human"}
BY_PROVIDER: Final = {
    "sent": "sent",
    "delivered": "delivered",
    "bounced": "bounced",
    "opened": "opened_human",
    "clicked": "clicked_human",
}


async def check(console: Console, server: DemoServer, recipients: int, seed: int, started: float) -> int:
    """Send the campaign, compare, print; returns 0 if every check holds, else 1."""
    now = SystemClock().now_ms()
    world = await asyncio.to_thread(lambda: World(seed, PARAMETERS, people=recipients + recipients // 4))
    campaign = world.mail("launch", (now - _AGO_MS) // DAY_MS * DAY_MS + _HOUR * HOUR_MS, recipients, SHARES)
    trip = Trip(seed, PARAMETERS)
    async with Sender(server.url, server.key, server.hooks, concurrency=16, seed=seed) as sender:
        facts = msgspec.json.encode(world.campaigns())
        await sender.post(Post("/v1/campaigns", facts, {"content-type": "application/json"}, 0))
        console.print(f"Sending a campaign of {recipients:,} e-mails through four providers and the API …")
        sending = time.monotonic()
        await sender.send(_requests(world, trip, server, now))
        sent = time.monotonic()
        accounts = await _visible(sender, sender.tally.posted)
        visible = time.monotonic()
        truth = world.truth()
        cost = sum(float(one.cost or 0) for one in world.campaigns())
        report = Report(
            campaign=world.campaigns()[0],
            seconds=visible - started,
            sending_seconds=sent - sending,
            storing_seconds=visible - sent,
            records=sender.tally.posted + sender.tally.again,
            requests=sender.tally.posts + sender.tally.retries,
            retries=sender.tally.retries,
        )
        report.accounting = list(_accounting(accounts, truth, trip, sender))
        await _figures(sender, campaign, truth, cost, report)
    show(console, report)
    return 0 if report.holds else 1


def _requests(world: World, trip: Trip, server: DemoServer, now: int) -> Iterator[Post]:
    for source, arriving in trip.out(world.advance(now, DAY_MS // 4)):
        events = arriving
        broken = trip.breakage(source, len(events))
        if broken:
            # Among good ones, so that a bad neighbour is seen to spoil nothing.
            neighbours, events = arriving[:500], arriving[500:]
            body = msgspec.json.encode([*broken, *neighbours])
            yield Post("/v1/events", body, {"content-type": "application/json"}, len(broken) + len(neighbours))
        yield from posts(source, events, server.keys, now)


@dataclass(frozen=True)
class _Account:
    received: int
    stored: int
    duplicate: int
    rejected: int
    dead: int


async def _visible(sender: Sender, posted: int) -> _Account:
    """Wait until everything posted has an outcome and nothing waits to be stored."""
    until = time.monotonic() + _VISIBLE_SECONDS
    account = _Account(0, 0, 0, 0, 0)
    while time.monotonic() < until:
        health = await sender.get("/health/ready")
        account = _account(await sender.get("/v1/intake", period="24h"))
        if account.received >= posted and health["waiting"] == 0:
            return account
        await asyncio.sleep(0.1)
    raise Unavailable(f"{account.received} of {posted} records were counted within {_VISIBLE_SECONDS:.0f} seconds")


def _account(answer: Json) -> _Account:
    total: Counter[str] = Counter()
    for row in cast("list[dict[str, object]]", answer["sources"]):
        if row["kind"] == "event":
            total.update(cast("dict[str, int]", row["outcomes"]))
    return _Account(*(total[name] for name in ("received", "stored", "duplicate", "rejected", "dead")))


def _accounting(account: _Account, truth: Truth, trip: Trip, sender: Sender) -> Iterator[Check]:
    tally = sender.tally
    stored, broken = truth.events.total(), trip.broken.total()
    repeated = trip.repeated.total()
    if tally.retries:
        # An answer that was lost means records that came twice; how many, only the server knows.
        repeated += account.received - tally.posted
    yield Check("received", account.received, stored + repeated + broken)
    yield Check("stored", account.stored, stored)
    yield Check("duplicate", account.duplicate, repeated)
    yield Check("rejected", account.rejected, broken)
    yield Check("dead-lettered", account.dead, 0)
    yield Check("received - all outcomes", account.received - account.stored - account.duplicate - account.rejected
                - account.dead, 0)  # fmt: skip


async def _figures(sender: Sender, campaign: str, truth: Truth, cost: float, report: Report) -> None:
    only = {"period": "all", "f": f"is,campaign,{campaign}"}
    answer = await sender.get("/v1/metrics", metrics=",".join([*RATES, *COUNTS]), **only)
    metrics = {str(one["key"]): one for one in cast("list[dict[str, object]]", answer["metrics"])}
    true = _true(truth, cost)
    for key, (above, below) in RATES.items():
        report.figures.append(_ratio(metrics[key], true[above], true[below]))
    for key, measure in COUNTS.items():
        report.figures.append(_count(metrics[key], true[measure]))

    table = await sender.get("/v1/breakdown", dimension="provider", metrics=_PROVIDER_METRICS, limit="100", **only)
    rows = cast("list[dict[str, object]]", table["rows"])
    providers = truth.values(1)
    for row in sorted(rows, key=lambda row: -_n(row, "sent")):
        name = str(row["value"])
        checks = [Check(key, _n(row, key), truth.total(m, provider=name)) for key, m in BY_PROVIDER.items()]
        report.providers.append((name, [_text(row, key) for key in _PROVIDER_RATES], checks))
    report.others.append(Check("mailbox providers", len(rows), len(providers)))

    told = await sender.get(f"/v1/campaigns/{campaign}")
    for kind, place, found in (("devices", 0, report.devices), ("clients", 1, report.clients)):
        opens: Counter[str] = Counter()
        for pair, count in truth.clients.items():
            opens[pair[place]] += count
        rows = cast("list[dict[str, object]]", cast("Json", told[kind])["rows"])
        named = {str(row["value"]): row for row in rows if _n(row, "opens")}
        for name in sorted(opens | Counter(dict.fromkeys(named, 0)), key=lambda name: -opens[name]):
            row = named.get(name)
            clicks = _n(row, "clicks") if row else 0
            found.append((name, clicks, Check(name, _n(row, "opens") if row else 0, opens[name])))
    best = cast("dict[str, int] | None", told["best_hour"]) or {"hour_of_day": -1, "opened_in_hour_of_day": 0}
    hour = min(truth.first_hours, key=lambda hour: (-truth.first_hours[hour], hour), default=-1)
    report.others.append(Check("best hour of the day (UTC)", best["hour_of_day"], hour))
    report.others.append(
        Check("messages first opened in that hour", best["opened_in_hour_of_day"], truth.first_hours[hour])
    )


_PROVIDER_RATES: Final = ("delivery_rate", "bounce_rate", "open_rate", "click_rate")
_PROVIDER_METRICS: Final = ",".join([*BY_PROVIDER, *_PROVIDER_RATES])


def _true(truth: Truth, cost: float) -> dict[str, float]:
    names = {name for pair in RATES.values() for name in pair} | set(COUNTS.values())
    found: dict[str, float] = {name: truth.total(name) for name in names}
    revenue = truth.total("revenue_cents") / 100
    return found | {"revenue": revenue, "cost": cost, "profit": round(revenue - cost, 2)}


def _figure(row: Json, key: str) -> dict[str, object]:
    return cast("dict[str, dict[str, object]]", row["metrics"])[key]


def _n(row: Json, key: str) -> int:
    return int(cast("float", _figure(row, key)["n"] or 0))


def _text(row: Json, key: str) -> str:
    return str(_figure(row, key)["text"])


def _ratio(metric: Json, above: float, below: float) -> Check:
    figure = cast("dict[str, float]", metric["figure"])
    return Check(
        str(metric["label"]),
        (_rounded(figure["n"]), _rounded(figure["d"])),
        (_rounded(above), _rounded(below)),
        str(figure["text"]),
    )


def _count(metric: Json, true: float) -> Check:
    figure = cast("dict[str, float]", metric["figure"])
    return Check(str(metric["label"]), _rounded(figure["n"]), _rounded(true), str(figure["text"]))


def _rounded(value: float | None) -> float:
    return round(value or 0.0, 2)
