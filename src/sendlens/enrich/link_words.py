"""How links to unsubscribe, to change preferences and to read a mail on the web are worded.

Owns words alone; `links` says where in an address they count. Words are lower case, without accents, joined by `-`.
"""

from __future__ import annotations

from typing import Final


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


UNSUBSCRIBE: Final = _words(
    """
    unsubscribe unsubscribed unsub unsubs unsubscription unsubscribe-all optout opt-out opt-me-out
    list-unsubscribe one-click-unsubscribe oneclick-unsubscribe remove-me removeme unsubscribepage unsub-center
    abmelden abmeldung abbestellen austragen newsletterabmeldung desabonner desabonnement desinscription
    desinscrire se-desabonner me-desinscrire darse-de-baja darme-de-baja cancelar-suscripcion desuscribir
    desuscribirse anular-suscripcion descadastrar descadastro cancelar-inscricao cancelar-assinatura
    remover-inscricao disiscriviti disiscrizione cancella-iscrizione annulla-iscrizione cancellati afmelden
    uitschrijven wypisz wypisz-sie rezygnacja odhlasit odhlaseni odhlasit-odber leiratkozas avregistrera
    avprenumerera avmeld afmeld frameld peruuta-tilaus otpisatsya otpiska dezabonare baja-newsletter
    newsletter-baja baja-boletin
    """
)

PREFERENCES: Final = _words(
    """
    preferences preference preference-center preference-centre preferencecenter email-preferences
    emailpreference emailpreferences manage-preferences mail-preferences communication-preferences
    notification-preferences subscription-preferences subscription-center subscriptioncenter
    subscription-management manage-subscription manage-subscriptions managesubscriptions email-settings
    mail-settings notification-settings newsletter-settings update-profile update-preferences profile-center
    manage-email einstellungen-newsletter newsletter-einstellungen abo-verwalten praeferenzen preferences-email
    centre-de-preferences gerer-abonnement gerer-mes-preferences preferencias centro-de-preferencias preferenze
    voorkeuren preferencje predvolby installningar
    """
)

VIEW_ONLINE: Final = _words(
    """
    view-online viewonline view-in-browser viewinbrowser view-as-webpage viewaswebpage view-email viewemail
    webview web-view webversion web-version online-version onlineversion browser-version browserview view-web
    read-online view-it-online view-in-web view-on-web view-this-email viewhtml mirror-page mirrorpage
    webmail-version im-browser-ansehen onlineansicht webansicht im-browser im-browser-anzeigen browseransicht
    version-en-ligne voir-en-ligne voir-dans-le-navigateur version-web ver-en-linea ver-en-navegador
    ver-en-el-navegador ver-no-navegador versao-online versao-web versione-online visualizza-online
    visualizza-nel-browser bekijk-online bekijk-in-browser online-bekijken zobacz-online zobrazit-online
    zobacz-w-przegladarce
    """
)

KINDS: Final = (("unsubscribe", UNSUBSCRIBE), ("preferences", PREFERENCES), ("view_online", VIEW_ONLINE))
"""The order of trial: an address that speaks of preferences and of leaving is there to leave."""

COMPANIONS: Final = _words(
    """
    a all and at btn button by cancel center centre click confirm cta e email emails footer form from header
    here href html id img in index instant landing link links list lists mail mailing mails manage management
    manager me my new newsletter newsletters now of one oneclick our page preheader process profile request
    subscriber subscription subscriptions success text the this to top bottom txt update url us user web your v1
    v2 v3 1 2 3 0 newsletterabo abo aus der dem den vom von la le les de du des el los las notre il lo
    """
)
"""What may stand beside one of those words in one path segment or link id without changing its meaning."""

GENERAL: Final = _words("preferences preference preferencias preferenze voorkeuren preferencje predvolby installningar")
"""Words that mean something else on a shop or a blog, and count only where nothing else is on the way."""

ARTICLES: Final = _words(
    """
    article articles blog blogs p post posts product products shop store item items collections category
    categories news help support faq docs wiki guide guides artikel produkt produkte boutique produit produits
    tienda producto
    """
)
"""A path that goes through one of these leads to something to read or to buy."""

ACTIONS: Final = _words(
    """
    a act action cmd do event fn fuseaction func m method mode op operation page route task
    """
)
"""Names of query fields whose value says what an address does."""

HOSTS: Final = (
    ("list-manage.com", "/unsubscribe", "unsubscribe"),
    ("list-manage.com", "/profile", "preferences"),
    ("campaign-archive.com", "/", "view_online"),
    ("mailchi.mp", "/", "view_online"),
    ("kmail-lists.com", "/subscriptions/unsubscribe", "unsubscribe"),
    ("kmail-lists.com", "/subscriptions", "preferences"),
    ("sendgrid.net", "/wf/unsubscribe", "unsubscribe"),
    ("sendgrid.net", "/asm/unsubscribe", "unsubscribe"),
    ("sendgrid.net", "/asm", "preferences"),
    ("substack.com", "/action/disable_email", "unsubscribe"),
)
"""Sending services whose addresses are known: host suffix, start of the path, kind."""
