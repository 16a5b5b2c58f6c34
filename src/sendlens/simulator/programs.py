"""The e-mail programs of made-up companies: what they send, from where, to whom, and why people click.

Owns one table per company. All names are invented; their domains end in `.example`, which belongs to nobody.
"""

# ruff: noqa: E501 - each plan stays together on two lines.
from __future__ import annotations

from typing import Final, NamedTuple


class Link(NamedTuple):
    """A link of a mail: path, name in the template, weight among clicks."""

    path: str
    name: str
    weight: float


class Plan(NamedTuple):
    """One line of an e-mail program.

    `rhythm` is `daily` for what goes out whenever somebody triggers it, else the weekday numbers (0 = Monday) and the
    UTC hour of an issue: `1,3@9`; `month` and `fortnight` send one issue in that time. `share` is the part of the
    program's messages; `opens`, `clicks`, `orders` multiply the parameters' rates.
    """

    key: str
    name: str
    type: str
    rhythm: str
    share: float
    subjects: tuple[str, str]
    template: str
    segment: str
    links: tuple[Link, ...]
    stream: str = "marketing"
    domain: int = 0
    opens: float = 1.0
    clicks: float = 1.0
    orders: float = 1.0


class Company(NamedTuple):
    """Who sends: `domains` are sending domains, `shop` the site that links lead to."""

    key: str
    name: str
    domains: tuple[str, ...]
    shop: str
    plans: tuple[Plan, ...]
    categories: tuple[str, ...]


UNSUBSCRIBE: Final = Link("/unsubscribe", "unsubscribe", 0.0)

_SHOP_LINKS: Final = (
    Link("/new", "hero", 46), Link("/bestsellers", "bestsellers", 21), Link("/sale", "sale", 18),
    Link("/guides/room-by-room", "guide", 9), Link("/stores", "stores", 6),
)  # fmt: skip
_CART_LINKS: Final = (
    Link("/cart", "cart", 74),
    Link("/help/delivery", "delivery", 14),
    Link("/bestsellers", "bestsellers", 12),
)
_ORDER_LINKS: Final = (Link("/orders/status", "order_status", 80), Link("/help/returns", "returns", 20))

HOLLAND_AND_FERN: Final = Company(
    key="holland-fern",
    name="Holland & Fern",
    domains=("news.hollandfern.example", "post.hollandfern.example"),
    shop="https://www.hollandfern.example",
    categories=("lighting", "textiles", "ceramics", "furniture", "garden"),
    plans=(
        Plan("newsletter", "Newsletter", "newsletter", "1,4@8", 0.44,
             ("What is new this week", "Eight ideas for the weekend"), "newsletter-2026", "subscribers", _SHOP_LINKS),
        Plan("launch", "Product launch", "promotion", "fortnight@9", 0.16,
             ("It is here: the autumn collection", "First look: made by hand in small numbers"), "launch", "engaged-90-days", _SHOP_LINKS, opens=1.15, clicks=1.4, orders=1.2),
        Plan("welcome-1", "Welcome series 1: hello", "automation", "daily", 0.05,
             ("Welcome to Holland & Fern", "Good to have you here"), "welcome-1", "new-subscribers", _SHOP_LINKS, opens=1.8, clicks=1.8, orders=1.1),
        Plan("welcome-2", "Welcome series 2: our makers", "automation", "daily", 0.035,
             ("The people behind your table", "Meet the makers"), "welcome-2", "new-subscribers", _SHOP_LINKS, opens=1.45, clicks=1.2),
        Plan("cart", "Cart reminder", "automation", "daily", 0.06,
             ("You left something behind", "Still thinking it over?"), "cart-reminder", "abandoned-cart", _CART_LINKS, opens=1.6, clicks=2.4, orders=2.2),
        Plan("win-back", "Win-back", "promotion", "month@15", 0.075,
             ("We have missed you", "15 % to come back to"), "win-back", "silent-180-days", _SHOP_LINKS, opens=0.45, clicks=0.6, orders=0.8),
        Plan("order", "Order confirmation", "transactional", "daily", 0.10,
             ("Your order is confirmed", "Thank you for your order"), "order-confirmation", "customers", _ORDER_LINKS, stream="transactional", domain=1, opens=2.2, clicks=1.6, orders=0.1),
        Plan("shipping", "Shipping notice", "transactional", "daily", 0.08,
             ("Your parcel is on its way", "Shipped: your order"), "shipping-notice", "customers", _ORDER_LINKS, stream="transactional", domain=1, opens=2.0, clicks=2.5, orders=0.1),
    ),
)  # fmt: skip

_APP_LINKS: Final = (
    Link("/app", "open_app", 52), Link("/pricing", "pricing", 17), Link("/blog/latest", "blog", 21), Link("/webinar", "webinar", 10),
)  # fmt: skip

LEDGERLY: Final = Company(
    key="ledgerly",
    name="Ledgerly",
    domains=("mail.ledgerly.example", "notify.ledgerly.example"),
    shop="https://ledgerly.example",
    categories=("starter", "team", "business"),
    plans=(
        Plan("digest", "Product digest", "newsletter", "2@10", 0.30,
             ("What we shipped this week", "Five minutes that save an hour"), "digest", "users", _APP_LINKS),
        Plan("onboarding-1", "Onboarding 1: first steps", "automation", "daily", 0.12,
             ("Start here", "Three things to set up today"), "onboarding-1", "trials", _APP_LINKS, opens=1.7, clicks=2.0),
        Plan("onboarding-2", "Onboarding 2: invite your team", "automation", "daily", 0.10,
             ("Better together", "Invite your accountant"), "onboarding-2", "trials", _APP_LINKS, opens=1.4, clicks=1.5),
        Plan("trial-end", "Trial ends soon", "automation", "daily", 0.06,
             ("Three days left", "Keep your books where they are"), "trial-end", "trials", _APP_LINKS, opens=1.6, clicks=1.9, orders=1.8),
        Plan("webinar", "Webinar invitation", "promotion", "fortnight@13", 0.10,
             ("Live on Thursday: closing the year", "Bring your questions"), "webinar", "prospects", _APP_LINKS, clicks=1.3, orders=0.4),
        Plan("receipt", "Receipt", "transactional", "daily", 0.18,
             ("Your receipt", "Payment received"), "receipt", "customers", _ORDER_LINKS, stream="transactional", domain=1, opens=1.7),
        Plan("sign-in", "Sign-in code", "transactional", "daily", 0.14,
             ("Your sign-in code", "Confirm that it is you"), "sign-in", "users", (Link("/sign-in", "sign_in", 100),), stream="transactional", domain=1, opens=2.6, clicks=2.0, orders=0.0),
    ),
)  # fmt: skip

COMPANIES: Final = {company.key: company for company in (HOLLAND_AND_FERN, LEDGERLY)}
