"""How what arrives gets on, on the page Intake: lights of sources, lag, what is polled, and the button of the fuse."""

from __future__ import annotations

import json

import pytest

from sendlens.control.polls import PollState
from sendlens.control.roles import Role
from sendlens.pipeline.fuse import Blown
from tests.web.conftest import Running


def test_lights_lag_mailboxes_and_the_fuse(running: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    control, tenant = running.parts.control, running.tenant.id

    def panel(name: str, **headers: str) -> str:
        return running.ask("GET", f"/panels/{name}", headers=headers).text

    def rows(name: str) -> list[dict[str, object]]:
        return json.loads(panel(f"{name}.json"))["rows"]

    assert "no event yet" in panel("source-lights")
    assert "Nothing is polled" in panel("polled")
    assert "Nothing waits" in panel("lag")
    running.send(0, 30)
    running.settle()
    running.until(lambda: rows("lag"))
    (line,) = rows("lag")
    assert (line["source"], line["waiting"], line["oldest_seconds"]) == ("api", 0, None)
    assert 0 < float(str(line["longest_seconds"])) < 30
    assert "the tables are there too" in panel("lag")
    (light,) = rows("source-lights")
    # Without waiting for the next write of the control plane.
    assert (light["source"], light["state"], light["refused_requests"]) == ("api", "on", 0)

    hooks = control.sources.create(tenant, "hooks", "postmark", {}, ["user:password"])
    version = running.parts.hub.latest(tenant).version
    assert running.ask("POST", f"/hooks/postmark/{hooks.id}", json={}).status_code == 401
    assert running.parts.hub.latest(tenant).version != version, "an open page is told"
    assert running.parts.hub.latest(tenant).at > 0
    lights = {str(one["source"]): one for one in rows("source-lights")}
    assert (lights["hooks"]["state"], lights["hooks"]["refused_requests"]) == ("refused", 1)
    assert "1 request refused since yesterday" in panel("source-lights")

    box = control.sources.create(tenant, "box", "mail", {"mailbox": "imaps://ada@mail.example/"}, ["secret"])
    control.polls.put(
        box.id, PollState(looked_at=5, tried_at=9, failing_since=7, read=3, error="the password is wrong")
    )
    shown = panel("polled")
    assert "cannot be read" in shown
    assert "the password is wrong" in shown
    (polled,) = rows("polled")
    assert (polled["source"], polled["read"], polled["problem"]) == ("box", 3, "the password is wrong")
    running.parts.health.samples.take(running.parts.settings, control, running.parts.store)
    health = running.ask("GET", "/health/ready")
    assert (health.status_code, health.json()["status"]) == (200, "degraded")
    assert "the password" not in health.text

    # A source is stopped: everybody sees it, admins can let it in again.
    blown = Blown(tenant, hooks.id, 1, 30, 30, "ZeroDivisionError: a mistake of ours", 1, parks=True)
    running.parts.fuse.stop(blown)
    sessions: dict[Role, str] = {}
    for role in (Role.VIEWER, Role.ANALYST, Role.ADMIN):
        user = control.users.create(f"{role}@example.com")
        control.users.set_role(tenant, user.id, role)
        sessions[role] = f"sendlens_session={control.sessions.begin(user=user.id)[1]}"
        seen = panel("source-lights", cookie=sessions[role])
        assert "30 of 30 records could not be processed" in seen
        assert ("Reset the fuse" in seen) is (role is Role.ADMIN), role

    def reset(role: Role, site: str = "same-origin") -> int:
        headers = {"cookie": sessions[role], "sec-fetch-site": site}
        return running.ask("POST", "/intake/reset", headers=headers, data={"source": hooks.id}).status_code

    assert (reset(Role.VIEWER), reset(Role.ANALYST), reset(Role.ADMIN, "cross-site")) == (403, 403, 403)
    assert running.parts.fuse.blown(tenant) == [blown]
    assert reset(Role.ADMIN) == 303
    assert "The source is let in again" in running.ask("GET", "/intake?reset=1").text
    assert running.parts.fuse.blown(tenant) == []
    assert reset(Role.ADMIN) == 404
    (deed, *_) = control.audit.list(tenant, actions=["fuse.reset"])
    assert deed.about == hooks.id
