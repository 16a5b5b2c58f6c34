"""Which place a click belongs to, and that nothing is guessed."""

import pytest

from sendlens.clickmap.addresses import fits
from sendlens.clickmap.matching import Places, Told, match
from sendlens.clickmap.places import marked

SHOP = "https://shop.example"
MAIL = f"""<html><body>
<a href="{SHOP}/new?utm_source=mail" data-msys-linkname="picture"><img src="x.png" alt="Autumn"></a>
<a href="{SHOP}/sale">Sale <b>now</b></a>
<a href="{SHOP}/new?utm_source=mail" ses:tags="name:button;color:red">Shop</a>
<a href="{{{{ cart_url }}}}" name="cart">Your cart</a>
<a href="{SHOP}/u/{{{{ user_id }}}}/orders?page=1">Orders</a>
<a href="*|UNSUB|*">Unsubscribe</a>
</body></html>"""
PLACES = marked(MAIL).places


def test_places_are_the_links_in_their_order_with_text_and_names() -> None:
    assert [(one.number, one.text, one.names, one.kind) for one in PLACES] == [
        (0, "Autumn", ("picture",), ""),
        (1, "Sale now", (), ""),
        (2, "Shop", ("button", "red"), ""),
        (3, "Your cart", ("cart",), ""),
        (4, "Orders", (), ""),
        (5, "Unsubscribe", (), "unsubscribe"),
    ]


def test_links_that_no_reader_sees_are_no_places() -> None:
    html = '<!--[if mso]><a href="/no">x</a><![endif]--><style>.a{content:"<a href=/no>"}</style><a href="/yes">y</a>'
    assert [one.href for one in marked(html).places] == ["/yes"]


@pytest.mark.parametrize(
    ("told", "places", "how"),
    [
        # An address that stands once needs no help; tracking parameters do not matter.
        (Told(-1, "", f"{SHOP}/sale/?utm_campaign=x&fbclid=1"), (1,), "address"),
        (Told(-1, "", "http://shop.example/sale"), (1,), "address"),
        # An address that stands twice stays unresolved, unless place or name tell.
        (Told(-1, "", f"{SHOP}/new"), (0, 2), "unresolved"),
        (Told(2, "", f"{SHOP}/new"), (2,), "position"),
        (Told(-1, "picture", f"{SHOP}/new"), (0,), "name"),
        (Told(-1, "button", f"{SHOP}/new"), (2,), "name"),
        (Told(-1, "HTML", f"{SHOP}/new"), (0, 2), "unresolved"),
        # A place or a name is not believed against the address.
        (Told(1, "", f"{SHOP}/new"), (0, 2), "unresolved"),
        (Told(0, "picture", f"{SHOP}/sale"), (1,), "address"),
        (Told(99, "", f"{SHOP}/sale"), (1,), "address"),
        # What a template fills in stands for any text; a wholly filled-in address only place or name can tell.
        (Told(-1, "", f"{SHOP}/u/4711/orders?page=1"), (4,), "address"),
        (Told(-1, "", f"{SHOP}/u/4711/orders?page=2"), (), "elsewhere"),
        (Told(3, "", f"{SHOP}/cart/99"), (3,), "position"),
        (Told(-1, "cart", f"{SHOP}/cart/99"), (3,), "name"),
        (Told(-1, "", f"{SHOP}/cart/99"), (), "elsewhere"),
        # No address at all.
        (Told(1, "", ""), (1,), "position"),
        (Told(-1, "cart", ""), (3,), "name"),
        (Told(-1, "", ""), (), "elsewhere"),
    ],
)
def test_a_click_finds_its_place(told: Told, places: tuple[int, ...], how: str) -> None:
    assert match(Places(PLACES), told) == (places, how)


@pytest.mark.parametrize(
    ("template", "clicked", "whether"),
    [
        ("https://a.example/x?b=2&a=1", "https://A.example:443/x/?a=1&b=2", True),
        ("https://a.example/x?a=1", "https://a.example/x", False),
        ("https://a.example/x", "https://a.example/x?a=1", False),
        ("https://a.example/x", "https://b.example/x", False),
        ("https://a.example/x#top", "https://a.example/x#end", False),
        ("mailto:help@a.example", "mailto:help@a.example", True),
        ("mailto:help@a.example", "https://help@a.example", False),
        ("https://a.example/%%id%%-${n}.html", "https://a.example/12-3.html", True),
        ("https://a.example/?t=[[token]]", "https://a.example/?t=zzz", True),
        ("https://{{domain}}/x", "https://anywhere.example/x", False),
        ("https://[broken", "https://[broken", True),
        ("{{" * 3000, "https://a.example/", False),
    ],
)
def test_addresses_fit_their_template(template: str, clicked: str, whether: bool) -> None:
    assert fits(template, clicked) is whether


def test_what_a_hostile_mail_makes_of_matching_is_counted() -> None:
    hrefs = [f"https://s.example/{{{{a}}}}/{number}{{{{b}}}}" for number in range(500)]
    places = Places(marked("".join(f'<a href="{href}">x</a>' for href in hrefs)).places)
    assert match(places, Told(-1, "", "https://s.example/1/7y")).places == (7,)
    assert places.work == 501
    same = Places(marked('<a href="https://s.example/">x</a>' * 500).places)
    assert len(match(same, Told(-1, "", "https://s.example/?utm_source=1")).places) == 500
    assert same.work == 500
    closed = Places(marked("".join(f'<a href="https://s.example/{number}">x</a>' for number in range(500))).places)
    assert match(closed, Told(-1, "", "https://s.example/499")).places == (499,)
    assert closed.work == 1
