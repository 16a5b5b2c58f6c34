"""The click map of a campaign: who followed the link at each place of its HTML, people and machines apart.

Owns which HTML is meant and how clicks are counted per place. Which place a click belongs to is `clickmap`'s to say. A
person who followed one link twice, by whatever addresses, is one clicker of its place.
"""

# ruff: noqa: S608 - only our own fragments are written into the text; every value is bound
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, cast

from sendlens.clickmap.matching import How, Places, Told, match
from sendlens.clickmap.places import Place, marked
from sendlens.control.mails import Mail, MailInfo, Mails
from sendlens.metrics.query import Metrics, TenantLike
from sendlens.metrics.question import Param
from sendlens.metrics.states import OF_CAMPAIGN

MOST_ADDRESSES: Final = 5_000
"""Different addresses that are matched, the most clicked first; clicks on further ones are counted apart."""
MOST_WORK: Final = 200_000
"""Comparisons of addresses with places, after which the rest counts as beyond: about half a second."""
_BEYOND: Final = -1

# The places of clicks are told by `events` alone, where they are found by day and message, in the order they lie in.
_CLICKED: Final = f"""tenant = {{tenant:String}} AND type = 'clicked' AND (toDate(occurred_at), message_key) IN (
        SELECT toDate(occurred_at), message_key FROM engagements
        WHERE tenant = {{tenant:String}} AND type = 'clicked' AND (born, message_key) IN (
            SELECT born, message_key FROM messages FINAL
            WHERE {OF_CAMPAIGN} AND ({{variant:String}} = '' OR variant = {{variant:String}})
        )
    )"""
_ONE: Final = "cityHash64(link_position, toString(link_id), link_url)"
_ADDRESSES: Final = f"""
SELECT {_ONE} AS one, any(link_position), any(toString(link_id)), any(link_url), sum(toInt64(weight)) AS clicks
FROM events
WHERE {_CLICKED}
GROUP BY one HAVING clicks > 0
ORDER BY clicks DESC, one
LIMIT {{most:UInt64}}
"""
_COUNTED: Final = f"""
SELECT grouping(place) AS everywhere, place, human, uniqExact(message_key) AS messages, sum(n) AS clicks
FROM (
    SELECT
        transform({_ONE}, {{ones:Array(UInt64)}}, {{groups:Array(Int64)}}, toInt64({_BEYOND})) AS place,
        actor != 'machine' AS human, message_key, sum(toInt64(weight)) AS n
    FROM events
    WHERE {_CLICKED}
    GROUP BY place, human, message_key HAVING n > 0
)
GROUP BY GROUPING SETS ((place, human), (human))
"""


@dataclass(slots=True, kw_only=True)
class Clicks:
    """Who clicked a place, or one of several that nothing tells apart.

    `places` has one number, several (unresolved), or none (the address is not in the HTML). `how` says how the clicks
    were matched, `urls` the addresses that were clicked, the most frequent first.
    """

    places: tuple[int, ...]
    how: set[How] = field(default_factory=set[How])
    urls: list[str] = field(default_factory=list[str])
    people: int = 0
    clicks: int = 0
    machines: int = 0
    machine_clicks: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ClickMap:
    """A campaign's clicks by place.

    `mail` is None where no HTML was sent; `variants` are those there is HTML of, "" for that of all. `people` are all
    messages whose link a person followed anywhere, `machines` those where a machine did. `beyond` are clicks on
    addresses after the first `MOST_ADDRESSES`, or after the mail's links took `MOST_WORK` to compare.
    """

    campaign: str
    variant: str
    mail: Mail | None
    variants: list[str]
    places: tuple[Place, ...]
    at: dict[int, Clicks]
    unresolved: list[Clicks]
    elsewhere: Clicks | None
    beyond: Clicks | None
    people: int
    machines: int


class ClickMaps:
    """Answers what was clicked where."""

    def __init__(self, metrics: Metrics, mails: Mails) -> None:
        """Count through `metrics` over the HTML in `mails`."""
        self._store = metrics.store
        self._mails = mails

    def mail(self, tenant: TenantLike, campaign: str, template: str, variant: str) -> tuple[Mail | None, list[str]]:
        """Return the HTML for a variant of a campaign, and the variants there is HTML of ("" for all).

        The campaign's own HTML comes before its template's, the variant's before that of all variants.
        """
        known = self._mails.of_campaign(tenant.id, campaign, template)
        variants = list(dict.fromkeys(info.variant for info in known))
        fitting = [info for info in known if info.variant in {variant, ""}] or ([] if variant else known)
        best = min(fitting, key=lambda info: _rank(info, variant), default=None)
        return (self._mails.get(tenant.id, best.of, best.name, best.variant) if best else None), variants

    def get(self, tenant: TenantLike, campaign: str, *, template: str = "", variant: str = "") -> ClickMap:
        """Return the click map of a campaign, or of one variant. Without HTML all clicks are `elsewhere`."""
        mail, variants = self.mail(tenant, campaign, template, variant)
        variant = variant or (mail.info.variant if mail else "")
        places = marked(mail.html).places if mail else ()
        asked: dict[str, Param] = {"id": campaign, "variant": variant}
        told = self._store.query(tenant.id, _ADDRESSES, asked | {"most": MOST_ADDRESSES}).rows
        groups, numbers = _grouped(places, told)
        counting: dict[str, Param] = {
            "ones": [int(cast("int", row[0])) for row in told] or [0],
            "groups": numbers or [_BEYOND],
        }
        beyond, all_ = Clicks(places=()), Clicks(places=())
        for every, number, human, messages, clicks in self._store.query(tenant.id, _COUNTED, asked | counting).rows:
            one = all_ if every else beyond if number == _BEYOND else groups[int(cast("int", number))]
            if human:
                one.people, one.clicks = int(cast("int", messages)), int(cast("int", clicks))
            else:
                one.machines, one.machine_clicks = int(cast("int", messages)), int(cast("int", clicks))
        return ClickMap(
            campaign=campaign,
            variant=variant,
            mail=mail,
            variants=variants,
            places=places,
            at={one.places[0]: one for one in groups if len(one.places) == 1},
            unresolved=sorted((one for one in groups if len(one.places) > 1), key=lambda one: -one.people),
            elsewhere=next((one for one in groups if not one.places), None),
            beyond=beyond if beyond.clicks or beyond.machine_clicks else None,
            people=all_.people,
            machines=all_.machines,
        )


def _rank(info: MailInfo, variant: str) -> tuple[bool, bool, str]:
    return info.of != "campaign", info.variant != variant, info.variant


def _grouped(places: Sequence[Place], told: Sequence[Sequence[object]]) -> tuple[list[Clicks], list[int]]:
    """Return one group per set of places, and the number of each address's group."""
    groups: dict[tuple[int, ...], Clicks] = {}
    numbers: list[int] = []
    order: dict[tuple[int, ...], int] = {}
    arranged = Places(places)
    for _, position, name, url, _ in told:
        if arranged.work > MOST_WORK:  # the most clicked addresses come first
            numbers.append(_BEYOND)
            continue
        found = match(arranged, Told(int(cast("int", position)), str(name), str(url)))
        group = groups.setdefault(found.places, Clicks(places=found.places))
        group.how.add(found.how)
        if url and str(url) not in group.urls and len(group.urls) < 5:
            group.urls.append(str(url))
        numbers.append(order.setdefault(found.places, len(order)))
    return list(groups.values()), numbers
