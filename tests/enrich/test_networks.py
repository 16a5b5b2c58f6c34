import ipaddress
import random

import pytest

from sendlens.enrich import networks
from sendlens.enrich.networks import SHIPPED, Networks, NetworksError, found, read


def test_the_shipped_list_is_dated_and_knows_every_owner():
    assert SHIPPED.date >= "2026-11-01"
    assert {*networks.SCANNERS, "microsoft_365", "apple_relay", "google", "yahoo"} == set(SHIPPED.counts)


def test_look_up_agrees_with_a_walk_over_every_range():
    rng = random.Random(5)
    addresses = [str(ipaddress.IPv4Address(rng.getrandbits(32))) for _ in range(300)]
    for _, one in SHIPPED.ranges:
        addresses += [str(one[0]), str(one[-1]), str(one[one.num_addresses // 2])]
        addresses += [str(one.network_address - 1), str(one.broadcast_address + 1)]
    for address in addresses:
        number = ipaddress.ip_address(address)
        owners = [owner for owner, one in SHIPPED.ranges if one.version == number.version and number in one]
        assert SHIPPED.owner(address) == (owners[0] if owners else ""), address


@pytest.mark.parametrize("text", ["", "nonsense", "1.2.3", "999.1.1.1", "::gggg", "40.92.0.1.5"])
def test_what_is_no_address_has_no_owner(text):
    assert SHIPPED.owner(text) == ""


def test_an_address_in_other_spellings():
    assert SHIPPED.owner(" 40.92.1.0/24 ") == SHIPPED.owner("::ffff:40.92.1.1") == "microsoft_365"
    assert SHIPPED.owner("2A01:0111:F400:0000::1") == "microsoft_365"


def test_a_list_survives_writing_and_reading():
    again = read(SHIPPED.text())
    assert (again.date, sorted(map(str, again.ranges))) == (SHIPPED.date, sorted(map(str, SHIPPED.ranges)))


def test_neighbours_of_one_owner_are_joined():
    assert read("date 2026-01-02\none 10.0.0.0/25\none 10.0.0.128/25\none 10.0.0.4/32").counts == {"one": 1}


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("one 10.0.0.0/24", "date"),
        ("date 2026-01-02", "no range"),
        ("date yesterday", "line 1"),
        ("date 2026-01-02\none", "line 2"),
        ("date 2026-01-02\nOne! 10.0.0.0/24", "line 2"),
        ("date 2026-01-02\none 10.0.0.1/24", "line 2"),
        ("date 2026-01-02\none 10.0.0.0/7", "wider than /8"),
        ("date 2026-01-02\none 0::/0", "wider than /16"),
        ("date 2026-01-02\none 10.0.0.0/24\ntwo 10.0.0.128/25", "one and two both claim 10.0.0.128"),
    ],
)
def test_a_wrong_list_is_explained(text, says):
    with pytest.raises(NetworksError, match=says):
        read(text)


def test_ranges_are_found_in_any_form():
    csv = "172.224.226.0/27,GB,GB-EN,London,\n2a02:26f7:0:1::/64,DE,DE-BE,Berlin,\n"
    assert [str(one) for one in found(csv)] == ["172.224.226.0/27", "2a02:26f7:0:1::/64"]
    json = '[{"id": 1, "ips": ["40.92.0.0/15", "2603:1036::/36"], "tcpPorts": "25", "at": "10:20:30"}]'
    assert [str(one) for one in found(json)] == ["40.92.0.0/15", "2603:1036::/36"]
    with pytest.raises(NetworksError, match="no range"):
        found("nothing here, version 1.2.3")


def test_one_owner_is_replaced_and_the_others_stay():
    new = SHIPPED.with_owner("apple_relay", found("198.51.100.0/24"), "2027-01-01")
    assert new.owner("198.51.100.9") == "apple_relay"
    assert new.owner("172.225.0.1") == ""
    assert new.owner("40.92.0.1") == "microsoft_365"
    with pytest.raises(NetworksError, match="name of an owner"):
        SHIPPED.with_owner("Apple Relay", found("198.51.100.0/24"), "2027-01-01")


def test_a_process_uses_one_list():
    try:
        networks.use(Networks("2027-01-01", [("mine", ipaddress.ip_network("198.51.100.0/24"))]))
        assert networks.owner("198.51.100.1") == "mine"
        assert networks.owner("40.92.0.1") == ""
    finally:
        networks.use(SHIPPED)
    assert networks.owner("40.92.0.1") == "microsoft_365"
