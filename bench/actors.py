"""The actor verdict: precision and recall, overall and per kind of reader, on acts whose true actor is known.

Owns the counting. The acts come from `sendlens.simulator.scanners`, as documented and with parameters drawn at random.
Two verdicts are measured: of each act alone, and with what its neighbours tell (`enrich.context`), once everything
there is to know of a message has arrived.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from typing import Final

from bench.context import Context
from bench.figures import Figure, Findings, figure
from sendlens.enrich import actor, client, context
from sendlens.enrich.networks import SCANNERS, owner
from sendlens.model.events import Actor, EventType
from sendlens.simulator.scanners import Act, acts, documented, drawn

MESSAGES: Final = 6_000
SEEDS: Final = (1, 2, 3, 4, 5)
SINCE: Final = 1_795_132_800_000


def run(context: Context) -> Findings:
    """Return precision and recall on both variants, alone and with the neighbours."""
    findings = Findings()
    messages = MESSAGES if context.size.repetitions > 1 else 600
    told = {
        "documented": [acts(seed, documented(), messages, SINCE) for seed in SEEDS],
        "drawn": [acts(seed, drawn(seed), messages, SINCE) for seed in SEEDS],
    }
    for variant, worlds in told.items():
        for how, judge in (("alone", alone), ("neighbours", together)):
            seen = [judge(world) for world in worlds]
            findings.figures.extend(_overall(f"actors.{variant}.{how}", f"{variant}, {how}", worlds, seen))
        findings.figures.extend(_per_kind(f"actors.{variant}", variant, worlds, [together(world) for world in worlds]))
    return findings


def alone(world: Sequence[Act]) -> list[Actor]:
    """Return the verdict of each act by itself; unknown for deliveries."""
    return [
        actor.judge(act.type, act.user_agent, act.ip, act.machine, client.identify(act.user_agent)).actor
        for act in world
    ]


def together(world: Sequence[Act]) -> list[Actor]:
    """Return the verdict of each act by itself and by what happened to its message around it."""
    first = alone(world)
    messages: dict[int, list[context.Act]] = defaultdict(list)
    for place, (act, verdict) in enumerate(zip(world, first, strict=True)):
        messages[act.message].append(
            context.Act(
                key=place,
                at=act.at,
                type=act.type,
                link=act.link,
                hand=hash((act.user_agent, act.ip)) if act.type != EventType.DELIVERED else 0,
                explained=verdict is Actor.MACHINE,
                scanner=owner(act.ip) in SCANNERS if act.ip else False,
            )
        )
    final = list(first)
    for happened in messages.values():
        message = context.Message(happened)
        for each in happened:
            if each.type != EventType.DELIVERED and context.judge(each, message) is not None:
                final[each.key] = Actor.MACHINE
    return final


def _overall(
    name: str, what: str, worlds: Sequence[Sequence[Act]], verdicts: Sequence[Sequence[Actor]]
) -> Iterable[Figure]:
    precision: list[float] = []
    recall: list[float] = []
    lost: list[float] = []
    for world, seen in zip(worlds, verdicts, strict=True):
        pairs = [(act.actor, verdict) for act, verdict in zip(world, seen, strict=True) if act.actor]
        called = [true for true, verdict in pairs if verdict is Actor.MACHINE]
        machines = [verdict for true, verdict in pairs if true == "machine"]
        people = [verdict for true, verdict in pairs if true == "human"]
        precision.append(100 * called.count("machine") / max(1, len(called)))
        recall.append(100 * machines.count(Actor.MACHINE) / max(1, len(machines)))
        lost.append(100 * people.count(Actor.MACHINE) / max(1, len(people)))
    yield figure(f"{name}.precision", f"{what}: acts called a machine's that are one's", "%", precision)
    yield figure(f"{name}.recall", f"{what}: machines' acts that are called so", "%", recall)
    yield figure(f"{name}.people", f"{what}: people's acts that are called a machine's", "%", lost)


def _per_kind(
    name: str, what: str, worlds: Sequence[Sequence[Act]], verdicts: Sequence[Sequence[Actor]]
) -> Iterable[Figure]:
    seen: dict[str, list[Counter[Actor]]] = defaultdict(list)
    truth: dict[str, str] = {}
    for world, judged in zip(worlds, verdicts, strict=True):
        counts: dict[str, Counter[Actor]] = defaultdict(Counter)
        for act, verdict in zip(world, judged, strict=True):
            if act.actor:
                counts[act.kind][verdict] += 1
                truth[act.kind] = act.actor
        for kind, counter in counts.items():
            seen[kind].append(counter)
    for kind, true in truth.items():
        shares = [100 * counter[Actor(true)] / counter.total() for counter in seen[kind]]
        yield figure(f"{name}.kind.{kind}", f"{what}: {kind}, called {true}", "%", shares)
