"""Who caused an open, a click or an unsubscription: a person, a proxy on a person's behalf, or a machine.

Owns one ordered table of rules over the evidence of a single event. Leaves the reading of user agents to `client` and
of addresses to `networks`. Evidence that needs several events (bursts, honeypots, time since delivery) becomes more
fields of `Evidence` and more rows of `RULES`.

A verdict never drops an event: reports choose which actors they count, and always show both.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple

import msgspec

from sendlens.enrich.client import Client
from sendlens.enrich.networks import SCANNERS, owner
from sendlens.model.events import Actor, EventType


class Verdict(msgspec.Struct, frozen=True):
    """Who acted, the name of the rule that says so, and how sure it is, from 0 to 100."""

    actor: Actor = Actor.UNKNOWN
    reason: str = ""
    confidence: int = 0


class Evidence(NamedTuple):
    """What is known of one event. `network` is the owner of its address, `machine` the source's own flag."""

    type: str
    user_agent: str
    client: Client
    network: str
    machine: bool | None


class Rule(NamedTuple):
    """One row of the table; `name` is stored with the event as its reason."""

    name: str
    actor: Actor
    confidence: int
    types: frozenset[str]
    applies: Callable[[Evidence], bool]


OPEN: Final = frozenset[str]({EventType.OPENED})
CLICK: Final = frozenset[str]({EventType.CLICKED})
LEAVE: Final = frozenset[str]({EventType.UNSUBSCRIBED})
FETCH: Final = OPEN | CLICK
ANY: Final = FETCH | LEAVE


def _hint(*names: str) -> Callable[[Evidence], bool]:
    return lambda evidence: evidence.client.machine_hint in names


def _kind(*names: str) -> Callable[[Evidence], bool]:
    return lambda evidence: evidence.client.client_kind in names


def _network(*names: str) -> Callable[[Evidence], bool]:
    return lambda evidence: evidence.network in names


def _both(one: Callable[[Evidence], bool], other: Callable[[Evidence], bool]) -> Callable[[Evidence], bool]:
    return lambda evidence: one(evidence) and other(evidence)


def _flag(value: object) -> Callable[[Evidence], bool]:
    return lambda evidence: evidence.machine is value


def _has_agent(evidence: Evidence) -> bool:
    return evidence.user_agent != ""


def _always(_: Evidence) -> bool:
    return True


RULES: Final = (
    # A source that says "machine" knows more than we do; one that says "not a machine" may only not have noticed.
    Rule("source_flag", Actor.MACHINE, 95, ANY, _flag(True)),
    # TRICKY: only an open. A click through Apple's relay carries a browser's agent and is a person's.
    Rule("apple_mpp", Actor.MACHINE, 98, OPEN, _both(_hint("apple_mpp"), _network("apple_relay"))),
    Rule("apple_mpp", Actor.MACHINE, 95, OPEN, _hint("apple_mpp")),
    Rule("gmail_prefetch", Actor.MACHINE, 90, FETCH, _hint("gmail_prefetch")),
    Rule("scanner_agent", Actor.MACHINE, 97, ANY, _hint("scanner")),
    Rule("bot_agent", Actor.MACHINE, 95, ANY, _hint("bot", "preview")),
    Rule("headless_browser", Actor.MACHINE, 92, ANY, _hint("headless")),
    Rule("http_library", Actor.MACHINE, 90, FETCH, _hint("library")),
    # TRICKY: only what is no browser and no mail program. Browser isolation puts people into these networks.
    Rule("scanner_network", Actor.MACHINE, 80, ANY, _both(_network(*SCANNERS), _kind("unknown", "library"))),
    # TRICKY: not for unsubscriptions. The one-click button of a mailbox is pressed by a person, but the request comes
    # from the provider's servers, out of these networks and often with a library's agent.
    Rule("microsoft_365_network", Actor.MACHINE, 85, FETCH, _network("microsoft_365")),
    Rule(
        "one_click_by_provider", Actor.PROXY, 60, LEAVE, _hint("library", "image_proxy", "gmail_prefetch", "apple_mpp")
    ),
    Rule("one_click_by_provider", Actor.PROXY, 60, LEAVE, _network("microsoft_365")),
    Rule("image_proxy", Actor.PROXY, 90, OPEN, _hint("image_proxy")),
    # An image proxy has no business behind a link.
    Rule("image_proxy_follows_link", Actor.MACHINE, 80, CLICK, _hint("image_proxy")),
    Rule("bare_agent", Actor.UNKNOWN, 30, CLICK, _hint("apple_mpp")),
    Rule("mail_client", Actor.HUMAN, 85, ANY, _kind("mail")),
    Rule("browser", Actor.HUMAN, 75, ANY, _kind("browser", "app")),
    Rule("source_flag", Actor.HUMAN, 65, ANY, _flag(False)),
    Rule("unrecognised_agent", Actor.UNKNOWN, 20, ANY, _has_agent),
    Rule("no_evidence", Actor.UNKNOWN, 0, ANY, _always),
)
"""The first rule that applies decides."""

NOT_JUDGED: Final = Verdict()
_BY_TYPE: Final = {one: tuple(rule for rule in RULES if one in rule.types) for one in ANY}
_VERDICTS: Final = {rule: Verdict(rule.actor, rule.name, rule.confidence) for rule in RULES}


def judge(type: str, user_agent: str, ip: str, machine: bool | None, client: Client) -> Verdict:
    """Return who caused an event. `client` is what `client.identify` made of `user_agent`.

    Types other than opens, clicks and unsubscriptions are `NOT_JUDGED`: nobody's agent speaks in them.
    """
    rules = _BY_TYPE.get(type)
    if rules is None:
        return NOT_JUDGED
    evidence = Evidence(type, user_agent.strip(), client, owner(ip) if ip else "", machine)
    for rule in rules:
        if rule.applies(evidence):
            return _VERDICTS[rule]
    return NOT_JUDGED
