"""The data directory and the secret key in it."""

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from sendlens.control import DataDirectory, load_secret_key
from sendlens.control.secrets import Keyring
from sendlens.errors import DataDirectoryInUse, SendlensError, SettingsError
from sendlens.settings import Settings


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_new_directory_is_closed_to_others(tmp_path: Path) -> None:
    with DataDirectory.open(tmp_path / "deep" / "data") as directory:
        assert mode(directory.path) == 0o700
        assert (directory.path / "format").read_text() == "1\n"


def test_a_second_process_is_told_who_is_in(tmp_path: Path) -> None:
    program = "import sys; from pathlib import Path; from sendlens.control import DataDirectory\n"
    program += "DataDirectory.open(Path(sys.argv[1])); print('in', flush=True); sys.stdin.read()"
    other = subprocess.Popen(
        [sys.executable, "-c", program, tmp_path], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert other.stdout is not None
    assert other.stdout.readline() == "in\n"
    with pytest.raises(DataDirectoryInUse, match=f"process {other.pid}") as found:
        DataDirectory.open(tmp_path)
    assert "SENDLENS_DATA" in found.value.hint
    # A killed process leaves no lock behind.
    other.kill()
    other.communicate()
    DataDirectory.open(tmp_path).close()


def test_the_lock_ends_with_close(tmp_path: Path) -> None:
    first = DataDirectory.open(tmp_path)
    with pytest.raises(DataDirectoryInUse, match=f"process {os.getpid()}"):
        DataDirectory.open(tmp_path)
    first.close()
    first.close()
    DataDirectory.open(tmp_path).close()


def test_a_newer_format_is_refused(tmp_path: Path) -> None:
    (tmp_path / "format").write_text("2\n")
    with pytest.raises(SendlensError, match="format '2'"):
        DataDirectory.open(tmp_path)


def test_a_first_start_that_was_cut_short_is_finished(tmp_path: Path) -> None:
    (tmp_path / "format").touch()
    DataDirectory.open(tmp_path).close()
    assert (tmp_path / "format").read_text() == "1\n"


def test_a_directory_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(SettingsError, match="cannot be used"):
        DataDirectory.open(tmp_path / "file" / "data")


def test_the_secret_key_is_made_once_and_readable_by_us_alone(tmp_path: Path) -> None:
    settings = Settings(data=tmp_path / "data")
    key = load_secret_key(settings)
    assert len(key) == 64
    assert load_secret_key(settings) == key
    assert mode(tmp_path / "data" / "secret.key") == 0o600
    assert [path.name for path in (tmp_path / "data").iterdir()] == ["secret.key"]
    assert load_secret_key(Settings(data=tmp_path / "other")) != key


def test_the_secret_key_of_the_settings_wins_and_writes_no_file(tmp_path: Path) -> None:
    assert load_secret_key(Settings(data=tmp_path, secret_key="k" * 32)) == b"k" * 32
    assert list(tmp_path.iterdir()) == []


def test_a_broken_key_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "secret.key").write_text("short")
    with pytest.raises(SettingsError, match=r"secret\.key holds 5 bytes"):
        load_secret_key(Settings(data=tmp_path))


def test_a_keyring_opens_its_own_and_shows_nothing() -> None:
    keyring = Keyring(b"k" * 32)
    sealed = keyring.seal("hidden-text", "t_one", "src_one")
    assert sealed != keyring.seal("hidden-text", "t_one", "src_one")
    assert keyring.open(sealed, "t_one", "src_one").reveal() == "hidden-text"
    for other, owner in ((keyring, ("t_two", "src_one")), (Keyring(b"j" * 32), ("t_one", "src_one"))):
        with pytest.raises(SettingsError) as found:
            other.open(sealed, *owner)
        assert "hidden-text" not in str(found.value)
    assert repr(keyring) == "Keyring(hidden)"
