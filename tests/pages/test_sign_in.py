"""Signing in as a person: sessions, invitations, forms, and what a stranger learns."""

import re
import urllib.parse
from collections.abc import Generator
from pathlib import Path

import httpx
import pytest

from sendlens.control.roles import Role
from sendlens.web import pages
from tests.browser.serving import Served, serve

PASSWORD = "lantern otter seven"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Generator[Served]:
    with serve(tmp_path_factory.mktemp("people"), open_pages=False) as served:
        ada = served.control.users.create("ada@example.com", PASSWORD)
        served.control.users.set_role(served.tenant.id, ada.id, Role.ADMIN)
        yield served


@pytest.fixture
def client(server: Served) -> Generator[httpx.Client]:
    with httpx.Client(base_url=server.url, timeout=30, headers={"sec-fetch-site": "same-origin"}) as client:
        yield client


def sign_in(client: httpx.Client, email: str = "ada@example.com", password: str = PASSWORD) -> httpx.Response:
    return client.post("/sign-in", data={"email": email, "password": password, "next": "/intake"})


def test_a_password_opens_the_pages_until_one_signs_out(client: httpx.Client) -> None:
    assert client.get("/intake").status_code == 303
    answer = sign_in(client)
    assert (answer.status_code, answer.headers["location"]) == (303, "/intake")
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    page = client.get("/intake")
    assert page.status_code == 200
    assert "ada@example.com" in page.text
    session = client.cookies["sendlens_session"]
    assert client.post("/sign-out").headers["location"] == "/sign-in"
    assert client.get("/intake", headers={"cookie": f"sendlens_session={session}"}).status_code == 303


def test_behind_https_the_cookie_is_bound_to_this_host(tmp_path: Path) -> None:
    with serve(tmp_path, public_url="https://mail.example.com") as served:
        user = served.control.users.create("ada@example.com", PASSWORD, operator=True)
        _, token = served.control.sessions.begin(user=user.id)
        answer = httpx.post(
            served.url + "/sign-in",
            data={"email": "ada@example.com", "password": PASSWORD},
            headers={"sec-fetch-site": "same-origin"},
        )
        assert answer.headers["set-cookie"].startswith("__Host-sendlens_session=")
        assert "Secure" in answer.headers["set-cookie"]
        for name, status in (("__Host-sendlens_session", 200), ("sendlens_session", 303)):
            headers = {"cookie": f"{name}={token}"}
            assert httpx.get(served.url + "/intake", headers=headers).status_code == status


def test_nobody_learns_which_accounts_there_are(server: Served, client: httpx.Client) -> None:
    wrong = sign_in(client, password="another password")
    unknown = sign_in(client, "nobody@example.com")
    assert wrong.status_code == unknown.status_code == 401

    def bare(text: str) -> str:
        return re.sub(r'value="[^"]*"', "", text)

    assert bare(wrong.text) == bare(unknown.text)
    server.control.throttle.succeeded(account="ada@example.com")


def test_guessing_is_slowed_down_for_known_and_unknown_accounts(server: Served, client: httpx.Client) -> None:
    for email in ("guessed@example.com", "ada@example.com"):
        answers = [sign_in(client, email, f"wrong password {i}") for i in range(6)]
        assert [answer.status_code for answer in answers] == [401] * 5 + [429]
        assert int(answers[-1].headers["retry-after"]) >= 1
        assert sign_in(client, email).status_code == 429, "the right password has to wait too"
    server.clock.advance(10)
    assert sign_in(client).status_code == 303


@pytest.mark.parametrize("path", ["/sign-in", "/sign-out", "/theme"])
def test_a_form_proves_itself_where_the_browser_says_nothing(server: Served, path: str) -> None:
    with httpx.Client(base_url=server.url, timeout=30) as client:
        page = client.get("/sign-in").text
        token = re.findall(r'name="form_token" value="(\w+)"', page)[0]
        fields = {"theme": "dark", "key": server.key}
        assert client.post(path, data=fields).status_code == 403
        assert client.post(path, data=fields | {"form_token": "0" * 64}).status_code == 403
        assert client.post(path, data=fields | {"form_token": token}).status_code == 303
        with httpx.Client(base_url=server.url) as other:
            assert other.post(path, data=fields | {"form_token": token}).status_code == 403


def test_every_form_that_changes_something_carries_the_proof() -> None:
    templates = Path(pages.__file__).parents[1] / "templates"
    forms = [
        (file.name, form)
        for file in templates.rglob("*.html")
        for form in re.findall(r'<form method="post".*?</form>', file.read_text(), re.DOTALL)
    ]
    assert len(forms) > 5
    for name, form in forms:
        assert "form_token" in form, f"{name}: {form[:100]}"


def test_an_invitation_makes_an_account_once(server: Served, client: httpx.Client) -> None:
    _, token = server.control.invitations.create("bob@example.com", tenant=server.tenant.id, role=Role.VIEWER)
    link = f"/invitation/{token}"
    page = client.get(link)
    assert "Join Example Shop" in page.text
    assert page.headers["cache-control"] == "private, no-store"
    for password, again, said in (("short", "short", "10 or more"), (PASSWORD, "x", "not the same both times")):
        refused = client.post(link, data={"password": password, "again": again})
        assert (refused.status_code, said in refused.text) == (400, True)
    joined = client.post(link, data={"password": PASSWORD + "!", "again": PASSWORD + "!"})
    assert joined.status_code == 303
    assert "bob@example.com" in client.get("/intake").text
    assert client.get(link).status_code == 404
    assert sign_in(client, "bob@example.com", PASSWORD + "!").status_code == 303


def test_an_invitation_of_somebody_with_an_account_asks_for_its_password(server: Served, client: httpx.Client) -> None:
    server.clock.advance(1)
    other = server.control.tenants.create("second", "Second Shop")
    _, token = server.control.invitations.create("ada@example.com", tenant=other.id, role=Role.VIEWER)
    link = f"/invitation/{token}"
    assert "confirm with its password" in client.get(link).text
    assert client.post(link, data={"password": "not hers at all"}).status_code == 401
    assert client.post(link, data={"password": PASSWORD}).status_code == 303
    page = client.get("/intake?tenant=second").text
    assert "Second Shop" in page
    assert "viewer" in page
    assert client.get("/intake?tenant=third").status_code == 404


def test_a_link_to_a_new_password_ends_every_session(server: Served, client: httpx.Client) -> None:
    user = server.control.users.create("carol@example.com", PASSWORD)
    server.control.users.set_role(server.tenant.id, user.id, Role.VIEWER)
    _, old = server.control.sessions.begin(user=user.id)
    _, token = server.control.invitations.create("carol@example.com")
    answer = client.post(f"/invitation/{token}", data={"password": "pebble window nine", "again": "pebble window nine"})
    assert answer.status_code == 303
    server.clock.advance(2)
    assert httpx.get(server.url + "/intake", headers={"cookie": f"sendlens_session={old}"}).status_code == 303
    assert sign_in(client, "carol@example.com").status_code == 401


def test_whoever_is_taken_out_sees_nothing_within_a_second(server: Served, client: httpx.Client) -> None:
    user = server.control.users.create("dave@example.com", PASSWORD)
    server.control.users.set_role(server.tenant.id, user.id, Role.VIEWER)
    sign_in(client, "dave@example.com")
    assert client.get("/intake").status_code == 200
    server.control.users.remove(server.tenant.id, user.id)
    assert client.get("/intake").status_code == 403
    assert "Example Shop" not in client.get("/intake").text


def test_a_viewer_replays_no_dead_letters(server: Served, client: httpx.Client) -> None:
    user = server.control.users.create("eve@example.com", PASSWORD)
    server.control.users.set_role(server.tenant.id, user.id, Role.VIEWER)
    sign_in(client, "eve@example.com")
    refused = client.post("/dead-letters/replay", data={})
    assert refused.status_code == 403
    assert "only admins may" in refused.text


def test_sign_ins_are_in_the_audit(server: Served) -> None:
    found = server.control.audit.list(server.tenant.id)
    told = {(entry.action, entry.about) for entry in found}
    assert ("sign_in", "ada@example.com") in told
    assert ("sign_in_failed", "ada@example.com") in told
    assert ("person.join", "bob@example.com as viewer") in told
    assert all(entry.address == "127.0.0.1" for entry in found)
    assert urllib.parse.quote(PASSWORD) not in repr(found)
