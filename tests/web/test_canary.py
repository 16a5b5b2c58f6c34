"""A tenant sees only its own data: every route is asked in the name of one tenant and searched for traces of another.

Routes are enumerated from the application. Those without parameters are asked as they are; a parameter gets the values
that stand for it here, by its name. A route with a parameter of another name fails the test, so that nobody forgets.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import takewhile
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from websockets.sync.client import connect

from sendlens.control.administration import Actor, Administration
from sendlens.control.roles import Role
from sendlens.control.tenants import Tenant
from sendlens.web.panels.registry import PANELS
from tests.docs.test_routes import application
from tests.web.conftest import Running

TRACE = "zebra"
"""In every name, address, subject and id that the other tenant chose; no answer to us may have it."""
STREAMS = {"/live", "/v1/live"}
"""Answers without an end, which have a test of their own below; that of a shared link ends where the link does."""
ELSEWHERE = {"/static/{path:path}", "/favicon.ico", "/docs", "/docs/{path:str}", "/docs/openapi.json"}
"""Files and the description of the API, which are the same for everybody."""
INSTANCE = {"/metrics", "/health", "/health/live", "/health/ready"}
"""About the process; `tests/web/test_scrape.py` and `test_health.py` say what they tell, and to whom."""
SESSIONS = {"/sign-in", "/sign-out", "/theme"}


@dataclass
class Side:
    """One of the two tenants, and what belongs to it."""

    tenant: Tenant
    desk: Administration
    values: dict[str, str]
    session: str = ""
    viewer: str = ""


def side(running: Running, word: str) -> Side:
    """Make a tenant in which every name has a word of its own, with a campaign's worth of events."""
    control = running.parts.control
    tenant = control.tenants.create(f"{word}-shop", f"{word.title()} Shop")
    desk = Administration(control, tenant, Actor("operator", Role.ADMIN))
    key, _ = desk.create_key(f"{word} key", ["read"])
    _, ingest = desk.create_key(f"{word} ingest", ["ingest"])
    source = desk.create_source(f"{word} source", "postmark", {}, [f"{word}:password"])
    invitation, _ = desk.invite(f"{word}-invited@example.com", Role.VIEWER)
    boss, viewer = (control.users.create(f"{word}-{name}@example.com") for name in ("boss", "viewer"))
    control.users.set_role(tenant.id, boss.id, Role.ADMIN)
    control.users.set_role(tenant.id, viewer.id, Role.VIEWER)
    session, token = control.sessions.begin(user=boss.id)
    view = control.views.save(tenant.id, f"{word} view", "/", author=boss.id)
    link, _ = control.shares.create(tenant.id, f"{word} link", "/", days=7, frozen=False, author=boss.id)
    note = control.annotations.add(tenant.id, 1_790_000_000_000, f"{word} note", author=boss.id)
    events = [
        {
            "id": f"{word}-{kind}",
            "type": kind,
            "recipient": f"{word}@{word}.example",
            "message_id": f"{word}-message",
            "campaign_id": f"{word}-campaign",
            "subject": f"{word} subject",
            "segment": f"{word}-segment",
            "sending_domain": f"mail.{word}.example",
            **({"link_url": f"https://{word}.example/"} if kind == "clicked" else {}),
        }
        for kind in ("injected", "delivered", "opened", "clicked", "complained")
    ]
    headers = {"authorization": f"Bearer {ingest}", "x-sendlens-source": f"{word}-api"}
    described = {"campaign_id": f"{word}-campaign", "name": f"{word} campaign", "subject": f"{word} subject"}
    for path, records in (("/v1/events", events), ("/v1/campaigns", [described])):
        answer = httpx.post(running.url + path, json=records, headers=headers)
        assert (answer.status_code, answer.json()["rejected"]) == (202, [])
    _, admin = desk.create_key(f"{word} admin", ["read", "admin"])
    values = {
        "key": key.id,
        "key_id": key.id,
        "admin": admin,
        "source_id": source.id,
        "source": source.id,
        "user": viewer.id,
        "user_id": viewer.id,
        "invitation": invitation.id,
        "invitation_id": invitation.id,
        "session": session.id,
        "view": view.id,
        "link": link.id,
        "note_id": note.id,
        "campaign": f"{word}-campaign",
        "campaign_id": f"{word}-campaign",
        "recipient": f"{word}@{word}.example",
        "message": f"{word}-message",
        "message_id": f"{word}-message",
    }
    return Side(tenant, desk, values, token, control.sessions.begin(user=viewer.id)[1])


OWNED = {
    "key",
    "key_id",
    "source_id",
    "source",
    "user",
    "user_id",
    "invitation",
    "invitation_id",
    "session",
    "view",
    "link",
    "note_id",
}
"""Parameters that name something of a tenant by an id of ours: another tenant's does not exist."""
TYPED = {"campaign", "campaign_id", "recipient", "message", "message_id"}
"""Parameters that are a sender's own words, which two tenants may share."""
FREE: dict[str, list[str]] = {
    "name": [*PANELS, *(f"{name}.csv" for name in PANELS), "figures.json"],
    "provider": ["postmark"],
    "dimension": ["campaign", "provider", "link", "campaign.csv"],
    "deed": ["rotate", "retire", "options", "test", "delete"],
    "token": ["no-such-token"],
    "job": ["no-such-import"],
    "value": ["other.example"],
    "domain": ["other.example"],
    "segment": ["other-segment"],
    "file": ["figures.csv", "figures.json"],
}
"""Parameters of which both tenants have the same."""


QUERIES = {
    "/v1/breakdown": ("?dimension=campaign", "?dimension=campaign&format=csv"),
    "/v1/recipients": ("?did=delivered", "?did=delivered&format=csv"),
    "/v1/timeseries": ("", "?format=csv"),
    "/v1/deliverability": ("", "?format=csv"),
}
"""Routes that need a question, or answer in two forms."""


def paths(template: str, ours: Side, theirs: Side | None = None) -> Iterator[tuple[str, set[str]]]:
    """Yield the addresses of a route with values filled in, and the parameters that are the other's."""
    names = re.findall(r"\{(\w+):\w+\}", template)
    others: set[str] = set()
    found = [template]
    for name in names:
        placeholder = re.search(r"\{" + name + r":\w+\}", template)
        assert placeholder is not None
        if name in FREE:
            found = [path.replace(placeholder[0], value) for path in found for value in FREE[name]]
            continue
        assert name in ours.values, f"{template}: say in this file what {name} is"
        owner = theirs if theirs and (name in OWNED or name in TYPED) else ours
        others |= {name} if owner is theirs else set()
        found = [path.replace(placeholder[0], owner.values[name]) for path in found]
    yield from ((path, others) for path in found)


def routes(method: str) -> list[str]:
    skipped = ELSEWHERE | INSTANCE | SESSIONS | STREAMS
    found = [route for route in application().routes if method in getattr(route, "methods", ())]
    return sorted({route.path for route in found} - skipped)


def clean(answer: httpx.Response, *typed: str) -> bool:
    """Return whether an answer has no trace of the other tenant, apart from what was asked for by that word."""
    text = answer.text.lower()
    for word in typed:
        # As it was typed, in an address, and in an address within an address.
        for form in (quote(quote(word, safe=""), safe=""), quote(word, safe=""), quote(word), word):
            text = text.replace(form.lower(), "")
    return TRACE not in text


@pytest.fixture
def sides(running: Running) -> tuple[Side, Side]:
    ours, theirs = side(running, "otter"), side(running, TRACE)
    running.settle()
    return ours, theirs


def test_no_route_shows_another_tenant(running: Running, sides: tuple[Side, Side]) -> None:
    ours, theirs = sides
    leaks: list[str] = []
    seen: list[str] = []

    def ask(path: str, method: str = "GET", *, cookie: str = "", key: str = "", **more: Any) -> httpx.Response:
        headers = {"sec-fetch-site": "same-origin"}
        headers |= {"cookie": f"sendlens_session={cookie}"} if cookie else {}
        headers |= {"authorization": f"Bearer {key}"} if key else {}
        return client.request(method, path, headers=headers, **more)

    with httpx.Client(base_url=running.url, timeout=60) as client:
        for template in routes("GET"):
            api = template.startswith("/v1")
            for path, _ in paths(template, ours):
                asked = (
                    [ask(path + more, key=ours.values["admin"]) for more in QUERIES.get(path, ("",))]
                    if api
                    else [ask(path, cookie=ours.session), ask(path, cookie=ours.viewer)]
                )
                leaks += [f"{path}: {one.status_code}" for one in asked if not clean(one) or one.status_code >= 500]
                seen += [path for one in asked if one.status_code == 200 and "otter" in one.text]
                if not api:
                    foreign = ask(f"{path}?tenant={theirs.tenant.slug}", cookie=ours.session)
                    if foreign.status_code not in {303, 403, 404} or not clean(foreign, theirs.tenant.slug):
                        leaks.append(f"{path} of the other tenant: {foreign.status_code}")
            for path, others in paths(template, ours, theirs):
                if not others:
                    continue
                answer = ask(path, key=ours.values["admin"]) if api else ask(path, cookie=ours.session)
                typed = [theirs.values[name] for name in others]
                if (others & OWNED and answer.status_code != 404) or not clean(answer, *typed):
                    leaks.append(f"{path} with what is theirs: {answer.status_code}")
        for method in ("POST", "PATCH", "DELETE", "PUT"):
            for template in routes(method):
                for path, others in paths(template, ours, theirs):
                    api = template.startswith("/v1")
                    if api:
                        body = {"PATCH": {"role": "viewer"}} if "users" in path else {"PATCH": {"retire": True}}
                        answer = ask(path, method, key=ours.values["admin"], json=body.get(method, {}))
                    else:
                        foreign = f"{path}?tenant={theirs.tenant.slug}"
                        answer = ask(foreign, method, cookie=ours.session, data={"role": "viewer", "secret": "x"})
                        if answer.status_code not in {303, 400, 403, 404} or not clean(answer, theirs.tenant.slug):
                            leaks.append(f"{method} {foreign}: {answer.status_code}")
                        answer = ask(path, method, cookie=ours.session, data={"role": "viewer", "secret": "x"})
                    if others & OWNED and answer.status_code != 404:
                        leaks.append(f"{method} {path}: {answer.status_code}")
    assert leaks == []
    # The test would pass on empty pages: these have to show our own.
    for path in (
        "/",
        "/campaigns",
        "/campaigns/otter-campaign",
        "/recipients",
        "/settings/sources",
        "/settings/people",
        "/settings/audit",
        "/agency",
        "/v1/audit",
    ):
        assert path in seen, path
    control = running.parts.control
    assert control.sources.get(theirs.values["source_id"]).rotated_at == 0
    assert [one.role for one in control.users.members(theirs.tenant.id)] == [Role.ADMIN, Role.VIEWER]
    assert all(not one.revoked_at for one in control.keys.list(theirs.tenant.id))
    assert len(control.invitations.list(theirs.tenant.id)) == 1


def test_no_stream_tells_of_another_tenant(running: Running, sides: tuple[Side, Side]) -> None:
    ours, theirs = sides

    def send(one: Side, word: str, count: int) -> None:
        _, key = one.desk.create_key(f"{word} more", ["ingest"])
        sent = [
            {"id": f"{word}-{i}", "type": "opened", "recipient": f"{word}@a.example", "campaign_id": f"{word}-late"}
            for i in range(count)
        ]
        headers = {"authorization": f"Bearer {key}"}
        assert httpx.post(f"{running.url}/v1/events", json=sent, headers=headers).status_code == 202
        running.settle()

    def both() -> None:
        send(theirs, f"{TRACE}-live", 5)
        send(ours, "otter-live", 2)

    seen = running.parts.hub.latest(ours.tenant.id).version
    cookie = {"cookie": f"sendlens_session={ours.session}"}
    with httpx.stream("GET", f"{running.url}/live?seen={seen}", headers=cookie, timeout=30) as feed:
        lines = feed.iter_lines()
        assert next(lines).startswith(":")
        both()
        told = list(takewhile(lambda line: not line.startswith("data: {"), lines))
        change = running.parts.hub.latest(ours.tenant.id)
        assert (change.events, TRACE in "".join(told)) == (2, False)
    foreign = httpx.get(f"{running.url}/live?tenant={theirs.tenant.slug}", headers=cookie)
    assert (foreign.status_code, clean(foreign, theirs.tenant.slug)) == (404, True)

    address = running.url.replace("http", "ws") + "/v1/live"
    key = {"authorization": f"Bearer {ours.values['admin']}"}
    with connect(address, additional_headers=key, open_timeout=20) as socket:
        first = str(socket.recv(timeout=20))
        send(theirs, f"{TRACE}-socket", 5)
        send(ours, "otter-socket", 2)
        told = [first]
        while "otter-socket-late" not in told[-1]:
            told.append(str(socket.recv(timeout=20)))
    assert TRACE not in "".join(told).lower()
