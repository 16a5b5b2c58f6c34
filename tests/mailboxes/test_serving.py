"""A running server polls the mailbox of a source that was made while it runs."""

import re
import time
from pathlib import Path

from tests.harness.server import running
from tests.operations.commands import sendlens, sendlens_json
from tests.sources.mail.letters import CASES, mail


def test_a_server_reads_its_mailboxes(tmp_path: Path) -> None:
    box = tmp_path / "boxes" / "bounces"
    for name in ("new", "cur", "tmp"):
        (box / name).mkdir(parents=True)
    (box / "new" / "1").write_bytes(mail(CASES[0]))
    data = tmp_path / "data"
    with running(data, SENDLENS_MAIL_DIRECTORY=str(tmp_path / "boxes")) as server:
        (tenant,) = sendlens_json(data, "tenant", "list")
        option = ("--option", f"mailbox=maildir:{box}")
        made = re.search(r"src_\w+", sendlens(data, "source", "create", tenant["slug"], "mail", *option))
        assert made
        source = made[0]
        until = time.monotonic() + 60
        while list((box / "new").iterdir()):
            assert time.monotonic() < until, server.output()
            time.sleep(0.2)
        server.wait_settled()
        told = sendlens_json(data, "source", "show", source)["mailbox"]
        assert (told["read"], told["error"]) == (1, "")
        found = server.get("/v1/recipients/ada@example.net")
        assert "bounced" in str(found)
    assert "readable" in sendlens(data, "source", "show", source)
