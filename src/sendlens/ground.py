"""What a process stands on: the data directory, the control plane, and the store, which is opened in a thread.

Owns the order of these three. Imports nothing that they do not need, so that the embedded engine, which does not hold
Python up, reads its parts while `app` and everything above are still being imported.
"""

from __future__ import annotations

import contextlib
from concurrent.futures import ThreadPoolExecutor
from typing import Final, Self

from sendlens.clock import Clock, SystemClock
from sendlens.control.bootstrap import ensure_first_tenant
from sendlens.control.control import Control
from sendlens.control.directory import DataDirectory
from sendlens.control.secrets import load_secret_key
from sendlens.settings import Settings
from sendlens.store.client import Store
from sendlens.store.connection import Engine, parse, staging


class Ground:
    """What is open before the rest of the program is there; a context that closes it, whatever became of the store."""

    def __init__(self, settings: Settings, clock: Clock | None = None) -> None:
        """Open the directory and the control plane, and begin with the store.

        Raises `DataDirectoryInUse` and `SettingsError`, each with the next step; the store's own mistakes are for
        whoever takes it.
        """
        self.settings: Final = settings
        self.clock: Final = clock or SystemClock()
        with contextlib.ExitStack() as stack:
            self.directory = stack.enter_context(DataDirectory.open(settings.data))
            self.control = stack.enter_context(
                Control.open(settings.control_url, load_secret_key(settings), self.clock)
            )
            self.first_tenant, self.new_key = ensure_first_tenant(self.control, settings)
            address = parse(settings.store_url)
            stack.enter_context(staging(address))
            if address.directory:
                Engine.load()
            # The control plane first: where it refuses this version, the store must not be brought to its schema.
            opener = ThreadPoolExecutor(1, thread_name_prefix="store-opening")
            self._store = opener.submit(_open, settings)
            opener.shutdown(wait=False)
            stack.callback(self._close_store)
            self._closing = stack.pop_all()

    def store(self) -> Store:
        """Wait for the store and return it, migrated. Raises `StoreError` if that cannot be done."""
        return self._store.result()

    def close(self) -> None:
        """Close what is open, the latest first. May be called again."""
        self._closing.close()

    def _close_store(self) -> None:
        # One that could not be opened has closed itself, and whoever asked for it has been told.
        if self._store.exception() is None:
            self._store.result().close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _open(settings: Settings) -> Store:
    store = Store.open(settings)
    try:
        store.migrate()
    except BaseException:
        store.close()
        raise
    return store
