"""Files imported in the browser: the same records as any post, told with their lines."""

import asyncio
import gzip
import json
from pathlib import Path
from typing import cast

import httpx
import pytest

from sendlens.clock import FrozenClock
from sendlens.control.imports import ImportJobs
from sendlens.control.roles import Role
from sendlens.errors import BadRequest, TooBusy
from sendlens.pipeline.disguise import Disguise
from sendlens.pipeline.door import Door
from sendlens.pipeline.imports import Imports
from sendlens.sources import files
from tests.web.conftest import Running

LINES = "\n".join(
    json.dumps({"id": f"e{i}", "type": "delivered", "recipient": f"p{i}@example.com"}) for i in range(2500)
)


def upload(running: Running, client: httpx.Client, name: str, body: bytes) -> httpx.Response:
    answer = client.post("/settings/import", files={"file": (name, body)})
    if answer.status_code == 303:
        where = answer.headers["location"]
        running.until(lambda: "Reading:" not in client.get(where).text)
        return client.get(where)
    return answer


def test_a_file_is_read_like_any_post_and_told_by_line(running: Running) -> None:
    user = running.parts.control.users.create("ada@example.com")
    running.parts.control.users.set_role(running.tenant.id, user.id, Role.ADMIN)
    _, token = running.parts.control.sessions.begin(user=user.id)
    headers = {"cookie": f"sendlens_session={token}", "sec-fetch-site": "same-origin"}
    with httpx.Client(base_url=running.url, headers=headers, timeout=30) as client:
        broken = LINES.encode() + b'\n{"id": "x", "type": "delivered"}\nno json\n'
        page = upload(running, client, "history.ndjson.gz", gzip.compress(broken))
        assert "Done." in page.text
        assert "2,500" in page.text
        assert "2,501" in page.text
        assert "recipient" in page.text
        running.settle()
        assert running.stored() == 2500
        upload(
            running, client, "again.csv", b"id,type,recipient\ne1,delivered,p1@example.com\nn1,opened,p1@example.com\n"
        )
        running.settle()
        assert running.stored() == 2501, "what was counted is recognised"
        refused = upload(running, client, "list.json", b'{"neither": 1}')
        assert "neither a JSON array" in refused.text
        assert str(running.parts.settings.data) not in refused.text
        assert upload(running, client, "", b"").status_code == 400
        assert client.get("/settings/import/elsewhere").status_code == 404
        viewer = running.parts.control.users.create("bob@example.com")
        running.parts.control.users.set_role(running.tenant.id, viewer.id, Role.VIEWER)
        _, other = running.parts.control.sessions.begin(user=viewer.id)
        client.headers["cookie"] = f"sendlens_session={other}"
        assert upload(running, client, "a.ndjson", b"{}").status_code == 403
    assert list((running.parts.settings.data / "uploads").iterdir()) == []
    (deed, *_) = running.parts.control.audit.list(running.tenant.id, actions=["file.import"])
    assert deed.actor == user.id


def test_a_line_without_end_is_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    monkeypatch.setattr(files, "LONGEST_LINE", 1000)
    bomb = tmp_path_factory.mktemp("bomb") / "bomb.ndjson.gz"
    bomb.write_bytes(gzip.compress(b"0" * 100_000))
    with pytest.raises(BadRequest, match="line 1: longer than 1,000 bytes"):
        list(files.records([bomb]))


def test_an_upload_that_came_second_is_not_left_on_disk(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def busy(_: Imports, tenant: str) -> None:
        raise TooBusy(f"an import of {tenant} is running", retry_after=10)

    unasked = (cast("ImportJobs", None), cast("Disguise", None))
    imports = Imports(cast("Door", None), FrozenClock(0), tmp_path, *unasked)
    second = tmp_path / "second.ndjson"
    second.write_bytes(b"{}")
    monkeypatch.setattr(Imports, "check", busy)
    with pytest.raises(TooBusy):
        asyncio.run(imports.start("t_1", "second.ndjson", second))
    assert not second.exists()
