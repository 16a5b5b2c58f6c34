"""Make the fixture of this version: `python -m tests.upgrade.make_fixture`, once per release and never again for it.

It is a whole data directory as a server of this version leaves it behind, and the figures it showed. Every release
after it has to open the directory, show the same figures, and go on counting.
"""

import io
import json
import tarfile
import tempfile
from decimal import Decimal
from pathlib import Path
from typing import Any

from sendlens import __version__
from tests.harness.server import Server, running
from tests.operations.commands import sendlens
from tests.upgrade.questions import answers

FIXTURES = Path(__file__).with_name("fixtures")
EXPECTED = "expected.json"
# What the next start makes anew, and what belongs to the machine.
_LEFT_OUT = {
    "lock",
    "requests",
    "backups",
    "tmp",
    "shadow",
    "config.xml",
    "users.xml",
    "status",
    "preprocessed_configs",
}

TYPES = (
    *("injected", "deferred", "delivered", "opened", "clicked", "bounced", "dropped", "complained", "unsubscribed"),
    *("resubscribed", "replied", "forwarded", "shared", "converted", "touched"),
)
_EXTRA: dict[str, dict[str, Any]] = {
    "clicked": {"link_url": "https://shop.example.com/sale", "user_agent": "Mozilla/5.0 (iPhone) Mobile/15E148"},
    "opened": {
        "user_agent": "Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)"
    },
    "bounced": {"smtp_code": 550, "smtp_reply": "550 5.1.1 user unknown"},
    "unsubscribed": {"unsubscribe_method": "link"},
    "converted": {"value": "19.90", "currency": "USD", "order_id": "o-1"},
}


def event(number: int) -> dict[str, Any]:
    """Return the event of a number: the same for every version, for messages of ten events over two months."""
    kind = TYPES[number % len(TYPES)]
    return {
        "id": f"e{number}",
        "type": kind,
        "occurred_at": f"2026-{10 + number % 2}-{1 + number // 20 % 25:02d}T{number % 24:02d}:{number % 60:02d}:00Z",
        "message_id": f"m{number // 10}",
        "recipient": f"p{number // 10 % 40}@{('gmail.com', 'example.org')[number // 10 % 2]}",
        "campaign_id": f"c{number // 100}",
        **_EXTRA.get(kind, {}),
    }


def post(server: Server, first: int, count: int) -> None:
    """Post events by their numbers."""
    answer = server.post("/v1/events", {"events": [event(number) for number in range(first, first + count)]})
    assert answer.status_code == 202, answer.text
    assert answer.json()["accepted"] == count, answer.text


def fill(data: Path) -> None:
    """Run a server of this version and give it something of every kind."""
    with running(data) as server:
        post(server, 0, 300)
        server.wait_settled()
        post(server, 250, 150)  # fifty of them for the second time
        campaign = {"campaign_id": "c0", "name": "Spring sale", "cost": str(Decimal("120.50")), "currency": "USD"}
        assert server.post("/v1/campaigns", {"campaigns": [campaign]}).json()["accepted"] == 1
        spent = {"campaign_id": "c0", "channel": "search", "hour": "2026-11-01T10:00:00Z", "clicks": 12, "cost": "3.20"}
        assert server.post("/v1/spend", {"spend": [spent | {"currency": "USD"}]}).json()["accepted"] == 1
        broken = server.post("/v1/events", {"events": [{"id": "x", "type": "delivered", "occurred_at": "never"}]})
        assert broken.json()["rejected_total"] == 1
        server.wait_settled()
        assert server.stop() == 0
    sendlens(data, "source", "create", "main", "mailgun", "--name", "hooks", "--secret", "a-made-up-signing-key")


def pack(data: Path, target: Path) -> None:
    """Write the directory and the figures into one compressed file, without a trace of who made it."""

    def plain(entry: tarfile.TarInfo) -> tarfile.TarInfo | None:
        if Path(entry.name).name in _LEFT_OUT:
            return None
        entry.uid = entry.gid = 0
        entry.uname = entry.gname = ""
        return entry

    expected = json.dumps(answers(data), indent=1).encode()
    with tarfile.open(target, "w:gz", compresslevel=9) as archive:
        entry = tarfile.TarInfo(EXPECTED)
        entry.size = len(expected)
        archive.addfile(entry, io.BytesIO(expected))
        archive.add(data, "data", filter=plain)


def main() -> None:
    """Make it."""
    FIXTURES.mkdir(exist_ok=True)
    target = FIXTURES / f"{__version__}.tar.gz"
    with tempfile.TemporaryDirectory() as directory:
        data = Path(directory) / "data"
        fill(data)
        pack(data, target)
    print(f"{target.name}: {target.stat().st_size} bytes")  # noqa: T201 - run by hand


if __name__ == "__main__":
    main()
