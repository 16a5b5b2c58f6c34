"""Whose query gets the processor: what the engine does for a tenant that had more is done behind everything else."""

from __future__ import annotations

import os
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from sendlens.priority import BEHIND, WORKING, stand_back
from sendlens.store import Store, query
from sendlens.store.hands import begin

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="nice values of threads are Linux's")


def nice() -> int:
    return os.getpriority(os.PRIO_PROCESS, threading.get_native_id())


def test_a_tenant_that_had_more_is_worked_for_behind_the_others(
    embedded_store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []
    ask = query.rows_of

    def noting(*asking: object) -> query.Rows:
        asked.append(nice())
        return ask(*asking)  # pyright: ignore[reportArgumentType] - handed on as it came

    monkeypatch.setattr(query, "rows_of", noting)
    monkeypatch.setattr(embedded_store._readers._admission, "_is_ahead", lambda tenant: tenant == "heavy")  # pyright: ignore[reportPrivateUsage]
    for tenant in ("heavy", "light", "heavy"):
        assert embedded_store.query(tenant, "SELECT {tenant:String}").scalar() == tenant
    assert asked == [max(BEHIND, nice()), nice(), max(BEHIND, nice())]


def test_threads_that_are_started_by_one_that_stands_back_do_so_too() -> None:
    with ThreadPoolExecutor(1) as one:

        def child() -> int:
            stand_back(0)  # takes nothing back
            return one.submit(nice).result()

        assert begin(child) == max(WORKING, nice())
    with ThreadPoolExecutor(1) as other:
        assert other.submit(nice).result() == nice()
