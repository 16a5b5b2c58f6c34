"""The click map: the mail as sent with its links marked, and the same figures as a table.

Owns texts, heat and the table twin. The frame with the mail has an address of its own (`pages/click_map`).
"""

from __future__ import annotations

from urllib.parse import quote, urlencode

from sendlens.clickmap.matching import HOW
from sendlens.clickmap.places import Place
from sendlens.clickmap.safe import Overlay
from sendlens.metrics.clickmap import ClickMap, ClickMaps, Clicks
from sendlens.metrics.filters import Filter
from sendlens.web.pages.reader import number, value_text
from sendlens.web.panels.names import name_of
from sendlens.web.panels.question import Ask
from sendlens.web.panels.sheet import Cell, Sheet

_KINDS = {"unsubscribe": "Unsubscribe", "preferences": "Preferences", "view_online": "View online"}
_HEATS = 5
_MOST_ROWS = 200
"""Places in the table on the page; the files have all of them."""
_MOST_SHARED = 3


async def load(question: Ask) -> ClickMap:
    """Return the click map of the page's campaign, in the variant that the address names."""
    answers = question.site.answers
    maps = ClickMaps(answers.metrics, question.site.control.mails)
    facts = await question.facts()
    variant = question.address.get("variant")
    return await answers.run(
        question.tenant,
        lambda: maps.get(question.tenant, question.campaign, template=facts.template_id, variant=variant),
    )


async def click_map(question: Ask) -> dict[str, object]:
    """Return the table of places and what the frame needs."""
    found = await load(question)
    shared = _shared(found)
    own = [("tenant", question.tenant.slug), ("variant", question.address.get("variant"))]
    return {
        "has_mail": found.mail is not None,
        "info": found.mail.info if found.mail else None,
        "campaign": question.campaign,
        "base": question.site.settings.public_url.rstrip("/") or f"http://localhost:{question.site.settings.port}",
        "frame": f"/click-map/{quote(question.campaign, safe='')}?{urlencode([pair for pair in own if pair[1]])}",
        "variants": [
            {
                "label": variant or "All variants",
                "href": str(question.address.with_(variant=variant or None)),
                "chosen": variant == found.variant,
            }
            for variant in found.variants
        ]
        if len(found.variants) > 1
        else [],
        "variant": found.variant,
        "people": found.people,
        "machines": found.machines,
        "rows": [_row(question, found, place, shared.get(place.number, [])) for place in found.places[:_MOST_ROWS]],
        "more": max(len(found.places) - _MOST_ROWS, 0),
        "unresolved": [_several(found, one) for one in found.unresolved[:_MOST_ROWS]],
        "elsewhere": found.elsewhere and _line(found, found.elsewhere),
        "beyond": found.beyond and _line(found, found.beyond),
    }


def overlays(found: ClickMap) -> dict[int, Overlay]:
    """Return what is drawn over each link: clickers, their share, and how many may belong here or elsewhere."""
    most = max((one.people for one in found.at.values()), default=0)
    drawn: dict[int, Overlay] = {}
    several = _shared(found)
    for place in found.places:
        one = found.at.get(place.number, Clicks(places=(place.number,)))
        shared = several.get(place.number, [])
        share = _share(found, one.people)
        text = number(one.people) + (f" · {share}" if one.people and share else "")
        text += "".join(f" + {number(some.people)}?" for some in shared)
        title = f"Place {place.number + 1}: {place.href}\n{number(one.people)} people, {number(one.machines)} machines"
        title += "".join(
            f"\n{number(some.people)} people clicked here or at {len(some.places) - 1} other places" for some in shared
        )
        heat = -(-one.people * _HEATS // most) if most else 0
        drawn[place.number] = Overlay(text=text, title=title, heat=heat)
    return drawn


def _shared(found: ClickMap) -> dict[int, list[Clicks]]:
    """Return the clicks that may belong to each place or to others, the most first and no more than a few."""
    shared: dict[int, list[Clicks]] = {}
    for one in found.unresolved:
        for at in one.places:
            if len(here := shared.setdefault(at, [])) < _MOST_SHARED:
                here.append(one)
    return shared


def _row(question: Ask, found: ClickMap, place: Place, shared: list[Clicks]) -> dict[str, object]:
    one = found.at.get(place.number) or Clicks(places=(place.number,))
    only = Filter("is", "campaign", (question.campaign,)).text()
    link = Filter("is", "link", tuple(one.urls)).text() if one.urls else ""
    people = question.address.at("/recipients").with_(did="clicked_human", period="all", f=[only, link])
    return _line(found, one) | {
        "number": place.number + 1,
        "text": place.text or _KINDS.get(place.kind) or name_of("link", place.href),
        "href": place.href,
        "kind": _KINDS.get(place.kind, ""),
        "who": str(people) if link and one.people and not place.kind and len(one.urls) < 5 else "",
        "also": [(some.people, len(some.places) - 1) for some in shared],
    }


def _several(found: ClickMap, one: Clicks) -> dict[str, object]:
    return _line(found, one) | {
        "numbers": ", ".join(str(number + 1) for number in one.places[:20]) + (" …" if len(one.places) > 20 else ""),
        "count": len(one.places),
    }


def _line(found: ClickMap, one: Clicks) -> dict[str, object]:
    most = max((some.people for some in found.at.values()), default=0) or 1
    return {
        "people": one.people,
        "clicks": one.clicks,
        "machines": one.machines,
        "share": _share(found, one.people),
        "bar": f"{min(one.people / most, 1) * 100:.1f}",
        "how": [HOW[how] for how in sorted(one.how)],
        "urls": one.urls,
    }


def _share(found: ClickMap, people: int) -> str:
    return value_text(people / found.people, "ratio") if found.people else ""


async def click_map_sheet(question: Ask) -> Sheet:
    """Return a row per place, then the clicks that have none: unresolved, elsewhere, beyond."""
    found = await load(question)
    head = ("place", "text", "href", "human_clickers", "human_clicks", "machine_clickers", "machine_clicks", "matched")
    rows: list[tuple[Cell, ...]] = []
    for place in found.places:
        one = found.at.get(place.number) or Clicks(places=(place.number,))
        rows.append((str(place.number), place.text, place.href, *_cells(one)))
    rows += [(" or ".join(map(str, one.places)), "", " ".join(one.urls), *_cells(one)) for one in found.unresolved]
    if found.elsewhere:
        rows.append(("elsewhere", "", " ".join(found.elsewhere.urls), *_cells(found.elsewhere)))
    if found.beyond:
        rows.append(("beyond", "", "", *_cells(found.beyond)))
    return Sheet(head, rows)


def _cells(one: Clicks) -> tuple[Cell, ...]:
    return one.people, one.clicks, one.machines, one.machine_clicks, " ".join(sorted(one.how))
