"""Habits of machines and people, and how often the verdict on their acts is right."""

from collections import Counter, defaultdict
from ipaddress import ip_address, ip_network

from bench.actors import alone, together
from sendlens.enrich.networks import owner
from sendlens.model.events import Actor
from sendlens.simulator.scanners import HABITS, NETWORKS, Act, acts, documented, drawn

SINCE = 1_795_132_800_000
WORLD = acts(3, documented(), 1_500, SINCE)


def test_one_seed_gives_one_world():
    assert acts(3, documented(), 1_500, SINCE) == WORLD
    assert acts(4, documented(), 1_500, SINCE) != WORLD
    assert drawn(3) == drawn(3) != drawn(4)


def test_every_habit_is_seen_and_nothing_happens_before_delivery():
    assert {act.kind for act in WORLD if act.kind} == {habit.kind for habit in HABITS}
    delivered = {act.message: act.at for act in WORLD if act.type == "delivered"}
    assert len(delivered) == 1_500
    assert all(act.at >= delivered[act.message] for act in WORLD)


def test_a_scanner_follows_the_links_of_a_message_within_seconds():
    clicks: dict[int, list[Act]] = defaultdict(list)
    for act in WORLD:
        if act.kind == "safe_links" and act.type == "clicked":
            clicks[act.message].append(act)
    spans = sorted(max(act.at for act in each) - min(act.at for act in each) for each in clicks.values())
    assert spans[len(spans) // 2] < 10_000
    assert all(len({act.link for act in each}) == len(each) for each in clicks.values())


def test_the_networks_are_those_of_their_owners():
    for act in WORLD:
        if act.kind in ("barracuda", "proofpoint", "mimecast", "cisco"):
            assert owner(act.ip) in (act.kind, "")
    for name, network in NETWORKS.items():
        known = owner(str(ip_network(network)[7]))
        assert known == {"home": "", "cloud": "", "microsoft": "microsoft_365"}.get(name, name)
    assert all(ip_address(act.ip) for act in WORLD if act.ip)


def test_people_keep_a_persons_pace_when_parameters_are_drawn():
    for seed in range(20):
        assert all(one.gap >= 5 for one in drawn(seed) if one.actor == "human" and one.clicks)


def right(world: list[Act], verdicts: list[Actor]) -> tuple[float, float]:
    pairs = [(act.actor, verdict) for act, verdict in zip(world, verdicts, strict=True) if act.actor]
    told = Counter(pairs)
    machines = told["machine", Actor.MACHINE]
    called = sum(n for (_, verdict), n in told.items() if verdict is Actor.MACHINE)
    true = sum(n for (actor, _), n in told.items() if actor == "machine")
    return machines / called, machines / true


def test_the_verdict_finds_the_documented_machines_and_few_people():
    precision, recall = right(WORLD, together(WORLD))
    assert precision >= 0.985
    assert recall >= 0.96
    assert right(WORLD, alone(WORLD))[0] >= 0.995


def test_the_verdict_finds_most_machines_whose_parameters_are_drawn():
    worlds = [acts(seed, drawn(seed), 600, SINCE) for seed in (11, 12, 13)]
    seen = [right(world, together(world)) for world in worlds]
    assert sum(precision for precision, _ in seen) / len(seen) >= 0.97
    assert sum(recall for _, recall in seen) / len(seen) >= 0.85
