"""The settings pages of sources that are ours: they are made, configured and told of in the browser."""

import re
import urllib.parse
from collections.abc import Generator

import httpx
import msgspec
import pytest

from sendlens.control.sources import Source
from tests.browser.serving import Served, serve


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Generator[Served]:
    with serve(tmp_path_factory.mktemp("sources")) as served:
        yield served


def get(server: Served, path: str) -> str:
    answer = httpx.get(server.url + path, timeout=30)
    assert answer.status_code == 200, answer.text
    return answer.text


def post(server: Served, path: str, **fields: str) -> httpx.Response:
    headers = {"Content-Type": "application/x-www-form-urlencoded", "Sec-Fetch-Site": "same-origin"}
    return httpx.post(server.url + path, content=urllib.parse.urlencode(fields), headers=headers, timeout=30)


def made(server: Served, kind: str, name: str = "", **fields: str) -> tuple[Source, httpx.Response]:
    answer = post(server, "/settings/sources", kind=kind, name=name or kind, **fields)
    assert answer.status_code < 400, answer.text
    (source,) = (one for one in server.control.sources.list(server.tenant.id) if one.name == (name or kind))
    return source, answer


def test_the_choice_leads_to_every_kind(server: Served) -> None:
    page = get(server, "/settings/sources/new")
    for kind in ("tracker", "mail", "prometheus", "seed", "postfix"):
        (path,) = set(re.findall(rf'href="(/settings/sources/new/{kind}\?[^"]+)"', page))
        assert "<form" in get(server, path)


def test_the_tracker_shows_its_secret_once_with_its_address(server: Served) -> None:
    source, answer = made(server, "tracker")
    (secret,) = source.revealed()
    assert secret in answer.text
    page = get(server, f"/settings/sources/{source.id}")
    assert f"/t/o/{source.id}/" in page
    assert f"sendlens track {source.id} mail.eml" in page
    assert secret not in page


def test_an_exporter_is_named_with_rules_and_its_failure_is_told(server: Served) -> None:
    source, _ = made(
        server,
        "prometheus",
        address="http://127.0.0.1:9/metrics",
        every_seconds="3600",
        gauges='a{b="c"} = queue_depth\r\nd = queue_frozen\r\n',
    )
    assert source.settings == {
        "address": "http://127.0.0.1:9/metrics",
        "every_seconds": 3600,
        "gauges": ['a{b="c"} = queue_depth', "d = queue_frozen"],
    }
    state = server.control.polls.get(source.id)
    server.control.polls.put(source.id, msgspec.structs.replace(state, error="127.0.0.1:9 <answered> 401"))
    page = get(server, f"/settings/sources/{source.id}")
    assert "The latest failed: 127.0.0.1:9 &lt;answered&gt; 401" in page
    assert "can reach this address" not in page, "nobody needs to reach us"
    assert "d = queue_frozen</textarea>" in page
    wrong = post(server, f"/settings/sources/{source.id}/options", address="nonsense")
    assert "http://host:port/metrics" in wrong.text
    assert server.control.sources.get(source.id).settings == source.settings


def test_a_seed_and_a_mailbox_keep_their_password_to_themselves(server: Served) -> None:
    for provider, box in (("seed", "imaps://seed1@mail.example.com"), ("mail", "imaps://bounces@mail.example.com")):
        source, answer = made(server, provider, mailbox=box, secret="open-sesame")
        page = get(server, f"/settings/sources/{source.id}")
        assert source.settings == {"mailbox": box}
        assert box in page
        assert "The last look" in page
        assert "open-sesame" not in page + answer.text
    named, _ = made(server, "seed", "work", mailbox="imaps://a@b.example", provider="google_workspace")
    assert named.settings["provider"] == "google_workspace"
    whole = post(server, "/settings/sources", kind="seed", name="x", mailbox=box, missing_after_minutes="soon")
    assert "a whole number" in whole.text
