"""Directory, control plane and store are opened in this order, and closed whatever became of the store."""

import subprocess
import sys
from pathlib import Path

import pytest

from sendlens.errors import DataDirectoryInUse, SettingsError, StoreError
from sendlens.ground import Ground
from sendlens.settings import Settings
from sendlens.store import Store


def test_what_is_open_is_closed_and_opened_again(embedded_url: str, tmp_path: Path) -> None:
    settings = Settings(data=tmp_path, store=embedded_url)
    with Ground(settings) as ground:
        assert ground.new_key
        assert ground.store().migrate() == []
        with pytest.raises(DataDirectoryInUse):
            Ground(settings)
    with pytest.raises(StoreError, match="closed"):
        ground.store().migrate()
    with Ground(settings) as again:
        assert (again.first_tenant, again.new_key) == (ground.first_tenant, None)


def test_a_store_that_cannot_be_opened_is_told_to_who_takes_it(embedded_store: Store, tmp_path: Path) -> None:
    settings = Settings(data=tmp_path, store=f"chdb://{tmp_path}/elsewhere")
    for _ in range(2):  # the second finds the directory free again
        with Ground(settings) as ground, pytest.raises(StoreError, match="this process has the embedded store"):
            ground.store()
    assert embedded_store.ping()


def test_a_store_is_left_alone_where_the_control_plane_refuses(
    embedded_store: Store, embedded_url: str, tmp_path: Path
) -> None:
    Ground(Settings(data=tmp_path, store=f"chdb://{tmp_path}/elsewhere")).close()
    with pytest.raises(SettingsError, match="secret key"):
        Ground(Settings(data=tmp_path, store=embedded_url, secret_key="another secret key, also long enough"))
    name = embedded_url.rpartition("=")[2]
    there = "SELECT count() FROM system.databases WHERE name = {name:String}"
    assert embedded_store.fetch_internal(there, {"name": name}).scalar() == 0


def test_the_engine_is_loaded_before_another_thread_is_there(tmp_path: Path) -> None:
    """Its import leaves the working directory for a moment: a relative path of another thread would lead elsewhere."""
    code = """
import os, sys, threading
import subprocess
import sys
from pathlib import Path
moves = []
sys.addaudithook(lambda name, _: moves.append(threading.current_thread().name) if name == "os.chdir" else None)
from sendlens.ground import Ground
from sendlens.settings import Settings
with Ground(Settings(data=Path("data"))) as ground:
    ground.store()
print(sorted(set(moves)), Path.cwd(), (Path("data") / "store").is_dir())
"""
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["['MainThread']", str(tmp_path), "True"]
