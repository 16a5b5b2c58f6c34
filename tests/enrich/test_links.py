import pytest

from sendlens.enrich.link_words import KINDS
from sendlens.enrich.links import kind

LINKS = [
    ("https://shop.example/unsubscribe?u=1", "unsubscribe"),
    ("https://shop.example/newsletter/abmelden/8f3", "unsubscribe"),
    ("https://shop.example/email/opt-out.aspx?id=5", "unsubscribe"),
    ("https://shop.example/se-d%C3%A9sabonner", "unsubscribe"),
    ("https://shop.example/desabonnement.php", "unsubscribe"),
    ("https://shop.example/mail?action=unsubscribe&u=1", "unsubscribe"),
    ("https://shop.example/mail?unsubscribe=1", "unsubscribe"),
    ("https://shop.example/#/unsubscribe", "unsubscribe"),
    ("https://unsubscribe.shop.example/x", "unsubscribe"),
    ("mailto:unsubscribe@shop.example?subject=x", "unsubscribe"),
    ("{{unsubscribe_url}}", "unsubscribe"),
    ("*|UNSUB|*", "unsubscribe"),
    ("https://x.us1.list-manage.com/unsubscribe?u=1", "unsubscribe"),
    ("https://shop.example/manage-preferences/unsubscribe", "preferences"),
    ("https://shop.example/account/preferences", "preferences"),
    ("https://shop.example/EmailPreferences.html?c=1", "preferences"),
    ("https://x.us1.list-manage.com/profile?u=1", "preferences"),
    ("https://shop.example/newsletter/view-in-browser/4", "view_online"),
    ("https://shop.example/webversion.html", "view_online"),
    ("https://shop.example/mail/17?view=online", "view_online"),
    ("https://shop.example/mail/im-browser-ansehen", "view_online"),
]


@pytest.mark.parametrize(("url", "expected"), LINKS)
def test_links_about_the_mail_itself(url, expected):
    assert kind(url) == expected


@pytest.mark.parametrize(
    "url",
    [
        "", "https://shop.example/", "https://shop.example/blog/how-to-set-your-preferences-in-2026",
        "https://shop.example/products/preferences", "https://shop.example/a/b/c/d/preferences",
        "https://shop.example/cookie-preferences-explained", "https://shop.example/help/unsubscribe",
        "https://shop.example/why-people-unsubscribe-and-what-to-do", "https://shop.example/?unsubscribe=0",
        "https://shop.example/search?q=unsubscribe", "https://shop.example/?utm_campaign=unsubscribe-winback",
        "https://shop.example/online-shop", "https://shop.example/mirrors/bathroom", "https://shop.example/web-design",
        "https://preferences.shop.example/shoes", "https://[broken", "javascript:alert(1)", "\ud800", "x" * 5000,
        "https://shop.example/?" + "&".join(["a=1"] * 200),
    ],
)  # fmt: skip
def test_links_to_content(url):
    assert kind(url) == ""


@pytest.mark.parametrize(
    ("link_id", "expected"),
    [
        ("footer-unsubscribe", "unsubscribe"), ("unsubscribe_link", "unsubscribe"), ("UnsubscribeLink", "unsubscribe"),
        ("view_in_browser_top", "view_online"), ("viewOnline", "view_online"), ("email_preferences", "preferences"),
        ("hero-button", ""), ("preferences-of-cats", ""), ("", ""),
    ],
)  # fmt: skip
def test_link_ids(link_id, expected):
    assert kind("https://shop.example/sale", link_id) == expected


def test_words_are_written_as_they_are_compared():
    for _, words in KINDS:
        assert all(word.isascii() and word == word.lower() for word in words)
