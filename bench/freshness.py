"""Freshness: from the answer to a post until a query shows the event.

Owns the probes: an event of a campaign of its own is posted, and the read API is asked for that campaign until it is
counted there. Once with nothing else going on, once at half the load that the server was found to carry.
"""

from __future__ import annotations

import time

from bench.context import Context
from bench.figures import Figure, Findings, figure, percentile
from bench.load import Load
from bench.posts import bodies, empty_history, told
from bench.server import Server, serving
from bench.world import World

# Between two looks, in seconds: what is told is late by up to one. Under load every look is load, too, and more of
# them than people or programs would take half of what the server has left.
_PAUSE, _PAUSE_UNDER_LOAD = 0.02, 0.1
_UNMEASURED_RATE = 4_000.0  # where ingest was not run before


def run(context: Context) -> Findings:
    """Return the time to visibility at a trickle and at half load."""
    size = context.size
    findings = Findings()
    full = max(
        (v for k, v in context.measured.items() if k.startswith("ingest.http.") and k.endswith(".visible")), default=0
    )
    rate = (full or _UNMEASURED_RATE) / 2
    with serving(context.empty("freshness") / "data") as server:
        _probe(server, "warm-up")
        context.say("freshness at a trickle")
        alone = [_probe(server, f"trickle-{number}") for number in range(size.probes)]
        findings.figures.extend(_figures("trickle", "nothing else arrives", alone))
        count = int(rate * size.load_seconds)
        start = time.time_ns() // 1_000_000 - 3 * 3_600_000
        history = empty_history(start, ("t1", "t2", "t3", "t4"), max(count, 20_000))
        posted, counts = bodies(told(World(history.plan), history, count, "f"), 100)
        load = Load(server.port, posted, counts, connections=8, rate=rate, scratch=context.scratch)
        context.say(f"freshness at {rate:,.0f} events per second")
        server.watch.peak()
        load.go()
        began = time.monotonic()
        seen: list[float] = []
        while not seen or (len(seen) < size.probes and time.monotonic() - began < size.load_seconds):
            seen.append(_probe(server, f"half-{len(seen)}", _PAUSE_UNDER_LOAD))
        findings.figures.extend(_figures("half" if full else "fixed", _told(full, rate), seen))
        load.stop()
        peak = server.watch.peak()
        findings.figures.append(
            figure("freshness.memory", f"Memory of the server {_told(full, rate)}, most", "MB", [peak])
        )
    return findings


def _told(full: float, rate: float) -> str:
    return f"at half load ({rate:,.0f} events/s)" if full else f"while {rate:,.0f} events/s arrive (load not measured)"


def _probe(server: Server, campaign: str, pause: float = _PAUSE) -> float:
    now = time.time_ns() // 1_000_000
    event = {"type": "delivered", "id": campaign, "recipient": "probe@probe.example", "occurred_at": now}
    server.client.post("/v1/events", json=event | {"campaign_id": campaign}).raise_for_status()
    accepted = time.monotonic()
    question = {"metrics": "delivered", "period": "24h", "clock": "event", "f": f"is,campaign,{campaign}"}
    while True:
        answer = server.client.get("/v1/metrics", params=question).raise_for_status().json()
        if answer["metrics"][0]["figure"]["n"]:
            return time.monotonic() - accepted
        if time.monotonic() - accepted > 120:
            raise TimeoutError(f"the event of {campaign} was not seen within two minutes")
        time.sleep(pause)


def _figures(name: str, when: str, seconds: list[float]) -> list[Figure]:
    return [
        Figure(
            name=f"freshness.{name}.p{int(share * 100)}",
            what=f"Accepted until in a query, {when}, p{int(share * 100)}",
            unit="ms",
            value=percentile(seconds, share) * 1000,
            low=min(seconds) * 1000,
            high=max(seconds) * 1000,
            runs=len(seconds),
        )
        for share in (0.5, 0.99)
    ]
