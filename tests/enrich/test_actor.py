import pytest

from sendlens.enrich.actor import ANY, NOT_JUDGED, RULES, judge
from sendlens.enrich.client import identify
from sendlens.enrich.networks import SHIPPED, owner
from sendlens.model.events import EventType

CHROME = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Safari/537.36"
)
GMAIL = "Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)"
PREFETCH = "Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/42.0.2311.135 Safari/537.36 Edge/12.246 Mozilla/5.0"
ELSEWHERE = "198.51.100.7"


def verdict(type, agent, ip=ELSEWHERE, machine=None):
    return judge(type, agent, ip, machine, identify(agent))


@pytest.mark.parametrize(
    ("type", "agent", "ip", "machine", "actor", "reason"),
    [
        ("opened", "Mozilla/5.0", ELSEWHERE, None, "machine", "apple_mpp"),
        ("clicked", "Mozilla/5.0", ELSEWHERE, None, "unknown", "bare_agent"),
        ("opened", GMAIL, ELSEWHERE, None, "proxy", "image_proxy"),
        ("clicked", GMAIL, ELSEWHERE, None, "machine", "image_proxy_follows_link"),
        ("opened", PREFETCH, ELSEWHERE, None, "machine", "gmail_prefetch"),
        ("opened", "YahooMailProxy; https://help.example", ELSEWHERE, None, "proxy", "image_proxy"),
        ("opened", CHROME, "40.93.1.1", None, "machine", "microsoft_365_network"),
        ("clicked", CHROME, "2a01:111:f403:1::9", None, "machine", "microsoft_365_network"),
        ("clicked", CHROME, "::ffff:104.47.1.1", None, "machine", "microsoft_365_network"),
        ("clicked", CHROME, "40.107.20.0/24", None, "machine", "microsoft_365_network"),
        ("clicked", CHROME, ELSEWHERE, None, "human", "browser"),
        ("clicked", CHROME, ELSEWHERE, True, "machine", "source_flag"),
        ("clicked", "curl/8.5.0", ELSEWHERE, False, "machine", "http_library"),
        ("clicked", "BarracudaLinkCheck/1", ELSEWHERE, None, "machine", "scanner_agent"),
        ("opened", "Thunderbird/115.0", ELSEWHERE, None, "human", "mail_client"),
        ("opened", "", ELSEWHERE, None, "unknown", "no_evidence"),
        ("opened", "", ELSEWHERE, False, "human", "source_flag"),
        ("opened", "zzz", "", None, "unknown", "unrecognised_agent"),
        ("unsubscribed", CHROME, "40.93.1.1", None, "proxy", "one_click_by_provider"),
        ("unsubscribed", CHROME, ELSEWHERE, None, "human", "browser"),
        ("unsubscribed", "Java/17", ELSEWHERE, None, "proxy", "one_click_by_provider"),
        ("unsubscribed", "BarracudaLinkCheck/1", ELSEWHERE, None, "machine", "scanner_agent"),
    ],
)
def test_verdicts(type, agent, ip, machine, actor, reason):
    seen = verdict(type, agent, ip, machine)
    assert (seen.actor, seen.reason) == (actor, reason)


@pytest.mark.parametrize("type", sorted(set(EventType) - ANY))
def test_other_events_are_not_judged(type):
    assert verdict(type, "curl/8.5.0", machine=True) == NOT_JUDGED
    assert (NOT_JUDGED.actor, NOT_JUDGED.reason, NOT_JUDGED.confidence) == ("unknown", "", 0)


@pytest.mark.parametrize("type", sorted(ANY))
@pytest.mark.parametrize("agent", ["", CHROME, GMAIL, "Mozilla/5.0", "Thunderbird/115"])
def test_a_flagged_machine_stays_a_machine(type, agent):
    assert verdict(type, agent, machine=True).actor == "machine"


@pytest.mark.parametrize(
    "ip", ["", "?", "999.1.1.1", "40.91.255.255", "40.94.0.0", "104.47.128.0", "2a01:111:f401::1", "fe80::1%eth0"]
)
def test_addresses_outside_belong_to_nobody(ip):
    assert owner(ip) == ""


def test_edges_of_ranges_are_inside():
    for first, last in [
        ("40.92.0.0", "40.93.255.255"),
        ("52.100.0.0", "52.103.255.255"),
        ("104.47.0.0", "104.47.127.255"),
    ]:
        assert owner(first) == owner(last) == "microsoft_365"
    assert SHIPPED.counts["microsoft_365"] == 6


def test_apples_relays_make_an_open_by_a_bare_agent_surer_and_a_click_by_a_browser_no_machine():
    assert verdict("opened", "Mozilla/5.0", "172.225.10.9").confidence == 98
    assert verdict("opened", "Mozilla/5.0").confidence == 95
    assert verdict("clicked", CHROME, "172.225.10.9").actor == "human"


@pytest.mark.parametrize("ip", ["64.235.150.1", "148.163.150.9", "205.139.110.4", "68.232.130.1", "67.219.250.1"])
def test_a_makers_network_accuses_no_browser(ip):
    assert verdict("clicked", CHROME, ip).actor == "human"
    assert verdict("clicked", "LinkCheck/1", ip).reason == "scanner_network"
    assert verdict("unsubscribed", "", ip).actor == "machine"


def test_confidence_is_a_percentage_and_every_rule_has_a_name():
    assert all(0 <= rule.confidence <= 100 and rule.name and rule.types for rule in RULES)
