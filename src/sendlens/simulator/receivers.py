"""What receivers and the sender's own servers tell beside events: DMARC and TLS reports by mail, queues, seed tests.

Owns made-up numbers that look like a real program's: own addresses pass, a forwarder breaks SPF, a service that nobody
set up fails. Nothing here is part of the known truth.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from email.message import EmailMessage
from random import Random
from typing import Final, NamedTuple

from sendlens.simulator.parameters import DAY_MS
from sendlens.simulator.programs import Company
from sendlens.simulator.webhooks import Post

REPORTERS: Final = (("google.com", 900), ("Yahoo", 260), ("Outlook.com", 310))
"""Who sends DMARC reports, and about how many mails a day each tells of."""


class Origin(NamedTuple):
    """An address that mails in a domain's name: its part of the mail, and how often DKIM and SPF pass aligned."""

    address: str
    part: float
    dkim: float
    spf: float


ORIGINS: Final = (
    Origin("203.0.113.20", 0.90, 0.998, 0.999),
    Origin("192.0.2.61", 0.07, 0.99, 0.0),  # a university that forwards its alumni's mail
    Origin("198.51.100.23", 0.03, 0.0, 0.0),  # a survey service that nobody set up
)
_QUEUES: Final = (("active", 40), ("deferred", 320))
_SEEDS: Final = (("gmail.com", 5, 0.9), ("outlook.com", 4, 0.7), ("yahoo.com", 4, 0.85), ("web.de", 3, 0.95))
_JSON: Final = {"content-type": "application/json"}


def history(company: Company, start: int, end: int, seed: int) -> Iterator[Post]:
    """Yield the reports, samples and seed tests of the days from `start` to `end` (UTC milliseconds)."""
    draw = Random(seed)  # noqa: S311 - a made-up world, guarding nothing
    for day in range(start // DAY_MS, end // DAY_MS):
        for domain in company.domains:
            for reporter, mails in REPORTERS:
                yield _mail(_dmarc(company, domain, reporter, mails, day, draw), f"{reporter}!{domain}!{day}.xml")
        yield _mail(_tls(company.domains[0], day, draw), f"google.com!{company.domains[0]}!{day}.json")
        if day % 7 == 2:
            yield placements(company, day * DAY_MS + DAY_MS // 3, draw)
    hours = range(start, end, 3_600_000)
    yield gauges(list(hours), draw)


def gauges(times: list[int], draw: Random) -> Post:
    """Return samples of the queues of two mail servers at these times."""
    told: list[dict[str, object]] = [
        {
            "name": "queue_depth",
            "value": round(size * draw.lognormvariate(0, 0.4)),
            "at": at,
            "labels": {"host": host, "queue": queue},
        }
        for at in times
        for host in ("mx1", "mx2")
        for queue, size in _QUEUES
    ]
    return Post("/v1/gauges", json.dumps({"gauges": told}).encode(), _JSON, len(told))


def placements(company: Company, at: int, draw: Random) -> Post:
    """Return where the seed mailboxes found a test that was sent at a time."""
    told: list[dict[str, object]] = []
    for domain, seeds, inbox in _SEEDS:
        for number in range(seeds):
            chance = draw.random()
            placement = "inbox" if chance < inbox else "spam" if chance < inbox + (1 - inbox) * 0.7 else "missing"
            tab = "promotions" if domain == "gmail.com" and placement == "inbox" and draw.random() < 0.6 else ""
            told.append({"seed": f"seed{number}@{domain}", "placement": placement, "tab": tab})
    test = f"seeds-{datetime.fromtimestamp(at / 1000, UTC):%Y-%m-%d}"
    common = {"test_id": test, "at": at, "sending_domain": company.domains[0]}
    body = json.dumps({"placements": [common | one for one in told]}).encode()
    return Post("/v1/placements", body, _JSON, len(told))


def _dmarc(company: Company, domain: str, reporter: str, mails: int, day: int, draw: Random) -> bytes:
    rows: list[str] = []
    for origin in ORIGINS:
        count = round(mails * origin.part * draw.uniform(0.7, 1.3))
        dkim_fails = round(count * (1 - origin.dkim) * draw.uniform(0.5, 1.5))
        parts = ((count - dkim_fails, "pass" if origin.dkim else "fail"), (dkim_fails if origin.dkim else 0, "fail"))
        spf = "pass" if origin.spf else "fail"
        rows += [
            f"<record><row><source_ip>{origin.address}</source_ip><count>{part}</count><policy_evaluated>"
            f"<disposition>{'quarantine' if dkim == spf == 'fail' else 'none'}</disposition><dkim>{dkim}</dkim>"
            f"<spf>{spf}</spf></policy_evaluated></row><identifiers><header_from>{domain}</header_from></identifiers>"
            f"<auth_results><dkim><domain>{domain}</domain><selector>s1</selector><result>{dkim}</result></dkim>"
            f"<spf><domain>{domain}</domain><result>{spf}</result></spf></auth_results></record>"
            for part, dkim in parts
            if part > 0
        ]
    begin = day * DAY_MS // 1000
    return (
        f"<?xml version='1.0' encoding='UTF-8'?><feedback><report_metadata><org_name>{reporter}</org_name>"
        f"<email>reports@receiver.example</email><report_id>{company.key}-{domain}-{day}</report_id>"
        f"<date_range><begin>{begin}</begin><end>{begin + 86_399}</end></date_range></report_metadata>"
        f"<policy_published><domain>{domain}</domain><adkim>r</adkim><aspf>r</aspf><p>quarantine</p><sp>none</sp>"
        f"<pct>100</pct></policy_published>{''.join(rows)}</feedback>"
    ).encode()


def _tls(domain: str, day: int, draw: Random) -> bytes:
    failed = draw.choice((0, 0, 0, 2, 5))
    begin, end = (f"{datetime.fromtimestamp(day * 86_400 + add, UTC):%Y-%m-%dT%H:%M:%SZ}" for add in (0, 86_399))
    policy: dict[str, object] = {
        "policy": {"policy-type": "sts", "policy-domain": domain, "mx-host": [f"mx1.{domain}"]},
        "summary": {"total-successful-session-count": draw.randint(300, 500), "total-failure-session-count": failed},
    }
    if failed:
        policy["failure-details"] = [{"result-type": "certificate-expired", "failed-session-count": failed}]
    return json.dumps(
        {
            "organization-name": "Google Inc.",
            "date-range": {"start-datetime": begin, "end-datetime": end},
            "contact-info": "tls-reports@receiver.example",
            "report-id": f"{day}-{domain}",
            "policies": [policy],
        }
    ).encode()


def _mail(report: bytes, name: str) -> Post:
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "reports@receiver.example", "dmarc@example.com", f"Report {name}"
    mail.set_content("See the attachment.")
    subtype = "tlsrpt+gzip" if name.endswith(".json") else "gzip"
    mail.add_attachment(gzip.compress(report, mtime=0), maintype="application", subtype=subtype, filename=f"{name}.gz")
    return Post("/v1/mail", mail.as_bytes(), {"content-type": "message/rfc822"}, 1)
