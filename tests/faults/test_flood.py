"""One tenant floods the server with posts and questions; another, quiet one is answered as before."""

from __future__ import annotations

import re
from pathlib import Path

import httpx
import pytest

from tests.faults.fairness import measure
from tests.faults.flood import Flood, quiet, second_tenant
from tests.harness.server import KEY, inspect_data, running

# Low enough that the flood meets them in a short run, on a busy machine, too, where it is the first that has to wait.
LIMITS = {
    "SENDLENS_RATE_EVENTS": "50",
    "SENDLENS_RATE_BURST": "500",
    "SENDLENS_API_REQUESTS": "8",
    "SENDLENS_QUERY_SECONDS_PER_MINUTE": "30",
}


def test_a_quiet_tenant_is_never_refused(tmp_path: Path) -> None:
    """The flood waits or is refused with reasons, and what was acknowledged to either is stored once."""
    with running(tmp_path / "data", **LIMITS) as server:
        key = second_tenant(server, "quiet")
        with Flood(server.url, KEY, posters=6, askers=12, batch=100) as flood:
            calm = quiet(server, key, 25, "calm")
            told = httpx.get(f"{server.url}/metrics").text
        assert calm.refused() == 0, calm.statuses
        assert not calm.unexplained
        assert not flood.unexplained, flood.unexplained
        assert flood.statuses["post 429"], flood.statuses
        assert flood.statuses["query 429"], flood.statuses
        assert "sendlens_tenants_behind 1.0" in told
        for kind in ("bodies", "questions"):
            assert not re.search(rf'sendlens_turns_waited_total{{kind="{kind}"}} 0\.0', told), told
        server.wait_settled()
        server.stop()
    seen = inspect_data(tmp_path / "data", stored="SELECT order_id FROM events")
    stored = [row[0] for row in seen["answers"]["stored"]]
    assert len(stored) == len(set(stored))
    assert calm.acknowledged <= set(stored)
    assert flood.acknowledged <= set(stored)
    assert len(calm.acknowledged) == 75
    assert seen["disagreements"] == []


@pytest.mark.long
def test_a_quiet_tenant_waits_little_longer(tmp_path: Path) -> None:
    """Than while the same traffic goes elsewhere: what generating it costs is not the server's.

    The margins are for machines that do other things, too. The figures that are published are printed by
    `python -m tests.faults.fairness`. What the server works on for others meanwhile depends less on the machine.
    """
    with running(tmp_path / "data") as server:
        found = measure(server, second_tenant(server, "quiet"), rounds=3, each=50)
    for what in ("post", "query"):
        assert found.ratio(what) < 3, str(found)
        assert found.work(what) < 2, str(found)
