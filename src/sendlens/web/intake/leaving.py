"""The page on which a recipient leaves a list, or comes back: a form without scripts, in the reader's language.

Owns its words and its HTML. It stands before the door and not among the dashboard's pages, because strangers see it.
"""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import Final, Literal

State = Literal["ask", "left", "back"]


@dataclass(frozen=True)
class Words:
    """The sentences of one language."""

    ask: str
    leave: str
    left: str
    undo: str
    back: str


WORDS: Final[dict[str, Words]] = {
    "en": Words("Do you want to stop these messages?", "Unsubscribe", "You have been unsubscribed.",
                "Undo", "You are subscribed again."),
    "de": Words("Möchten Sie diese Nachrichten nicht mehr erhalten?", "Abmelden", "Sie sind abgemeldet.",
                "Rückgängig machen", "Sie sind wieder angemeldet."),
    "fr": Words("Voulez-vous ne plus recevoir ces messages ?", "Se désabonner", "Vous êtes désabonné.",
                "Annuler", "Vous êtes de nouveau abonné."),
    "es": Words("¿Desea dejar de recibir estos mensajes?", "Darse de baja", "Se ha dado de baja.",
                "Deshacer", "Vuelve a estar suscrito."),
    "it": Words("Non vuole più ricevere questi messaggi?", "Annulla l'iscrizione", "La sua iscrizione è annullata.",
                "Ripristina", "È di nuovo iscritto."),
    "nl": Words("Wilt u deze berichten niet meer ontvangen?", "Afmelden", "U bent afgemeld.",
                "Ongedaan maken", "U bent weer aangemeld."),
    "pt": Words("Deseja deixar de receber estas mensagens?", "Cancelar a subscrição", "A subscrição foi cancelada.",
                "Desfazer", "Está novamente subscrito."),
    "pl": Words("Czy chcesz przestać otrzymywać te wiadomości?", "Wypisz się", "Wypisano z listy.",
                "Cofnij", "Ponownie zapisano na listę."),
}  # fmt: skip
HEADERS: Final = {
    "content-type": "text/html; charset=utf-8",
    # Nothing is loaded from anywhere, nobody may put the page into a frame, and the address goes to nobody.
    "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; "
    "frame-ancestors 'none'; base-uri 'none'",
    "x-content-type-options": "nosniff",
}
_STYLE: Final = (
    "html{color-scheme:light dark;font:1.1rem/1.5 system-ui,sans-serif}"
    "body{max-width:32rem;margin:15vh auto 0;padding:0 1.5rem;text-align:center}"
    "p{overflow-wrap:anywhere}"
    "button{font:inherit;padding:.6rem 1.6rem;border:1px solid;border-radius:.5rem;cursor:pointer}"
    ".who{opacity:.7;font-size:.95rem}"
)


def language(accepted: str) -> str:
    """Return the first language of an Accept-Language field that we speak."""
    for part in accepted.split(",")[:20]:
        tag = part.partition(";")[0].strip().lower().partition("-")[0]
        if tag in WORDS:
            return tag
    return "en"


def page(state: State, recipient: str, accepted: str) -> bytes:
    """Return the page; it names the recipient only so far that its owner recognises it."""
    tongue = language(accepted)
    words = WORDS[tongue]
    sentence, field, button = {
        "ask": (words.ask, "leave", words.leave),
        "left": (words.left, "undo", words.undo),
        "back": (words.back, "", ""),
    }[state]
    form = f'<form method="post"><button name="{field}" value="1">{escape(button)}</button></form>' if field else ""
    return (
        f'<!doctype html><html lang="{tongue}"><head><meta charset="utf-8"><meta name="robots" content="noindex">'
        f'<meta name="viewport" content="width=device-width, initial-scale=1"><title>{escape(words.leave)}</title>'
        f"<style>{_STYLE}</style></head><body><h1>{escape(sentence)}</h1>"
        f'<p class="who">{escape(masked(recipient))}</p>{form}</body></html>'
    ).encode()


def masked(recipient: str) -> str:
    """Return an address with the middle of its name left out: who got the mail forwarded may see the page."""
    name, at, domain = recipient.rpartition("@")
    if not at:
        return ""
    return f"{name[:1]}…{name[-1:] if len(name) > 3 else ''}@{domain}"
