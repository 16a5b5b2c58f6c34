"""Imports outlive the process: a job goes on where it was, and one whose file is gone says what to do."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import cast

import pytest

from sendlens.clock import FrozenClock, SystemClock
from sendlens.control.control import Control
from sendlens.control.imports import MOST_OF_A_TENANT, Import
from sendlens.errors import NotFound
from sendlens.model.events import Event, RecordKind
from sendlens.pipeline import imports as of
from sendlens.pipeline.disguise import Disguise
from sendlens.pipeline.door import Accepted, Door
from sendlens.pipeline.imports import Imports
from sendlens.settings import Settings
from sendlens.sources.received import Mapped

LINES = 3500


class Gate:
    """A door that takes so many records and then keeps whoever comes waiting."""

    def __init__(self, most: int = 1 << 60) -> None:
        self.most = most
        self.taken: list[str] = []
        self.full = asyncio.Event()

    async def accept(
        self, tenant: str, source: str, kind: RecordKind, mapped: Mapped, received_at: int, request_id: str = ""
    ) -> Accepted:
        if len(self.taken) >= self.most:
            self.full.set()
            await asyncio.Event().wait()
        self.taken += [event.id for event in mapped.records if isinstance(event, Event)]
        return Accepted(len(mapped.records), len(mapped.rejected))


def uploaded(directory: Path) -> Path:
    """Write a file of events, one of them wrong; return it."""
    directory.mkdir(exist_ok=True)
    lines = [json.dumps({"id": f"e{i}", "type": "delivered", "recipient": f"p{i}@example.com"}) for i in range(LINES)]
    lines[3] = json.dumps({"id": "e3", "type": "delivered", "recipient": ["zoe@example.com"]})
    file = directory / "abc.ndjson"
    file.write_text("\n".join(lines))
    return file


@pytest.mark.parametrize("pseudonymous", [False, True])
def test_a_job_goes_on_after_a_restart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pseudonymous: bool) -> None:
    monkeypatch.setattr(of, "SAVE_SECONDS", 0.0)
    settings = Settings(data=tmp_path, pseudonymous=pseudonymous)

    with Control.open(settings.control_url, b"k" * 32, SystemClock()) as control:
        tenant = control.tenants.create("main", "Main").id

        def imports(gate: Gate) -> Imports:
            disguise = Disguise(settings, control.pseudonym)
            return Imports(cast("Door", gate), SystemClock(), tmp_path / "uploads", control.imports, disguise)

        async def run() -> None:
            first = Gate(most=1500)
            before = imports(first)
            job = await before.start(tenant, "history.ndjson", uploaded(tmp_path / "uploads"))
            await first.full.wait()
            await before.stop()
            kept = control.imports.get(tenant, job.id)
            assert (kept.state, kept.records) == ("running", len(first.taken) + 1)
            assert (tmp_path / "uploads" / "abc.ndjson").exists()
            (tmp_path / "uploads" / "left.ndjson").write_text("of nobody")

            second = Gate()
            after = imports(second)
            await after.resume()
            assert [one.resumed for one in await after.of(tenant)] == [1]
            await after.finished(job.id)
            done = control.imports.get(tenant, job.id)
            assert (done.state, done.records, done.accepted, done.rejected) == ("done", LINES, LINES - 1, 1)
            assert not set(first.taken) & set(second.taken)
            assert len(first.taken) + len(second.taken) == LINES - 1
            (wrong,) = done.rejections
            assert (wrong.line, "recipient: " in wrong.reason) == (4, True)
            assert ("zoe@example.com" in wrong.reason) is not pseudonymous
            assert list((tmp_path / "uploads").iterdir()) == []
            control.imports.rewrite(tenant, lambda text: text.replace("zoe@example.com", ""))
            assert "zoe" not in control.imports.get(tenant, job.id).rejections[0].reason

        asyncio.run(run())


def test_a_job_without_its_file_says_what_to_do(tmp_path: Path) -> None:
    settings = Settings(data=tmp_path)
    with Control.open(settings.control_url, b"k" * 32, FrozenClock(5)) as control:
        tenant = control.tenants.create("main", "Main").id
        other = control.tenants.create("other", "Other").id
        for number in range(MOST_OF_A_TENANT + 5):
            old = Import(id=f"old{number}", tenant=tenant, name="a", file="a", size=1, started_at=number, state="done")
            control.imports.add(old)
        lost = Import(id="lost", tenant=tenant, name="b.csv", file="gone.csv", size=9, started_at=99, records=7)
        control.imports.add(lost)

        async def run() -> None:
            disguise = Disguise(settings, control.pseudonym)
            imports = Imports(cast("Door", Gate()), FrozenClock(5), tmp_path / "uploads", control.imports, disguise)
            await imports.resume()
            found = await imports.get(tenant, "lost")
            assert (found.state, found.records, found.finished_at) == ("interrupted", 7, 5)
            assert "Send it again" in found.problem
            assert len(await imports.of(tenant)) == MOST_OF_A_TENANT
            assert await imports.of(other) == []
            with pytest.raises(NotFound):
                await imports.get(other, "lost")

        asyncio.run(run())
