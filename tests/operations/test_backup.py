"""What a backup refuses, and what restoring one refuses: nothing is ever half there."""

import json
import os
import shutil
import sqlite3
import tarfile
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from tests.harness.server import inspect_data
from tests.operations.commands import sendlens, sendlens_json


def modes(directory: Path) -> set[int]:
    return {path.stat().st_mode & 0o077 for path in (directory, *directory.rglob("*"))}


def test_a_stopped_server(stopped: Path, backup: Path, tmp_path: Path) -> None:
    manifest = json.loads((backup / "manifest.json").read_text())
    assert manifest["rows"]["events"] == 120
    assert manifest["waiting"] == 0
    assert manifest["secret_key"]
    assert modes(backup) == {0}, "only the owner may read a backup"
    data = tmp_path / "data"
    assert "Restored" in sendlens(data, "restore", str(backup))
    assert sendlens_json(data, "doctor")["healthy"]
    counted = inspect_data(data, events="SELECT count() FROM events", sums="SELECT sum(n) FROM metrics_quarter")
    assert counted == inspect_data(
        stopped, events="SELECT count() FROM events", sums="SELECT sum(n) FROM metrics_quarter"
    )
    assert counted["disagreements"] == []
    for name in ("log.sqlite", "control.sqlite"):
        connection = sqlite3.connect(data / name)
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",), "readers must not wait for the writer"
        connection.close()


def test_a_file_only_its_owner_may_read(stopped: Path, tmp_path: Path) -> None:
    target = tmp_path / "deep" / "down" / "backup.tar"
    assert "The secret key is not in it" in sendlens(stopped, "backup", str(target))
    assert target.stat().st_mode & 0o077 == 0
    with tarfile.open(target) as archive:
        assert not [name for name in archive.getnames() if "secret" in name]
    secret = (stopped / "secret.key").read_bytes().strip()
    assert secret not in target.read_bytes()
    assert [path.name for path in target.parent.iterdir()] == ["backup.tar"]


def test_a_key_from_the_settings_restores_it(stopped: Path, tmp_path: Path) -> None:
    target = tmp_path / "backup"
    sendlens(stopped, "backup", str(target))
    data = tmp_path / "data"
    wrong = sendlens(data, "restore", str(target), code=2, SENDLENS_SECRET_KEY="w" * 40)
    assert "secret key is not the one" in wrong
    assert not list(data.iterdir()), "a failed restore leaves the directory as empty as it was"
    right = (stopped / "secret.key").read_text().strip()
    sendlens(data, "restore", str(target), SENDLENS_SECRET_KEY=right)
    assert not (data / "secret.key").exists()
    assert "main" in sendlens(data, "tenant", "list", SENDLENS_SECRET_KEY=right)


@pytest.mark.parametrize(
    ("target", "words"),
    [
        ("{data}/backup", "inside the data directory"),
        ("{there}", "exists already"),
        ("{there}/something/backup", "cannot be written"),
    ],
)
def test_a_place_that_will_not_do(stopped: Path, tmp_path: Path, target: str, words: str) -> None:
    (tmp_path / "there").mkdir()
    (tmp_path / "there" / "something").write_text("of somebody")
    place = target.format(data=stopped, there=tmp_path / "there")
    assert words in sendlens(stopped, "backup", place, code=2)
    assert (tmp_path / "there" / "something").read_text() == "of somebody"


def test_what_is_not_in_the_directory_is_not_pretended_to_be(stopped: Path, tmp_path: Path) -> None:
    elsewhere = {"SENDLENS_STORE": "clickhouse://localhost:1/x", "SENDLENS_CONTROL": "postgresql://localhost:1/x"}
    for name, address in elsewhere.items():
        answer = sendlens(stopped, "backup", str(tmp_path / "backup"), code=2, **{name: address})
        assert "docs/operations.md" in answer
        assert not (tmp_path / "backup").exists()


def test_a_refreshed_list_of_networks_comes_back(stopped: Path, tmp_path: Path) -> None:
    data = Path(shutil.copytree(stopped, tmp_path / "data", symlinks=True))
    text = "date 2027-01-01\nmine 198.51.100.0/24\n"
    (tmp_path / "list.txt").write_text(text)
    sendlens(data, "networks", "refresh", "--from", str(tmp_path / "list.txt"))
    sendlens(data, "backup", str(tmp_path / "backup.tar"), "--with-secret-key")
    again = tmp_path / "again"
    sendlens(again, "restore", str(tmp_path / "backup.tar"))
    assert (again / "networks.txt").read_text() == text
    assert sendlens_json(again, "networks")["ranges"] == {"mine": 1}


def test_what_a_killed_backup_left_is_cleared(stopped: Path, tmp_path: Path) -> None:
    data = Path(shutil.copytree(stopped, tmp_path / "data", symlinks=True))
    snapshot = data / "store" / "engine" / "shadow" / "sendlens_backup" / "store"
    partial = tmp_path / ".backup.partial"
    for left in (snapshot, partial):
        left.mkdir(parents=True)
        (left / "half").write_text("a file")
    sendlens(data, "backup", str(tmp_path / "backup"))
    assert not snapshot.parent.exists()
    assert not partial.exists()
    sendlens(data, "restore", str(tmp_path / "backup"), "--check")


def test_another_user_leaves_no_files(stopped: Path, tmp_path: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can give a directory away")
    data = Path(shutil.copytree(stopped, tmp_path / "data", symlinks=True))
    os.chown(data, 12345, 12345)
    assert "belongs to the user 12345" in sendlens(data, "backup", str(tmp_path / "backup"), code=2)
    assert "belongs to the user 12345" in sendlens(data, "doctor", code=1)


def test_no_sendlens_there(tmp_path: Path) -> None:
    assert "There is no Sendlens" in sendlens(tmp_path / "nothing", "backup", str(tmp_path / "backup"), code=2)
    assert not (tmp_path / "nothing").exists()
    assert "There is no backup" in sendlens(tmp_path / "new", "restore", str(tmp_path / "nothing"), code=2)


def change_a_byte(backup: Path) -> None:
    victim = max((backup / "store" / "events").rglob("*.bin"), key=lambda path: path.stat().st_size)
    content = bytearray(victim.read_bytes())
    content[len(content) // 2] ^= 1
    victim.write_bytes(content)


def lose_a_file(backup: Path) -> None:
    next((backup / "store" / "messages").rglob("count.txt")).unlink()


def cut_the_log(backup: Path) -> None:
    content = (backup / "log.sqlite").read_bytes()
    (backup / "log.sqlite").write_bytes(content[: len(content) // 2])


def edit_the_manifest(backup: Path) -> None:
    content = (backup / "manifest.json").read_text()
    (backup / "manifest.json").write_text(content.replace('"waiting": 0', '"waiting": 1'))


def rewritten(backup: Path, change: Callable[[dict[str, Any]], None]) -> None:
    """Change the manifest as somebody would who also writes its checksum."""
    manifest = json.loads((backup / "manifest.json").read_text())
    change(manifest)
    content = json.dumps(manifest).encode()
    (backup / "manifest.json").write_bytes(content)
    (backup / "manifest.sha256").write_text(sha256(content).hexdigest())


def climb_out(backup: Path) -> None:
    rewritten(backup, lambda manifest: manifest["files"][0].update(path="../outside"))


def come_from_the_future(backup: Path) -> None:
    rewritten(backup, lambda manifest: manifest["migrations"].update({"9999": "0123456789abcdef"}))


def be_of_another_format(backup: Path) -> None:
    rewritten(backup, lambda manifest: manifest.update(format=99))


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (change_a_byte, "does not have the checksum"),
        (lose_a_file, "lacks the file"),
        (cut_the_log, "does not have the checksum"),
        (edit_the_manifest, "does not have the checksum"),
        (climb_out, "not inside the backup"),
        (come_from_the_future, "does not know"),
        (be_of_another_format, "reads up to"),
    ],
)
@pytest.mark.parametrize("check", [True, False])
def test_damage_is_told_and_nothing_restored(
    backup: Path, tmp_path: Path, damage: Callable[[Path], None], words: str, check: bool
) -> None:
    copy = Path(shutil.copytree(backup, tmp_path / "copy"))
    damage(copy)
    data = tmp_path / "data"
    assert words in sendlens(data, "restore", str(copy), *(["--check"] if check else []), code=2)
    assert not data.exists() or not list(data.iterdir())
    assert not (tmp_path / "outside").exists()


def test_no_server_starts_on_a_restore_that_was_cut_off(backup: Path, tmp_path: Path) -> None:
    data = tmp_path / "data"
    sendlens(data, "restore", str(backup))
    (data / "format").write_text("restoring\n")
    assert "being restored" in sendlens(data, "tenant", "list", code=2)
    assert "being restored" in sendlens(data, "serve", "--port", "0", code=2)
    assert not sendlens_json(data, "doctor", code=1)["healthy"]
