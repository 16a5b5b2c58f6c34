"""`/v1/live` over real WebSockets: nothing is told twice, nothing is left out, whoever comes back goes on."""

import json
import time
from collections import Counter
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Subprotocol

from sendlens.errors import InvalidField
from sendlens.metrics.changes import summed
from sendlens.web.live_socket import MOST_ENTRIES, Wish, messages
from tests.web.conftest import Running


def listen(running: Running, query: str = "", scope: str = "read", **more: Any) -> ClientConnection:
    headers = {"authorization": f"Bearer {running.keys[scope]}"} if scope else {}
    url = running.url.replace("http", "ws") + "/v1/live" + query
    return connect(url, additional_headers=headers, open_timeout=20, **more)


def told(socket: ClientConnection, kind: str = "", seconds: float = 20) -> dict[str, Any]:
    """Return the next message, of a kind if one is given."""
    while True:
        message = json.loads(socket.recv(timeout=seconds))
        if kind in ("", message["type"]):
            return message


def delivered(running: Running, socket: ClientConnection, count: int) -> tuple[Counter[str], str]:
    """Read until so many deliveries were told; return the counts and the last id."""
    counts: Counter[str] = Counter()
    last = ""
    while counts["delivered"] < count:
        message = told(socket, "deliverability_update")
        last = message["id"]
        for row in message["providers"]:
            counts.update({name: n for name, n in row.items() if isinstance(n, int)})
    return counts, last


def test_what_happens_is_told_once_and_goes_on_after_a_pause(running: Running) -> None:
    with listen(running) as socket:
        hello = told(socket)
        assert (hello["type"], hello["currency"]) == ("hello", running.tenant.currency)
        running.send(0, 5)
        running.send(0, 5)  # the same once more
        running.send(5, 2)
        counts, last = delivered(running, socket, 7)
        assert counts["delivered"] == 7
    running.send(7, 3)
    running.post(
        [
            {"type": "opened", "id": "o1", "recipient": "reader@example.com", "campaign_id": "autumn"},
            {"type": "converted", "id": "c1", "recipient": "well1@example.com", "campaign_id": "autumn",
             "conversion_type": "purchase", "value": "12.50", "currency": running.tenant.currency},
        ]
    )  # fmt: skip
    running.settle()
    with listen(running, f"?after={last}") as socket:
        assert told(socket)["id"] == last
        engaged = told(socket, "engagement_update")
        assert engaged["campaigns"] == [{"campaign_id": "autumn", "opens": 1}]
        earned = told(socket, "revenue_update")
        assert earned["campaigns"] == [{"campaign_id": "autumn", "conversions": 1, "revenue": "12.5"}]
        counts, _ = delivered(running, socket, 3)
        assert counts["delivered"] == 3


def test_a_wish_is_granted_or_named(running: Running) -> None:
    with listen(running, "?types=engagement_update&campaign=winter") as socket:
        told(socket)
        running.send(0, 3)
        running.post(
            [
                {"type": "opened", "id": campaign, "recipient": "a@example.com", "campaign_id": campaign}
                for campaign in ("autumn", "winter")
            ]
        )
        message = told(socket)
        assert message["type"] == "engagement_update"
        assert [row["campaign_id"] for row in message["campaigns"]] == ["winter"]
    with listen(running, "?after=999999") as socket:  # a place the server does not know
        assert [told(socket)["type"] for _ in range(2)] == ["hello", "reset"]
    with pytest.raises(InvalidStatus) as refused:
        listen(running, "?types=weather")
    assert json.loads(refused.value.response.body or b"")["field"] == "types"


def test_a_stopped_source_is_an_alert(running: Running, deploy: Callable[[bool], None]) -> None:
    deploy(True)
    with listen(running, "?types=alert") as socket:
        told(socket)
        running.send(0, 40, sick=40, source="shop")
        running.until(lambda: running.parts.fuse.blown(running.tenant.id))
        opened = told(socket, seconds=40)
        assert (opened["type"], opened["state"], opened["source"]) == ("alert", "opened", "shop")
        assert opened["dead"] == 40
    deploy(False)


def test_keys_are_checked_as_long_as_it_lasts(running: Running) -> None:
    for scope, status in (("", 401), ("ingest", 403)):
        with pytest.raises(InvalidStatus) as refused:
            listen(running, scope=scope)
        answer = refused.value.response
        assert answer.status_code == status
        assert json.loads(answer.body or b"")["status"] == status
        assert answer.headers["content-type"] == "application/problem+json"
    # A browser shows its key as a protocol.
    protocols = [Subprotocol("sendlens.v1"), Subprotocol(f"bearer.{running.keys['read']}")]
    with listen(running, scope="", subprotocols=protocols) as socket:
        assert socket.subprotocol == "sendlens.v1"
        assert told(socket)["type"] == "hello"
    running.keys["other"] = running.parts.control.keys.create(running.tenant.id, "other", ["read"])[1]
    with listen(running) as socket, listen(running, scope="other") as other:
        told(socket)
        told(other)
        key = next(k for k in running.parts.control.keys.list(running.tenant.id) if k.name == "read")
        running.parts.control.keys.revoke(key.id)
        time.sleep(1.1)  # a key is remembered for a second
        running.send(0, 1)
        assert closed(socket) == 1008
        running.parts.hub.close()
        assert closed(other) == 1012


def closed(socket: ClientConnection) -> int:
    """Return the code with which the server ends the connection, whatever it says before."""
    with pytest.raises(ConnectionClosed) as ended:
        told(socket, "nothing of this kind")
    assert ended.value.rcvd is not None
    return ended.value.rcvd.code


class TestSums:
    ROWS = (
        ("spring", "gmail", "opened", 0, "", 3, Decimal(0)),
        ("spring", "gmail", "opened", 1, "", 2, Decimal(0)),
        ("spring", "apple", "opened", 0, "", -1, Decimal(0)),
        ("autumn", "gmail", "clicked", 0, "", 1, Decimal(0)),
        ("autumn", "gmail", "clicked", 0, "", -1, Decimal(0)),
        ("spring", "gmail", "bounced", 0, "hard", 4, Decimal(0)),
        ("spring", "gmail", "complained", 0, "", 1, Decimal(0)),
        ("spring", "", "converted", 0, "", 2, Decimal("19.9900")),
    )

    def test_corrections_take_away_what_they_correct(self) -> None:
        found = summed(self.ROWS)
        assert found.engagement == {"spring": {"opens": 2, "opens_machine": 2, "complained": 1}}
        assert found.delivery == {"gmail": {"bounced": 4, "bounced_hard": 4, "complained": 1}}
        made = messages(found, Wish.of(""), "EUR")
        assert [one["type"] for one in made] == ["engagement_update", "revenue_update", "deliverability_update"]
        assert made[1]["campaigns"] == [{"campaign_id": "spring", "conversions": 2, "revenue": "19.99"}]

    def test_a_listener_to_campaigns_hears_of_no_others(self) -> None:
        made = messages(summed(self.ROWS), Wish.of("campaign=spring&types=revenue_update,deliverability_update"), "EUR")
        assert [one["type"] for one in made] == ["revenue_update"]

    def test_a_message_stays_small_and_whole(self) -> None:
        rows = [(f"c{i}", "gmail", "opened", 0, "", 1, Decimal(0)) for i in range(MOST_ENTRIES + 7)]
        (made,) = messages(summed(rows), Wish.of("types=engagement_update"), "EUR")
        shown = made["campaigns"]
        assert isinstance(shown, list)
        assert len(shown) == MOST_ENTRIES + 1
        assert shown[-1] == {"campaign_id": None, "other": 7, "opens": 7}

    @pytest.mark.parametrize("query", ["after=-1", "after=x", "after=9999999999999999999999", "types=a", "token=x"])
    def test_what_is_wrong_with_a_wish_is_named(self, query: str) -> None:
        with pytest.raises(InvalidField):
            Wish.of(query)
