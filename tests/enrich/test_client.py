import pytest

from sendlens.enrich.agents import AGENTS
from sendlens.enrich.client import APPLE_PRIVACY, UNKNOWN, identify

WEBKIT = "AppleWebKit/605.1.15 (KHTML, like Gecko)"
AGENTS_READ = [
    ("Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)", "Gmail", "mail", "proxy", "", "image_proxy"),
    ("Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/42.0.2311.135 Safari/537.36 Edge/12.246 Mozilla/5.0", "Gmail", "mail", "proxy", "", "gmail_prefetch"),
    ("YahooMailProxy; https://help.yahoo.example/", "Yahoo Mail", "mail", "proxy", "", "image_proxy"),
    (f"Mozilla/5.0 (iPhone; CPU iPhone OS 17_1 like Mac OS X) {WEBKIT} Mobile/15E148", "Apple Mail", "mail", "mobile", "iOS", ""),
    (f"Mozilla/5.0 (iPad; CPU OS 16_6 like Mac OS X) {WEBKIT} Mobile/15E148", "Apple Mail", "mail", "tablet", "iOS", ""),
    (f"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) {WEBKIT}", "Apple Mail", "mail", "desktop", "macOS", ""),
    (f"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) {WEBKIT} Version/17.1 Safari/605.1.15", "Safari", "browser", "desktop", "macOS", ""),
    (f"Mozilla/5.0 (iPhone; CPU iPhone OS 17_1 like Mac OS X) {WEBKIT} CriOS/119.0 Mobile/15E148 Safari/604.1", "Chrome", "browser", "mobile", "iOS", ""),
    (f"Mozilla/5.0 (iPhone; CPU iPhone OS 17_1 like Mac OS X) {WEBKIT} Mobile/15E148 [FBAN/FBIOS;FBAV/440.0]", "Facebook", "app", "mobile", "iOS", ""),
    ("Microsoft Office/16.0 (Windows NT 10.0; Microsoft Outlook 16.0.14326; Pro)", "Outlook", "mail", "desktop", "Windows", ""),
    ("Outlook-iOS/723.4027091.prod.iphone (4.28.0)", "Outlook", "mail", "mobile", None, ""),
    ("Mozilla/5.0 (X11; Linux x86_64; rv:115.0) Gecko/20100101 Thunderbird/115.5.1", "Thunderbird", "mail", "desktop", "Linux", ""),
    ("Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Safari/537.36", "Chrome", "browser", "desktop", "Windows", ""),
    ("Mozilla/5.0 (Linux; Android 13; SM-S918B) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/119.0.0.0 Mobile Safari/537.36", "Chrome", "browser", "mobile", "Android", ""),
    ("Mozilla/5.0 (Linux; Android 12; SM-T870) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/119.0.0.0 Safari/537.36", "Chrome", "browser", "tablet", "Android", ""),
    ("Mozilla/5.0 (Linux; Android 10; CUBOT X30) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/119.0.0.0 Mobile Safari/537.36", "Chrome", "browser", "mobile", "Android", ""),
    ("Mozilla/5.0 (compatible; BarracudaLinkCheck/1.0)", "Barracuda", "scanner", "bot", "", "scanner"),
    ("Slackbot-LinkExpanding 1.0 (+https://api.slack.example/robots)", "Slack", "bot", "bot", "", "preview"),
    ("Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 HeadlessChrome/120.0.0.0 Safari/537.36", "Headless Chrome", "bot", "bot", "", "headless"),
    ("curl/8.5.0", "curl", "library", "bot", "", "library"),
    ("python-requests/2.31.0", "Python", "library", "bot", "", "library"),
    ("Ruby", "Ruby", "library", "bot", "", "library"),
    ("NobodyKnowsThisBot/1.0 (+https://bot.example)", "NobodyKnowsThisBot", "bot", "bot", "", "bot"),
]  # fmt: skip


@pytest.mark.parametrize(("agent", "client", "kind", "device", "os", "hint"), AGENTS_READ)
def test_agents_are_read(agent, client, kind, device, os, hint):
    seen = identify(agent)
    assert (seen.client, seen.client_kind, seen.device, seen.machine_hint) == (client, kind, device, hint)
    if os is not None:
        assert seen.os == os


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
        seen = identify(" ".join(words))
        if seen.client != row.client:
            hidden.append((row.words, seen.client))
    assert hidden == []


def test_the_table_is_large_enough_to_be_of_use():
    assert len({row.client for row in AGENTS if row.kind == "mail"}) >= 40
    assert len([row for row in AGENTS if row.kind in ("scanner", "bot", "library")]) >= 60
