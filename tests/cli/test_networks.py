"""`sendlens networks`."""

import http.server
import threading
from pathlib import Path

import pytest

from sendlens.enrich import networks
from sendlens.enrich.networks import SHIPPED
from sendlens.errors import SettingsError
from sendlens.operations.networks import Watched, in_use
from tests.cli.conftest import Call


def test_the_shipped_list_counts_until_a_newer_one_is_taken_over(call: Call, data: Path, tmp_path: Path) -> None:
    shown = call("networks", "--json").json
    assert (shown["date"], shown["from"], shown["ranges"]) == (SHIPPED.date, "shipped", SHIPPED.counts)
    assert SHIPPED.date in call("networks").out
    newer = tmp_path / "newer.txt"
    newer.write_text("date 2027-02-03\nmine 198.51.100.0/24\n")
    assert call("networks", "refresh", "--from", str(newer), "--json").json == {
        "date": "2027-02-03",
        "ranges": {"mine": 1},
    }
    assert call("networks", "--json").json["from"] == str(data / "networks.txt")
    assert in_use(data)[0].owner("198.51.100.8") == "mine"


def test_a_running_process_takes_up_another_list(tmp_path: Path) -> None:
    place = tmp_path / "networks.txt"
    try:
        watched = Watched(tmp_path)
        assert networks.owner("40.92.0.1") == "microsoft_365"
        place.write_text("date 2027-02-03\nmine 198.51.100.0/24\n")
        watched.follow()
        assert (networks.owner("198.51.100.8"), networks.owner("40.92.0.1")) == ("mine", "")
        place.write_text("date 2027-02-03\nmine no-range-at-all\n")
        for _ in range(2):
            with pytest.raises(SettingsError, match="is no list of networks"):
                watched.follow()
        assert networks.owner("198.51.100.8") == "mine", "the list before it goes on counting"
        place.unlink()
        watched.follow()
        assert networks.owner("40.92.0.1") == "microsoft_365"
    finally:
        networks.use(SHIPPED)


def test_one_owner_is_taken_from_a_published_csv(call: Call, data: Path, tmp_path: Path) -> None:
    csv = tmp_path / "egress.csv"
    csv.write_text("203.0.113.0/25,GB,GB-EN,London,\n203.0.113.128/25,DE,DE-BE,Berlin,\n")
    answer = call("networks", "refresh", "--from", str(csv), "--owner", "apple_relay", "--json").json
    assert answer["ranges"] == SHIPPED.counts | {"apple_relay": 1}
    assert in_use(data)[0].owner("203.0.113.200") == "apple_relay"


def test_a_list_comes_over_http_from_this_machine_only(call: Call, data: Path) -> None:
    class Answers(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200 if self.path == "/list" else 302)
            self.send_header("Location", "/list")
            self.end_headers()
            self.wfile.write(b"date 2027-02-03\nmine 198.51.100.0/24\n")

        def log_message(self, format: str, *_: object) -> None:
            pass

    with http.server.HTTPServer(("127.0.0.1", 0), Answers) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            address = f"http://127.0.0.1:{server.server_port}"
            assert call("networks", "refresh", "--from", f"{address}/moved").code == 2
            assert call("networks", "refresh", "--from", f"{address}/list", "--json").json["ranges"] == {"mine": 1}
        finally:
            server.shutdown()
    refused = call("networks", "refresh", "--from", "http://lists.example/networks.txt")
    assert refused.code == 2
    assert "https://" in refused.err


@pytest.mark.parametrize("text", ["", "date 2027-02-03", "mine 1.2.3.4/33", "\udcff"])
def test_a_list_that_cannot_be_used_changes_nothing(call: Call, data: Path, tmp_path: Path, text: str) -> None:
    wrong = tmp_path / "wrong.txt"
    wrong.write_bytes(text.encode("utf-8", "surrogateescape"))
    answer = call("networks", "refresh", "--from", str(wrong))
    assert answer.code == 2
    assert str(wrong) in answer.err
    assert not (data / "networks.txt").exists()


def test_a_broken_list_in_the_data_directory_is_not_passed_over(data: Path) -> None:
    data.mkdir()
    (data / "networks.txt").write_text("broken")
    with pytest.raises(SettingsError, match="no list of networks"):
        in_use(data)
