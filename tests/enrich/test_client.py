import csv
from pathlib import Path

import pytest

from sendlens.enrich.agents import AGENTS
from sendlens.enrich.client import APPLE_PRIVACY, UNKNOWN, identify

# A system or device `*` is not asserted.
with (Path(__file__).parent / "agents.tsv").open(encoding="utf-8", newline="") as file:
    AGENTS_READ = list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))


@pytest.mark.parametrize("row", AGENTS_READ, ids=lambda row: row["agent"][:50])
def test_agents_are_read(row):
    seen = identify(row["agent"])
    read = (seen.client, seen.client_kind, seen.machine_hint)
    assert read == (row["client"], row["kind"], row["hint"])
    assert row["device"] in ("*", seen.device)
    assert row["os"] in ("*", seen.os)


def test_there_are_enough_agents():
    assert len(AGENTS_READ) >= 150


def test_bare_mozilla_is_apple_privacy_and_nothing_longer_is():
    assert identify("Mozilla/5.0") is APPLE_PRIVACY
    assert identify(" Mozilla/5.0 ") is APPLE_PRIVACY
    assert identify("Mozilla/5.0 (X11; Linux x86_64)").machine_hint == ""


@pytest.mark.parametrize("agent", ["", "   ", "\x00\x01", "\ud800", "x" * 5000, "(" * 300, "İ" * 40])
def test_anything_is_survived(agent):
    assert identify(agent).device in {"unknown", "desktop", "mobile", "tablet", "proxy", "bot"}


def test_no_agent_is_unknown():
    assert identify("") == UNKNOWN


def test_every_row_can_match_itself():
    # A row hidden behind an earlier one is dead weight and misleads whoever reads the table.
    hidden = []
    for row in AGENTS:
        words = [word for word in row.words.removeprefix("=").split(" & ") if not word.startswith("!")]
        seen = identify(words[0] if row.words.startswith("=") else " ".join(["x", *words]))
        if seen.client != row.client:
            hidden.append((row.words, seen.client))
    assert hidden == []


def test_the_table_is_large_enough_to_be_of_use():
    assert len({row.client for row in AGENTS if row.kind == "mail"}) >= 40
    assert len([row for row in AGENTS if row.kind in ("scanner", "bot", "library")]) >= 60
