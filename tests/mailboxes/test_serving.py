"""A running server polls the mailbox and scrapes the exporter of sources that were made while it runs."""

import re
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.harness.server import running
from tests.operations.commands import sendlens, sendlens_json
from tests.sources.exporters import answers
from tests.sources.mail.letters import CASES, mail


class Exporter(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(answers.EXIM.encode())

    def log_message(self, format: str, *args: object) -> None:
        del format, args


@pytest.fixture
def exporter() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Exporter)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}/metrics"
    server.shutdown()
    server.server_close()


def test_a_server_reads_its_mailboxes_and_exporters(tmp_path: Path, exporter: str) -> None:
    box = tmp_path / "boxes" / "bounces"
    for name in ("new", "cur", "tmp"):
        (box / name).mkdir(parents=True)
    (box / "new" / "1").write_bytes(mail(CASES[0]))
    data = tmp_path / "data"
    allowed = {"SENDLENS_MAIL_DIRECTORY": str(tmp_path / "boxes"), "SENDLENS_SCRAPE_NETWORKS": "127.0.0.1"}
    with running(data, **allowed) as server:
        (tenant,) = sendlens_json(data, "tenant", "list")
        option = ("--option", f"mailbox=maildir:{box}")
        made = re.search(r"src_\w+", sendlens(data, "source", "create", tenant["slug"], "mail", *option))
        assert made
        source = made[0]
        sendlens(data, "source", "create", tenant["slug"], "prometheus", "--option", f"address={exporter}")
        until = time.monotonic() + 60
        while list((box / "new").iterdir()):
            assert time.monotonic() < until, server.output()
            time.sleep(0.2)
        while not (queues := server.get("/v1/deliverability?parts=queues")["queues"]):
            assert time.monotonic() < until, server.output()
            time.sleep(0.2)
        assert {one["name"]: one["latest"] for one in queues}["queue_depth"] == 126
        server.wait_settled()
        told = sendlens_json(data, "source", "show", source)["polled"]
        assert (told["read"], told["error"]) == (1, "")
        found = server.get("/v1/recipients/ada@example.net")
        assert "bounced" in str(found)
    assert "readable" in sendlens(data, "source", "show", source)
