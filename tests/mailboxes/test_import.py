"""`sendlens import --format mail`: mails, mbox files, Maildirs and reports, each posted as one request."""

import asyncio
import gzip
from pathlib import Path

import httpx
import pytest

from sendlens.cli.import_ import Import
from sendlens.cli.import_mail import letters
from sendlens.errors import NotFound
from sendlens.model.events import Event
from tests.intake.world import KEY, World
from tests.sources.mail import reports
from tests.sources.mail.letters import CASES, mail

MAILS = [mail(case) for case in CASES[:3]]


def run(world: World, *paths: Path) -> int:
    wanted = Import(paths, "/v1/mail", "", None, 2, mails=True)
    return asyncio.run(wanted.run("http://test", KEY, httpx.ASGITransport(app=world.app)))  # pyright: ignore[reportArgumentType] (typed more loosely)


def test_every_kind_of_file_is_sent(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    box = tmp_path / "box"
    for name in ("new", "cur", "tmp"):
        (box / name).mkdir(parents=True)
    (box / "new" / "1").write_bytes(MAILS[0])
    (box / "cur" / "2:2,S").write_bytes(MAILS[1])
    (box / "tmp" / "3").write_bytes(b"half a mail")
    folder = tmp_path / "reports"
    folder.mkdir()
    (folder / "a.xml.gz").write_bytes(gzip.compress(reports.dmarc()))
    (folder / "b.zip").write_bytes(reports.zipped(("b.xml", reports.dmarc(reports.NEW))))
    (folder / "c.xml").write_bytes(reports.dmarc(reports.OLD, reports.row(ip="nowhere")))
    (folder / "d.json").write_bytes(reports.tls())
    mbox = tmp_path / "all.mbox"
    mbox.write_bytes(b"".join(b"From x Sun Oct 25 10:00:00 2026\n" + each.rstrip() + b"\n\n" for each in MAILS))
    world = World()
    assert run(world, box, folder, mbox) == 1
    told = capsys.readouterr()
    assert "9 mails and files: 13 accepted, 1 rejected" in told.out
    assert f"{folder / 'c.xml'}:1: source_ip" in told.err
    ids = [record.id for record in world.records() if isinstance(record, Event)]
    assert len(set(ids)) == 5, "the mails of the mbox are those of the Maildir, and count once"


def test_a_path_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="nowhere"):
        list(letters([tmp_path / "nowhere"]))
