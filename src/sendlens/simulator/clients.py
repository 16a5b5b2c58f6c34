"""What people, image proxies and scanners show when they fetch a picture or follow a link.

Owns user agents, the networks they come from, and which readers a kind of mailbox has.
"""

# ruff: noqa: E501 - user agents are as long as they are.
from __future__ import annotations

from typing import Final, NamedTuple


class Agent(NamedTuple):
    """One user agent and what it should be understood as."""

    user_agent: str
    client: str
    device: str
    network: str = "home"


_IPHONE: Final = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko)"
_IPAD: Final = "Mozilla/5.0 (iPad; CPU OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko)"
_MAC: Final = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit"
_WINDOWS: Final = "Mozilla/5.0 (Windows NT 10.0; Win64; x64)"
_CHROME: Final = "AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0"

AGENTS: Final[dict[str, Agent]] = {
    # Where people read
    "apple_mail_iphone": Agent(f"{_IPHONE} Mobile/15E148", "Apple Mail", "mobile"),
    "apple_mail_ipad": Agent(f"{_IPAD} Mobile/15E148", "Apple Mail", "tablet"),
    "apple_mail_mac": Agent(f"{_MAC}/605.1.15 (KHTML, like Gecko)", "Apple Mail", "desktop"),
    "outlook_windows": Agent(
        "Mozilla/4.0 (compatible; MSIE 7.0; Windows NT 10.0; WOW64; Trident/7.0; .NET4.0C; .NET4.0E; Microsoft Outlook 16.0.19328; ms-office; MSOffice 16)",
        "Outlook",
        "desktop",
    ),
    "outlook_iphone": Agent("Outlook-iOS/723.4231523.prod.iphone (5.2541.0)", "Outlook", "mobile"),
    "outlook_android": Agent("Outlook-Android/2.0", "Outlook", "mobile"),
    "thunderbird": Agent(
        "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Thunderbird/140.4.0", "Thunderbird", "desktop"
    ),
    "samsung_email": Agent(
        f"Mozilla/5.0 (Linux; Android 15; SM-S931B) {_CHROME} Mobile Safari/537.36 SamsungEmail/6.2",
        "Samsung Email",
        "mobile",
    ),
    "gmail_proxy": Agent(
        "Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)",
        "Gmail",
        "proxy",
        "google",
    ),
    "yahoo_proxy": Agent(
        "YahooMailProxy; https://help.yahoo.com/kb/yahoo-mail-proxy-SLN28749.html", "Yahoo Mail", "proxy", "yahoo"
    ),
    # Where people go when they click, and webmail without a proxy
    "chrome_windows": Agent(f"{_WINDOWS} {_CHROME} Safari/537.36", "Chrome", "desktop"),
    "chrome_mac": Agent(f"{_MAC}/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36", "Chrome", "desktop"),
    "chrome_android": Agent(f"Mozilla/5.0 (Linux; Android 10; K) {_CHROME} Mobile Safari/537.36", "Chrome", "mobile"),
    "safari_iphone": Agent(f"{_IPHONE} Version/18.6 Mobile/15E148 Safari/604.1", "Safari", "mobile"),
    "safari_ipad": Agent(f"{_IPAD} Version/18.6 Mobile/15E148 Safari/604.1", "Safari", "tablet"),
    "safari_mac": Agent(f"{_MAC}/605.1.15 (KHTML, like Gecko) Version/18.6 Safari/605.1.15", "Safari", "desktop"),
    "edge_windows": Agent(f"{_WINDOWS} {_CHROME} Safari/537.36 Edg/142.0.0.0", "Edge", "desktop"),
    "firefox_windows": Agent(
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:144.0) Gecko/20100101 Firefox/144.0", "Firefox", "desktop"
    ),
    "firefox_linux": Agent(
        "Mozilla/5.0 (X11; Linux x86_64; rv:144.0) Gecko/20100101 Firefox/144.0", "Firefox", "desktop"
    ),
    # Machines
    "apple_prefetch": Agent("Mozilla/5.0", "Apple Mail", "proxy", "apple"),
    "gmail_prefetch": Agent(
        f"{_WINDOWS} AppleWebKit/537.36 (KHTML, like Gecko) Chrome/42.0.2311.135 Safari/537.36 Edge/12.246 Mozilla/5.0",
        "Gmail",
        "proxy",
        "google",
    ),
    "scanner_microsoft": Agent(f"{_WINDOWS} {_CHROME} Safari/537.36 Edg/142.0.0.0", "Edge", "desktop", "microsoft"),
    "scanner_barracuda": Agent(
        "Mozilla/5.0 (compatible; BarracudaSentinel/1.0; link protection)", "Barracuda", "bot", "barracuda"
    ),
    "scanner_proofpoint": Agent("Mozilla/5.0 (compatible; Proofpoint URL Defense)", "Proofpoint", "bot", "proofpoint"),
    "scanner_covert": Agent(f"{_WINDOWS} {_CHROME} Safari/537.36", "Chrome", "desktop", "cloud"),
}
AGENT_NAMES: Final = tuple(AGENTS)
AGENT_NUMBER: Final = {name: number for number, name in enumerate(AGENT_NAMES)}

NETWORKS: Final[dict[str, tuple[str, int]]] = {
    # First address and how many bits may vary. People are in the range reserved for measurements, so that nobody's
    # real address turns up in a demonstration.
    "home": ("198.18.0.0", 17),
    "google": ("66.249.80.0", 12),
    "yahoo": ("98.136.0.0", 14),
    "apple": ("172.224.224.0", 12),
    "microsoft": ("40.107.0.0", 16),
    "barracuda": ("64.235.144.0", 12),
    "proofpoint": ("67.231.144.0", 12),
    "cloud": ("192.0.2.0", 8),
}


class Reader(NamedTuple):
    """A way of reading mail: agents for opens and for clicks (names separated by blanks).

    `prefetch` means the program loads pictures at arrival and the person's own opening leaves no trace, except now and
    then on another device.
    """

    opens: str
    clicks: str
    prefetch: bool = False


READERS: Final[dict[str, Reader]] = {
    "gmail_web": Reader("gmail_proxy", "chrome_windows chrome_mac firefox_windows edge_windows"),
    "gmail_android": Reader("gmail_proxy", "chrome_android"),
    "gmail_iphone": Reader("gmail_proxy", "safari_iphone"),
    "apple_private": Reader("apple_mail_iphone", "safari_iphone", prefetch=True),
    "apple_private_mac": Reader("apple_mail_mac", "safari_mac", prefetch=True),
    "apple_iphone": Reader("apple_mail_iphone", "safari_iphone"),
    "apple_ipad": Reader("apple_mail_ipad", "safari_ipad"),
    "apple_mac": Reader("apple_mail_mac", "safari_mac"),
    "outlook_windows": Reader("outlook_windows", "edge_windows chrome_windows"),
    "outlook_phone": Reader("outlook_iphone outlook_android", "safari_iphone chrome_android"),
    "web_windows": Reader("chrome_windows edge_windows firefox_windows", "chrome_windows edge_windows firefox_windows"),
    "web_mac": Reader("chrome_mac safari_mac", "chrome_mac safari_mac"),
    "yahoo_web": Reader("yahoo_proxy", "chrome_windows chrome_mac"),
    "yahoo_phone": Reader("yahoo_proxy", "safari_iphone chrome_android"),
    "thunderbird": Reader("thunderbird", "firefox_linux"),
    "samsung": Reader("samsung_email", "chrome_android"),
}
READER_NAMES: Final = tuple(READERS)

HABITS: Final[dict[str, dict[str, float]]] = {
    "gmail": {
        "gmail_web": 30,
        "gmail_android": 30,
        "gmail_iphone": 14,
        "apple_private": 18,
        "apple_iphone": 3,
        "samsung": 4,
        "thunderbird": 1,
    },
    "yahoo": {"yahoo_web": 45, "yahoo_phone": 28, "apple_private": 22, "apple_ipad": 5},
    "microsoft": {"web_windows": 38, "outlook_phone": 24, "outlook_windows": 14, "apple_private": 18, "samsung": 6},
    "apple": {"apple_private": 52, "apple_private_mac": 14, "apple_iphone": 18, "apple_ipad": 8, "apple_mac": 8},
    "webmail": {
        "web_windows": 48,
        "samsung": 14,
        "apple_private": 16,
        "apple_iphone": 6,
        "thunderbird": 12,
        "web_mac": 4,
    },
    "private": {"web_mac": 30, "web_windows": 30, "thunderbird": 25, "apple_iphone": 15},
    "office": {"outlook_windows": 62, "outlook_phone": 22, "web_windows": 12, "apple_iphone": 4},
    "workspace": {"gmail_web": 62, "gmail_android": 18, "gmail_iphone": 16, "apple_mac": 4},
}
"""For each habit of `mailboxes`: readers and their weights."""

SCANNERS: Final[dict[str, tuple[str, ...]]] = {
    "microsoft_365": ("scanner_microsoft", "scanner_microsoft", "scanner_barracuda", "scanner_proofpoint"),
    "": ("scanner_barracuda", "scanner_proofpoint"),
}
"""Provider (empty: any other) -> the scanners in front of it; drawn evenly."""
