"""The mails of the made-up companies as HTML, as a sender's templates would have them.

Owns the order of the links, which `run` tells as positions. The first link stands twice, as a picture and as a button:
where a provider tells no place, nobody knows which one was followed.
"""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from typing import Final, NamedTuple

from sendlens.simulator.programs import UNSUBSCRIBE, Company, Link, Plan

BUTTON: Final = "_button"
"""What is added to the name of the first link where it stands as a button."""
_INK, _PAPER, _LEAF = "#23302a", "#f3f1ea", "#3f6b52"
_FONT: Final = "font-family:Georgia,'Times New Roman',serif"


class Template(NamedTuple):
    """One HTML: of which template and variant, and the text."""

    name: str
    variant: str
    html: str


def templates(company: Company, variants: tuple[str, ...]) -> Iterator[Template]:
    """Yield the HTML of every template in every variant."""
    for plan in company.plans:
        for number, variant in enumerate(variants):
            yield Template(plan.template, variant, _html(company, plan, plan.subjects[number]))


def positions(plan: Plan) -> tuple[int, int, int]:
    """Return the places of the first link, of its button, and of the link to unsubscribe."""
    return 0, len(plan.links), len(plan.links) + 1


def _html(company: Company, plan: Plan, heading: str) -> str:
    first, *others = plan.links
    rows = "".join(
        f'<tr><td style="padding:14px 24px;border-top:1px solid #ddd8ca"><b style="font-size:17px">{_words(link)}</b>'
        f'<br><span style="color:#6b7068">{_teaser(link)}</span> '
        f"{_link(company, link, f'To {_words(link)}', link.name)}</td></tr>"
        for link in others
    )
    picture = f'<img src="{company.shop}/mail/{first.name}.jpg" width="552" height="180" alt="{_words(first)}">'
    button = f"background:{_LEAF};color:#fff;padding:12px 26px;display:inline-block;text-decoration:none"
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{escape(heading)}</title>'
        f"<style>a{{color:{_LEAF}}}</style></head>"
        f'<body style="margin:0;background:{_PAPER};{_FONT};color:{_INK}"><table role="presentation" width="100%" '
        'cellpadding="0" cellspacing="0"><tr><td align="center"><table role="presentation" width="600" '
        'style="background:#fff;margin:24px 0" cellpadding="0" cellspacing="0">'
        f'<tr><td style="padding:22px 24px;font-size:20px;letter-spacing:1px">{escape(company.name)}</td></tr>'
        f'<tr><td style="padding:0 24px">{_link(company, first, picture, first.name)}</td></tr>'
        f'<tr><td style="padding:20px 24px"><h1 style="font-size:27px;margin:0 0 8px;font-weight:normal">'
        f"{escape(heading)}</h1><p>Hello {{{{first_name}}}}, this is what we wanted to tell you today.</p></td></tr>"
        f"{rows}"
        f'<tr><td align="center" style="padding:26px">'
        f"{_link(company, first, _words(first), first.name + BUTTON, button)}</td></tr>"
        f'<tr><td style="padding:18px 24px;font-size:12px;color:#6b7068">You get this because you asked for it. '
        f"{_link(company, UNSUBSCRIBE, 'Unsubscribe', UNSUBSCRIBE.name)}</td></tr>"
        "</table></td></tr></table></body></html>"
    )


def _link(company: Company, link: Link, inside: str, name: str, style: str = "") -> str:
    look = f' style="{style}"' if style else ""
    href = f"{company.shop}{link.path}?utm_source=email&amp;utm_campaign={{{{campaign}}}}"
    return f'<a href="{href}" name="{name}"{look}>{inside}</a>'


def _words(link: Link) -> str:
    text = link.name.replace("_", " ")
    return text[:1].upper() + text[1:]


def _teaser(link: Link) -> str:
    return f"A few words about {escape(_words(link).lower())}, and why we like it."
