"""One campaign: its report over its whole life, and its course after sending."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Final
from urllib.parse import quote

from sendlens.metrics.campaigns import Bounce, CampaignFacts, Campaigns, Step, Summary
from sendlens.metrics.figures import Figure
from sendlens.metrics.filters import Filter
from sendlens.metrics.periods import DAY, Period, parse_period, zone_info
from sendlens.metrics.registry import METRICS
from sendlens.web.pages.reader import day_time, number, said, value_text, when
from sendlens.web.panels.chart import chart, chart_sheet
from sendlens.web.panels.figures import CLOCKS
from sendlens.web.panels.names import name_of
from sendlens.web.panels.question import Ask
from sendlens.web.panels.sheet import Cell, Sheet, cells

TILES: Final[dict[str, str]] = {
    "sent": "sent",
    "delivery_rate": "delivered",
    "open_rate": "opened",
    "click_rate": "clicked",
    "revenue": "revenue",
    "hard_bounce_rate": "bounced_hard",
    "complaint_rate": "complained",
    "unsubscribe_rate": "unsubscribed",
}
"""The tiles, and what the chart counts for each: a rate per hour of one mailing says nothing, its numerator does."""

_FIRST: Final = "open_rate"
_RAW: Final = {"open_rate": "open_rate_raw", "click_rate": "click_rate_raw", "unsubscribe_rate": "unsubscribe_rate_raw"}
"""Human figures, and the same with machines."""
_LEFT: Final = (
    *("unsubscribe_rate", "unsubscribe_rate_link", "unsubscribe_rate_one_click", "unsubscribe_rate_mailto"),
    "complaint_rate",
)
_EARNED: Final = ("conversions", "revenue", "revenue_per_email", "return_on_investment")
WHO: Final = {
    "opened_human": "Who opened",
    "clicked_human": "Who clicked",
    "not_opened": "Who did not open",
    "bounced": "Who bounced",
    "complained": "Who complained",
    "unsubscribed": "Who left",
    "converted": "Who converted",
}
"""The lists of people behind the figures, and what the links to them say."""
WINDOWS: Final = {"3d": ("First 3 days", 3), "14d": ("First 14 days", 14), "life": ("Whole life", 0)}


async def report(question: Ask) -> dict[str, object]:
    """Return the campaign's key figures, its funnel, and how it ended for those who left. Raises `NotFound`."""
    answers, tenant = question.site.answers, question.tenant
    campaigns = Campaigns(answers.metrics)
    found = await answers.run(tenant, lambda: campaigns.summary(tenant, question.campaign))
    chosen = _chosen(question)
    return {
        "tiles": [_tile(question, key, found.figures[key], chosen=key == chosen) for key in TILES],
        "funnel": [_step(step, found.funnel[place - 1] if place else None) for place, step in enumerate(found.funnel)],
        "best": _best(found),
        "money": _money(question, found),
        "machine": found.figures["machine_open_share"],
        "raw": [(METRICS[key].label, found.figures[key], found.figures[raw]) for key, raw in _RAW.items()],
        "left": [(METRICS[key].label, found.figures[key]) for key in _LEFT],
        "people": [
            (label, str(question.address.at("/recipients").with_(did=deed, period="all", f=_only(question))))
            for deed, label in WHO.items()
        ],
    }


async def bounces(question: Ask) -> dict[str, object]:
    """Return the bounces by class and reason, each with what a receiving server said."""
    answers, tenant = question.site.answers, question.tenant
    campaigns = Campaigns(answers.metrics)
    found = await answers.run(tenant, lambda: campaigns.bounces(tenant, question.campaign))
    return {"bounces": [_bounce(one) for one in found]}


async def bounces_sheet(question: Ask) -> Sheet:
    """Return a row per class and reason."""
    answers, tenant = question.site.answers, question.tenant
    campaigns = Campaigns(answers.metrics)
    found = await answers.run(tenant, lambda: campaigns.bounces(tenant, question.campaign))
    head = ("bounce_class", "bounce_reason", "messages", "sample_reply", "sample_code", "sample_provider")
    return Sheet(head, [tuple(getattr(one, name) for name in head) for one in found])


async def report_sheet(question: Ask) -> Sheet:
    """Return a row per key figure, human and raw, and per step of the funnel. Raises `NotFound`."""
    answers, tenant = question.site.answers, question.tenant
    campaigns = Campaigns(answers.metrics)
    found = await answers.run(tenant, lambda: campaigns.summary(tenant, question.campaign))
    keys = dict.fromkeys((*TILES, *_RAW.values(), *_LEFT, "machine_open_share", *_EARNED))
    rows: list[tuple[Cell, ...]] = [
        ("figure", key, METRICS[key].label, *cells([found.figures[key]])) for key in keys if key in found.figures
    ]
    rows += [("funnel", step.figure.key, step.label, *cells([step.figure])) for step in found.funnel]
    return Sheet(("part", "metric", "label", "value", "value_n", "value_d"), rows)


async def course(question: Ask) -> dict[str, object]:
    """Return the chart of the campaign's first days, or of its whole life."""
    window, asked = await _course(question)
    values = await chart(asked, TILES[_chosen(question)])
    steps = [
        {"label": label, "href": str(question.address.with_(window=key)), "chosen": key == window}
        for key, (label, _) in WINDOWS.items()
    ]
    return values | {"steps": steps}


async def course_sheet(question: Ask) -> Sheet:
    """Return the series of the chart."""
    _, asked = await _course(question)
    return await chart_sheet(asked, TILES[_chosen(question)])


async def _course(question: Ask) -> tuple[str, Ask]:
    """Return the chosen window, and the question about it."""
    facts = await question.facts()
    wanted = question.address.get("window")
    window = wanted if wanted in WINDOWS else "3d"
    period = life(question, facts, WINDOWS[window][1])
    return window, replace(question, scope=replace(question.scope, period=period, compare=None, clock="event"))


def life(question: Ask, facts: CampaignFacts, days: int = 0) -> Period:
    """Return the days from a campaign's first event to its last, or the first few of them."""
    zone = question.tenant.time_zone
    tz = zone_info(zone)
    now = question.site.clock.now_ms()
    start = facts.first_event_at or facts.started_at or now
    last = start + (days - 1) * DAY if days else max(facts.last_event_at, start)
    first, to = (datetime.fromtimestamp(at / 1000, tz).date() for at in (start, max(min(last, now), start)))
    return parse_period("custom", zone, now, since=first.isoformat(), to=to.isoformat())


def facts_of(question: Ask, facts: CampaignFacts) -> list[tuple[str, str]]:
    """Return what is known of a campaign as names and texts, without what nobody told."""
    zone = question.tenant.time_zone
    known = [
        ("Subject", facts.subject),
        ("From", facts.sender),
        ("Type", facts.type),
        ("Stream", facts.stream),
        ("Segment", facts.segment),
        ("Template", facts.template_id),
        ("Started", day_time(facts.started_at or facts.first_event_at, zone)),
        ("Last event", day_time(facts.last_event_at, zone)),
        ("Campaign id", facts.id),
    ]
    known += [(name.replace("_", " ").capitalize(), value) for name, value in facts.metadata.items()]
    return [(name, value) for name, value in known if value and value != "–"]


def _chosen(question: Ask) -> str:
    key = question.address.get("metric")
    return key if key in TILES else _FIRST


def _tile(question: Ask, key: str, figure: Figure, *, chosen: bool) -> dict[str, object]:
    metric = METRICS[key]
    return {
        "key": key,
        "label": metric.label,
        "formula": f"{metric.label} = {metric.formula}",
        "help": metric.help,
        "clock": CLOCKS[metric.clock] if metric.clock == "event" else "Over the campaign's whole life.",
        "figure": figure,
        "chosen": chosen,
        "href": str(question.address.with_(metric=key)),
        "spark": None,
    }


def _step(step: Step, before: Step | None) -> dict[str, object]:
    lost = float(before.figure.n or 0) - float(step.figure.n or 0) if before else 0
    return {
        "label": step.label,
        "text": said(step.figure),
        "lost": number(lost) if lost > 0 else "",
        "width": f"{min(step.of_first if step.of_first is not None else 1.0, 1.0) * 100:.2f}",
        "of_first": value_text(step.of_first, "ratio") if step.of_first_text else "",
        "of_previous": value_text(step.of_previous, "ratio") if step.of_previous_text else "",
    }


def _bounce(one: Bounce) -> dict[str, object]:
    return {
        "class": name_of("bounce_class", one.bounce_class),
        "reason": name_of("bounce_reason", one.bounce_reason),
        "messages": one.messages,
        "reply": one.sample_reply,
        "provider": name_of("provider", one.sample_provider) if one.sample_provider else "",
    }


def _only(question: Ask) -> str:
    return Filter("is", "campaign", (question.campaign,)).text()


def _best(found: Summary) -> dict[str, object] | None:
    best = found.best_hour
    if best is None:
        return None
    hour = datetime.fromisoformat(best.hour)
    return {
        "of_day": f"{best.hour_of_day:02d}:00 – {(best.hour_of_day + 1) % 24:02d}:00",
        "opened_of_day": best.opened_in_hour_of_day,
        "hour": when(hour.replace(minute=0), "near_weekday"),
        "opened": best.opened_in_hour,
    }


def _money(question: Ask, found: Summary) -> list[tuple[str, str]]:
    facts, figures = found.facts, found.figures
    currency = facts.currency or question.tenant.currency
    money = [
        ("Cost", value_text(float(facts.cost), "money", currency) if facts.cost else ""),
        ("Budget", value_text(float(facts.budget), "money", currency) if facts.budget else ""),
        *((METRICS[key].label, said(figures[key])) for key in _EARNED[:3]),
        ("Return on investment", said(figures[_EARNED[3]])),
    ]
    return [(name, text) for name, text in money if text and text != "–"]


def people_path(key: str) -> str:
    """Return the path of a person's page."""
    return f"/recipients/{quote(key, safe='')}"
