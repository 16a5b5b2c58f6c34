"""Who sees the pages: this machine without a key, others with one, and nobody through a trick."""

import socket
import urllib.parse
from collections.abc import Generator
from pathlib import Path

import httpx
import pytest

from tests.browser.serving import Served, serve

PRIVATE = (
    "/",
    "/campaigns",
    "/campaigns/x",
    "/recipients",
    "/recipients/ada@example.com",
    "/intake",
    "/panels/figures",
)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Generator[Served]:
    """A server that nobody here changes; whoever does has one of their own."""
    with serve(tmp_path_factory.mktemp("access")) as served:
        yield served


def ask(server: Served, path: str, method: str = "GET", body: str = "", **headers: str) -> httpx.Response:
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    if method == "POST" and not {"Sec-Fetch-Site", "Origin"} & sent.keys():
        sent["Sec-Fetch-Site"] = "same-origin"
    if body:
        sent["Content-Type"] = "application/x-www-form-urlencoded"
    return httpx.request(method, server.url + path, content=body, headers=sent, timeout=30)


def sign_in(server: Served, key: str) -> httpx.Response:
    return ask(server, "/sign-in", "POST", urllib.parse.urlencode({"key": key, "next": "/intake"}))


@pytest.mark.parametrize("path", [*PRIVATE, "/live"])
@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "attacker.example"},  # a foreign name that points to 127.0.0.1
        {"Host": "127.0.0.1.attacker.example:80"},
        {"Host": "127.0.0.1@attacker.example"},
        {"X_Forwarded_For": "203.0.113.9"},  # a reverse proxy on this machine
        {"Forwarded": "for=203.0.113.9"},
        {"Via": "1.1 proxy"},
    ],
    ids=str,
)
def test_what_only_looks_local_is_refused(server: Served, path: str, headers: dict[str, str]) -> None:
    answer = ask(server, path, **headers)
    assert answer.status_code in {303, 401}
    assert "Example Shop" not in answer.text


def test_a_proxy_that_adds_no_header_is_not_this_machine(server: Served) -> None:
    host, port = urllib.parse.urlsplit(server.url).netloc.split(":")
    with socket.create_connection((host, int(port)), 30) as line:
        line.sendall(f"GET /intake HTTP/1.0\r\nHost: {host}:{port}\r\nConnection: close\r\n\r\n".encode())
        assert line.makefile("rb").readline().split()[1] == b"303"


def test_this_machine_needs_no_key(server: Served) -> None:
    assert ask(server, "/intake").status_code == 200
    assert ask(server, "/intake", Host="localhost:8000").status_code == 200
    assert ask(server, "/intake", Host="[::1]:8000").status_code == 200


def test_closed_pages_and_a_public_address_ask_everybody(tmp_path: Path) -> None:
    with serve(tmp_path / "closed", open_pages=False) as server:
        answer = ask(server, "/campaigns?q=x")
        assert answer.status_code == 303
        assert answer.headers["location"] == "/sign-in?next=%2Fcampaigns%3Fq%3Dx"
        answer = ask(server, "/campaigns", Cookie="sendlens_session=that-ended-yesterday")
        assert answer.headers["location"] == "/sign-in?next=%2Fcampaigns&ended=1"
        assert "Your session has ended." in ask(server, answer.headers["location"]).text
    with serve(tmp_path / "public", public_url="https://mail.example.com") as server:
        assert ask(server, "/campaigns").status_code == 303


def test_key_opens_the_pages_until_it_is_revoked(tmp_path: Path) -> None:
    with serve(tmp_path, open_pages=False) as server:
        answer = sign_in(server, server.key)
        assert (answer.status_code, answer.headers["location"]) == (303, "/intake")
        cookie = answer.headers["set-cookie"]
        assert "HttpOnly" in cookie
        assert "SameSite=lax" in cookie
        assert server.key not in cookie
        session = cookie.split(";")[0]
        assert ask(server, "/intake", Cookie=session).status_code == 200
        assert ask(server, "/intake", Cookie=session[:-1] + ("0" if session[-1] != "0" else "1")).status_code == 303
        assert ask(server, "/intake", Authorization=f"Bearer {server.key}").status_code == 200
        (key,) = (key for key in server.control.keys.list(server.tenant.id) if key.name == "test")
        server.control.keys.revoke(key.id)
        assert ask(server, "/intake", Cookie=session).status_code == 303
        assert ask(server, "/intake", Authorization=f"Bearer {server.key}").status_code in {303, 401}


def test_session_ends_after_a_week_without_use(tmp_path: Path) -> None:
    with serve(tmp_path, open_pages=False) as server:
        session = sign_in(server, server.key).headers["set-cookie"].split(";")[0]
        server.clock.advance(7 * 86_400 + 1)
        assert ask(server, "/intake", Cookie=session).status_code == 303


@pytest.mark.parametrize("cookie", ["x", "a.b.c", "..", "a.b.99999999999.", "t.k.nan.abc"])
def test_nonsense_for_a_session_is_nobody(tmp_path: Path, cookie: str) -> None:
    with serve(tmp_path, open_pages=False) as server:
        assert ask(server, "/intake", Cookie=f"sendlens_session={cookie}").status_code == 303


def test_wrong_key_and_key_without_read_are_told_why(tmp_path: Path) -> None:
    with serve(tmp_path, open_pages=False) as server:
        wrong = sign_in(server, "sl_nothing_of_the_kind")
        assert wrong.status_code == 401
        assert "not a valid API key" in wrong.text
        _, only_ingest = server.control.keys.create(server.tenant.id, "shop", ["ingest"])
        blind = sign_in(server, only_ingest)
        assert blind.status_code == 403
        assert "may not read" in blind.text


def test_signed_in_visitor_sees_only_the_tenant_of_the_key(tmp_path: Path) -> None:
    with serve(tmp_path, open_pages=False) as server:
        server.control.tenants.create("other", "Other Company")
        answer = ask(server, "/intake?tenant=other", Authorization=f"Bearer {server.key}")
        assert answer.status_code == 404
        assert "Other Company" not in answer.text


def test_local_visitor_chooses_among_tenants(tmp_path: Path) -> None:
    with serve(tmp_path) as server:
        server.clock.advance(1)
        server.control.tenants.create("other", "Other Company")
        assert "Other Company" in ask(server, "/intake?tenant=other").text
        assert ask(server, "/intake?tenant=nobody").status_code == 404


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec_Fetch_Site": "cross-site"},
        {"Sec_Fetch_Site": "same-site"},
        {"Origin": "https://attacker.example"},
        {"Origin": "null"},
    ],
    ids=str,
)
@pytest.mark.parametrize("path", ["/sign-in", "/sign-out", "/theme"])
def test_changing_request_from_another_site_is_refused(server: Served, path: str, headers: dict[str, str]) -> None:
    answer = ask(server, path, "POST", f"key={server.key}&theme=dark", **headers)
    assert answer.status_code == 403
    # The page of the refusal has a form of its own, whose cookie opens nothing.
    given = answer.headers.get_list("set-cookie")
    assert not [cookie for cookie in given if not cookie.startswith("sendlens_form=")]


@pytest.mark.parametrize(
    "onward", ["//attacker.example", "https://attacker.example", "/\\attacker.example", "/\t/attacker.example", "x"]
)
def test_sign_in_leads_to_no_other_site(server: Served, onward: str) -> None:
    body = urllib.parse.urlencode({"key": server.key, "next": onward})
    assert ask(server, "/sign-in", "POST", body).headers["location"] == "/"


@pytest.mark.parametrize("path", [*PRIVATE, "/sign-in", "/campaigns?order=x", "/panels/nothing", "/?period=x"])
def test_every_answer_has_the_security_headers(server: Served, path: str) -> None:
    answer = ask(server, path)
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "same-origin"
    assert answer.headers["cache-control"] == "private, no-store"


def test_first_key_is_shown_on_this_machine_only(tmp_path: Path) -> None:
    with serve(tmp_path) as server:
        server.figures.empty = True
        assert server.key in ask(server, "/").text
        server.clock.advance(1)
        other = server.control.tenants.create("other", "Other Company")
        assert server.key not in ask(server, "/?tenant=other").text
        _, key = server.control.keys.create(other.id, "other", ["read"])
        assert server.key not in ask(server, "/", Authorization=f"Bearer {key}").text
        assert server.key not in ask(server, "/", Authorization=f"Bearer {server.key}").text


def test_files_are_cached_for_good_and_compressed(server: Served) -> None:
    page = ask(server, "/sign-in").text
    path = next(part.split('"')[0] for part in page.split('href="') if part.startswith("/static/sendlens.css?v="))
    answer = ask(server, path)
    assert answer.headers["content-encoding"] == "gzip"
    assert "immutable" in answer.headers["cache-control"]
    assert int(answer.headers["content-length"]) < 12_000
    assert ask(server, path, If_None_Match=answer.headers["etag"]).status_code == 304
    assert ask(server, "/static/%2e%2e/live.py").status_code == 404
