"""The click map as an answer of the API."""

from __future__ import annotations

import msgspec

from sendlens.control.mails import MailInfo
from sendlens.metrics.clickmap import ClickMap, Clicks


class ClicksAnswer(msgspec.Struct, kw_only=True):
    """Clickers and clicks; `share` is the part of all people who clicked anywhere, None where nobody did."""

    human_clickers: int
    human_clicks: int
    machine_clickers: int
    machine_clicks: int
    share: float | None
    matched: list[str]
    urls: list[str]


class PlaceAnswer(msgspec.Struct, kw_only=True):
    """One link of the HTML: its number from 0, what stands on it, and who followed it."""

    place: int
    text: str
    href: str
    names: list[str]
    kind: str
    clicks: ClicksAnswer


class UnresolvedAnswer(msgspec.Struct, kw_only=True):
    """Clicks that may belong to any of several places; they are in none of these places' own figures."""

    places: list[int]
    clicks: ClicksAnswer


class ClickMapAnswer(msgspec.Struct, kw_only=True):
    """A campaign's clicks by place. `html` is null where none was sent; all clicks are then `elsewhere`."""

    campaign_id: str
    variant: str
    variants: list[str]
    html: MailInfo | None
    human_clickers: int
    machine_clickers: int
    places: list[PlaceAnswer]
    unresolved: list[UnresolvedAnswer]
    elsewhere: ClicksAnswer | None
    beyond: ClicksAnswer | None


def click_map(one: ClickMap) -> ClickMapAnswer:
    """Return a click map."""
    return ClickMapAnswer(
        campaign_id=one.campaign,
        variant=one.variant,
        variants=one.variants,
        html=one.mail.info if one.mail else None,
        human_clickers=one.people,
        machine_clickers=one.machines,
        places=[
            PlaceAnswer(
                place=place.number,
                text=place.text,
                href=place.href,
                names=list(place.names),
                kind=place.kind,
                clicks=_clicks(one, one.at.get(place.number) or Clicks(places=(place.number,))),
            )
            for place in one.places
        ],
        unresolved=[UnresolvedAnswer(places=list(some.places), clicks=_clicks(one, some)) for some in one.unresolved],
        elsewhere=_clicks(one, one.elsewhere) if one.elsewhere else None,
        beyond=_clicks(one, one.beyond) if one.beyond else None,
    )


def _clicks(whole: ClickMap, one: Clicks) -> ClicksAnswer:
    return ClicksAnswer(
        human_clickers=one.people,
        human_clicks=one.clicks,
        machine_clickers=one.machines,
        machine_clicks=one.machine_clicks,
        share=one.people / whole.people if whole.people else None,
        matched=sorted(one.how),
        urls=one.urls,
    )
