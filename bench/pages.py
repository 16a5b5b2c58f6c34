"""Pages and the read API: how long an answer takes as the history behind it grows.

Owns the list of addresses. They are asked in turns by one client, after one round that warms up; the address that asks
nothing of the store stands among them, so that the machine's share of the time is seen.
"""

from __future__ import annotations

import time
from collections import defaultdict
from typing import Final

from bench.context import Context
from bench.figures import Figure, Findings, figure, percentile
from bench.rows import address_of, campaign_name
from bench.server import Server, serving
from bench.sizes import LEAST_ROUNDS
from bench.world import ALWAYS, campaign_tenants
from sendlens.web.panels.breakdown import CARDS

# A campaign of the first tenant that always runs, and one that was sent once.
_OWN: Final = [number for number, tenant in enumerate(campaign_tenants().tolist()) if tenant == 0]
_ALWAYS: Final = campaign_name(next(n for n in _OWN if n < ALWAYS))
_ONCE: Final = campaign_name(next(n for n in reversed(_OWN) if n < 990))
_PERSON: Final = address_of(7)

ADDRESSES: Final = (
    ("live", "/health/live"),
    ("overview", "/?period=28d&wait=long"),
    ("overview-compare", "/?period=28d&compare=previous&wait=long"),
    ("overview-90d", "/?period=90d&wait=long"),
    ("overview-today", "/?period=today&wait=long"),
    ("overview-filter", f"/?period=28d&f=is,campaign,{_ALWAYS}&wait=long"),
    ("figures", "/panels/figures?period=28d&compare=previous"),
    ("chart", "/panels/chart?period=28d"),
    ("panel-campaigns", "/panels/campaigns?period=28d"),
    ("panel-audience", "/panels/audience?period=28d"),
    ("panel-content", "/panels/content?period=28d"),
    ("panel-device", "/panels/device?period=28d"),
    *(
        (f"panel-{card}-{tab.dimension}", f"/panels/{card}?period=28d&{card}={tab.dimension}")
        for card, tabs in CARDS.items()
        for tab in tabs[1:]
    ),
    ("panel-device-filter", f"/panels/device?period=28d&f=is,campaign,{_ALWAYS}"),
    ("panel-campaign-always", f"/panels/campaign?campaign={_ALWAYS}"),
    ("panel-campaign-course", f"/panels/campaign-course?campaign={_ONCE}"),
    ("campaigns-page", "/campaigns?wait=long"),
    ("campaign-page", f"/campaigns/{_ONCE}?wait=long"),
    ("person-page", f"/recipients/{_PERSON}?wait=long"),
    ("deliverability-page", "/deliverability?period=28d&wait=long"),
    ("intake-page", "/intake?wait=long"),
    ("api-metrics", "/v1/metrics?metrics=sent,delivery_rate,open_rate,click_rate,bounce_rate&period=28d"),
    ("api-timeseries", "/v1/timeseries?metrics=delivered,open_rate&period=90d&interval=day"),
    ("api-hours", "/v1/timeseries?metrics=opens&period=7d&interval=hour&clock=event"),
    ("api-providers", "/v1/breakdown?dimension=provider&period=28d"),
    ("api-bounces", "/v1/breakdown?dimension=bounce_reason&metrics=bounced&period=28d"),
    ("api-domains", "/v1/breakdown?dimension=recipient_domain&metrics=delivered,bounce_rate&period=28d"),
    ("api-links", "/v1/breakdown?dimension=link&metrics=clicks&period=28d"),
    ("api-campaigns", "/v1/campaigns"),
    ("api-campaign", f"/v1/campaigns/{_ONCE}"),
    ("api-people", f"/v1/recipients?did=clicked_human&period=28d&f=is,campaign,{_ONCE}"),
    ("api-people-all", "/v1/recipients?did=bounced&period=28d"),
    ("api-people-device", "/v1/recipients?did=clicked_human&period=28d&f=is,device,mobile"),
    ("api-person", f"/v1/recipients/{_PERSON}"),
    ("api-intake", "/v1/intake?period=28d"),
    ("overview-first", "/?period=28d&compare=weekday"),
    ("campaign-first", f"/campaigns/{_ONCE}?period=28d&compare=weekday"),
)
"""(name, address): what is asked, on the tenant with seven tenths of all events.

A page with `wait` comes when its slowest panel is there; the `-first` ones come with the first panel, as a browser gets
them. They stand last, because the panels that they do not wait for are still worked on, and ask for a comparison of
their own, because whoever asks for the same panel takes over that work.
"""


def run(context: Context) -> Findings:
    """Return p50 and p95 of every address at every size of history, and the server's memory."""
    findings = Findings()
    for events in context.size.histories:
        context.history(events)
        with context.copy_of_history(events, "pages") as data, serving(data) as server:
            context.say(f"pages over {events:,} events")
            _ask_all(context, server, events, findings)
            memory = figure(
                f"pages.{events}.memory",
                f"Memory after pages over {events:,} events, most",
                "MB",
                [server.watch.peak()],
            )
            findings.figures.append(memory)
    return findings


def _ask_all(context: Context, server: Server, events: int, findings: Findings) -> None:
    taken: dict[str, list[float]] = defaultdict(list)
    wrong: dict[str, int] = {}
    started = time.monotonic()
    for turn in range(context.size.page_requests + 1):
        if turn > LEAST_ROUNDS and time.monotonic() - started > context.size.page_seconds:
            break
        for name, address in ADDRESSES:
            if name in wrong:
                continue
            began = time.monotonic()
            status = server.client.get(address).status_code
            if status != 200:
                wrong[name] = status
            elif turn:
                taken[name].append((time.monotonic() - began) * 1000)
    findings.notes.extend(
        f"{dict(ADDRESSES)[name]} answered {status} and was left out." for name, status in wrong.items()
    )
    for name, values in taken.items():
        for share in (0.5, 0.95):
            percent = int(share * 100)
            findings.figures.append(
                Figure(
                    name=f"pages.{events}.{name}.p{percent}",
                    what=f"{dict(ADDRESSES)[name]}, {events:,} events, p{percent}",
                    unit="ms",
                    value=percentile(values, share),
                    low=min(values),
                    high=max(values),
                    runs=len(values),
                )
            )
