"""Which program, device and system fetched a pixel or followed a link.

Owns the reading of user agents: first our own table (`agents`), then `ua-parser` for browsers, systems and the long
tail of crawlers. Leaves the verdict on who acted to `actor`.
"""

from __future__ import annotations

import threading
from functools import lru_cache
from typing import Final

import msgspec
from ua_parser import BestAvailableResolver, Domain, PartialResult, Resolver, load_lazy_builtins

from sendlens.enrich.agents import AGENTS, Agent


class Client(msgspec.Struct, frozen=True):
    """A user agent, understood as far as it goes; texts are empty where it does not tell.

    `client_kind` is one of mail, browser, app, scanner, bot, library or unknown; `device` one of desktop, mobile,
    tablet, proxy, bot or unknown. `machine_hint` names what in the agent speaks for a machine: apple_mpp,
    gmail_prefetch, image_proxy, scanner, bot, preview, headless or library.
    """

    client: str = ""
    client_kind: str = "unknown"
    device: str = "unknown"
    os: str = ""
    machine_hint: str = ""


UNKNOWN: Final = Client()

APPLE_PRIVACY: Final = Client("Apple Mail", "mail", "proxy", "", "apple_mpp")
"""Mail Privacy Protection announces itself as exactly `Mozilla/5.0`; a browser always says more."""

# ua-parser's name -> ours. Systems that are not here keep ua-parser's name.
SYSTEMS: Final = {
    "Mac OS X": "macOS",
    "Mac OS": "macOS",
    "iOS": "iOS",
    "Windows": "Windows",
    "Android": "Android",
    "Chrome OS": "ChromeOS",
    "Ubuntu": "Linux",
    "Debian": "Linux",
    "Fedora": "Linux",
    "Red Hat": "Linux",
    "SUSE": "Linux",
    "Gentoo": "Linux",
    "Arch Linux": "Linux",
    "Mint": "Linux",
    "CentOS": "Linux",
}
DESKTOP_SYSTEMS: Final = {"Windows", "macOS", "Linux", "ChromeOS", "FreeBSD", "OpenBSD", "NetBSD", "Solaris"}

# ua-parser's name -> ours, so that one browser is one value in a breakdown.
BROWSERS: Final = {
    "Chrome Mobile": "Chrome",
    "Chrome Mobile iOS": "Chrome",
    "Chrome Mobile WebView": "Android WebView",
    "Mobile Safari": "Safari",
    "Mobile Safari UI/WKWebView": "Safari",
    "Firefox Mobile": "Firefox",
    "Firefox iOS": "Firefox",
    "Edge Mobile": "Edge",
    "Opera Mobile": "Opera",
    "Opera Mini": "Opera",
    "Opera Touch": "Opera",
    "IE": "Internet Explorer",
    "IE Mobile": "Internet Explorer",
    "Apple Mail": "Safari",
}


def _compile(agent: Agent) -> tuple[tuple[str, ...], tuple[str, ...], Agent]:
    words = agent.words.split(" & ")
    needed = tuple(word for word in words if not word.startswith("!"))
    return needed, tuple(word[1:] for word in words if word.startswith("!")), agent


_EXACT: Final = {agent.words[1:]: agent for agent in AGENTS if agent.words.startswith("=")}
_TABLE: Final = tuple(_compile(agent) for agent in AGENTS if not agent.words.startswith("="))
_resolver_lock: Final = threading.Lock()
_resolver: Resolver | None = None


@lru_cache(maxsize=32_768)
def identify(user_agent: str) -> Client:
    """Return what a user agent says about its program, device and system. Never raises; empty text gives `UNKNOWN`."""
    text = user_agent.strip()
    if not text:
        return UNKNOWN
    if text == "Mozilla/5.0":
        return APPLE_PRIVACY
    agent = _from_table(text.lower())
    if agent is not None and agent.device in ("proxy", "bot"):
        # A server's claim to run on Windows XP says nothing about the reader.
        return Client(agent.client, agent.kind, agent.device, "", agent.hint)
    parsed = _parse(text)
    if agent is None and parsed.device is not None and parsed.device.family == "Spider":
        name = parsed.user_agent.family if parsed.user_agent else ""
        return Client(name, "bot", "bot", "", "bot")
    os = SYSTEMS.get(parsed.os.family, parsed.os.family) if parsed.os else ""
    device = _device(text, os)
    if agent is not None:
        return Client(agent.client, agent.kind, agent.device or device, os, agent.hint)
    if parsed.user_agent is None:
        return Client("", "unknown", device, os, "")
    family = parsed.user_agent.family
    return Client(BROWSERS.get(family, family), "browser", device, os, "")


def _from_table(text: str) -> Agent | None:
    if text in _EXACT:
        return _EXACT[text]
    for needed, unwanted, agent in _TABLE:
        if needed[0] in text and all(word in text for word in needed) and not any(word in text for word in unwanted):
            return agent
    return None


def _parse(text: str) -> PartialResult:
    global _resolver  # noqa: PLW0603 - one parser per process, built at first use because it takes 80 ms
    if _resolver is None:
        with _resolver_lock:
            if _resolver is None:
                _resolver = BestAvailableResolver(load_lazy_builtins())
    # The Rust extension takes no lone surrogates, which a lenient decoder upstream may let through.
    return _resolver(text if text.isascii() else text.encode("utf-8", "replace").decode(), Domain.ALL)


def _device(text: str, os: str) -> str:
    if "iPad" in text or "Tablet" in text:
        return "tablet"
    if os == "iOS":
        return "mobile"
    if os == "Android":
        # Android's own rule: a phone says Mobile, a tablet does not.
        return "mobile" if "Mobile" in text else "tablet"
    if os in DESKTOP_SYSTEMS:
        return "desktop"
    return "mobile" if "Mobile" in text else "unknown"
