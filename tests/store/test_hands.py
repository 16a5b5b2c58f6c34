"""Whose query gets the processor: what the engine does for a tenant that stands back is done behind everything else."""

from __future__ import annotations

import os
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from sendlens.priority import BEHIND, stand_back
from sendlens.store import Store, query
from sendlens.store.asker import Asker, asking

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="nice values of threads are Linux's")


def nice() -> int:
    return os.getpriority(os.PRIO_PROCESS, threading.get_native_id())


def test_a_tenant_that_stands_back_is_worked_for_behind_the_others(
    embedded_store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []
    ask = query.rows_of

    def noting(*asking: object) -> query.Rows:
        asked.append(nice())
        return ask(*asking)  # pyright: ignore[reportArgumentType] - handed on as it came

    monkeypatch.setattr(query, "rows_of", noting)
    for tenant in ("heavy", "light", "heavy"):
        who = Asker()
        who.behind = tenant == "heavy"
        with asking(who):
            assert embedded_store.query(tenant, "SELECT {tenant:String}").scalar() == tenant
    assert asked == [max(BEHIND, nice()), nice(), max(BEHIND, nice())]


def test_whoever_stands_back_does_so_alone_and_for_good() -> None:
    def back() -> int:
        stand_back(BEHIND)
        stand_back(0)  # takes nothing back
        return nice()

    before = nice()
    with ThreadPoolExecutor(1) as thread:
        assert thread.submit(back).result() == max(BEHIND, before)
    assert nice() == before
