"""Addresses that were typed, cut off or made up: each is answered by the nearest page there is, or by what is wrong."""

from collections.abc import Mapping, Sequence
from urllib.parse import quote

import pytest

from tests.web.conftest import Running

NUMBERS = ("9" * 400, "9223372036854775808", "-1", "1e9", "\u0661")
TEXTS = ("x", "\x00", "9" * 400)
TIMES = ("9" * 400, "99999999999999", "0001-01-01", "9999-12-31T23:59:59Z", "\x00")
FILTERS = ("x", "is,provider", "is,nothing,x", "contains,provider,", "\x00", "is,provider,\x00")

Odd = Mapping[str, Mapping[str, Sequence[str]]]
PAGES: Odd = {
    # page: what it reads, and odd values of that
    "/panels/figures": {"period": TEXTS, "compare": TEXTS, "f": FILTERS, "clock": TEXTS, "zone": TEXTS, "of": TEXTS},
    "/panels/chart": {"interval": (*TEXTS, "minute"), "metric": TEXTS},
    "/panels/chart.csv": {"interval": TEXTS},
    "/panels/figures?period=custom": {"from": TIMES, "to": TIMES},
    "/campaigns": {"page": NUMBERS, "order": TEXTS, "q": TEXTS},
    "/campaigns/weekly": {"window": TEXTS, "variant": TEXTS},
    "/details/provider": {"page": NUMBERS, "order": TEXTS, "q": TEXTS},
    "/recipients": {"after": (*NUMBERS, "1.2", "9" * 15 + "." + "9" * 20), "did": TEXTS, "q": TEXTS},
    "/recipients/ada@example.com": {"before": (*NUMBERS, *TIMES)},
    "/dead-letters": {"after": NUMBERS, "replayed": NUMBERS, "zone": TEXTS},
    "/intake": {"interval": TEXTS},
    "/agency": {"period": TEXTS},
    "/views": {"view": TEXTS, "zone": TEXTS},
    "/find": {"q": TEXTS, "from": TEXTS},
    "/settings/audit": {"before": NUMBERS, "deed": TEXTS, "zone": TEXTS},
}
LISTS: Odd = {
    "/v1/breakdown?dimension=provider": {"offset": NUMBERS, "limit": NUMBERS, "order_by": TEXTS, "period": TEXTS},
    "/v1/breakdown": {"dimension": TEXTS, "f": FILTERS},
    "/v1/timeseries": {"interval": (*TEXTS, "minute"), "from": TIMES, "metrics": TEXTS},
    "/v1/timeseries?from=2026-11-01": {"to": TIMES},
    "/v1/campaigns": {"offset": NUMBERS, "limit": NUMBERS, "order_by": TEXTS},
    "/v1/recipients": {"offset": NUMBERS, "limit": NUMBERS, "after": (*NUMBERS, "1.2"), "did": TEXTS},
    "/v1/recipients/ada@example.com": {"before": TIMES, "limit": NUMBERS},
    "/v1/dead-letters": {"after": NUMBERS, "limit": NUMBERS},
    "/v1/intake": {"interval": TEXTS},
    "/v1/intake/rejections": {"before": NUMBERS, "limit": NUMBERS},
    "/v1/audit": {"before": NUMBERS, "limit": NUMBERS},
    "/v1/deliverability": {"period": TEXTS},
}


def asked(table: Odd) -> list[tuple[str, str]]:
    """Return each odd address with the parameter that is odd."""
    return [
        (f"{path}{'&' if '?' in path else '?'}{name}={quote(value)}", name)
        for path, parameters in table.items()
        for name, values in parameters.items()
        for value in values
    ]


@pytest.fixture
def lived(running: Running) -> Running:
    """A tenant with a person, a campaign and a provider."""
    about = {"type": "delivered", "recipient": "ada@example.com", "campaign_id": "weekly"}
    running.post([{**about, "id": str(n), "message_id": str(n)} for n in range(3)])
    running.settle()
    return running


def test_pages_and_lists_survive_what_they_are_asked(lived: Running) -> None:
    wrong: list[tuple[int, str, str]] = []
    for address, name in asked(PAGES):
        answer = lived.ask("GET", f"{address}&wait=long")
        page = answer.text
        refused = answer.status_code == 400 and f"{name}: " in page
        shown = answer.status_code in {200, 303} and 'class="failed"' not in page
        if not (refused or shown):
            wrong.append((answer.status_code, address[:120], page[-600:]))
    for address, name in asked(LISTS):
        answer = lived.ask("GET", address, "admin" if "audit" in address else "read")
        if answer.status_code == 200:
            continue
        told = answer.headers["content-type"] == "application/problem+json" and name in answer.json()["detail"]
        if not (answer.status_code == 400 and told):
            wrong.append((answer.status_code, address[:120], answer.text[:600]))
    assert wrong == []


def test_a_page_beyond_the_end_is_the_last_one(running: Running) -> None:
    about = {"type": "delivered", "recipient": "ada@example.com"}
    running.post([{**about, "id": str(n), "campaign_id": f"c{n}"} for n in range(60)])
    running.settle()
    for path, pages in (("/campaigns", 3), ("/details/campaign", 2)):
        for number in ("4", "9" * 400):
            page = running.ask("GET", f"{path}?wait=long&page={number}").text
            assert f"page {pages} of {pages}" in page
            assert 'rel="next"' not in page
            assert 'rel="prev"' in page
