"""Countries are read from a small database that the tests write themselves."""

import ipaddress
import struct
from typing import Any

import pytest

from sendlens.enrich.geo import Countries
from sendlens.errors import SettingsError


def _value(value):
    if isinstance(value, str):
        data = value.encode()
        return bytes([0x40 | len(data)]) + data if len(data) < 29 else bytes([0x40 | 29, len(data) - 29]) + data
    if isinstance(value, tuple):
        return {16: b"\xa2", 32: b"\xc4", 64: b"\x08\x02"}[value[0]] + value[1].to_bytes(value[0] // 8, "big")
    if isinstance(value, list):
        return bytes([len(value), 4]) + b"".join(map(_value, value))
    return bytes([0xE0 | len(value)]) + b"".join(_value(k) + _value(v) for k, v in value.items())


def write_database(path, networks):
    """Write a MaxMind database of IPv4 networks: a binary trie of 24-bit records, then the values."""
    nodes: list[list[Any]] = [[None, None]]
    data, places = b"", []
    for text, record in networks.items():
        network = ipaddress.ip_network(text)
        places.append(len(data))
        data += _value(record)
        bits = f"{int(network.network_address):032b}"[: network.prefixlen]
        node = 0
        for bit in bits[:-1]:
            if nodes[node][int(bit)] is None:
                nodes.append([None, None])
                nodes[node][int(bit)] = len(nodes) - 1
            node = nodes[node][int(bit)]
        nodes[node][int(bits[-1])] = ("data", places[-1])
    count = len(nodes)

    def record(side):
        number = count if side is None else count + 16 + side[1] if isinstance(side, tuple) else side
        return struct.pack(">I", number)[1:]

    tree = b"".join(record(left) + record(right) for left, right in nodes)
    about = {
        "node_count": (32, count),
        "record_size": (16, 24),
        "ip_version": (16, 4),
        "database_type": "Test",
        "languages": ["en"],
        "binary_format_major_version": (16, 2),
        "binary_format_minor_version": (16, 0),
        "build_epoch": (64, 1),
        "description": {"en": "t"},
    }
    path.write_bytes(tree + bytes(16) + data + b"\xab\xcd\xefMaxMind.com" + _value(about))


@pytest.fixture
def database(tmp_path):
    path = tmp_path / "countries.mmdb"
    write_database(
        path,
        {
            "192.0.2.0/24": {"country": {"iso_code": "DE"}},
            "198.51.100.0/24": {"registered_country": {"iso_code": "fr"}},
            "203.0.113.0/25": {"country_code": "NZ"},
            "203.0.113.128/25": {"country": "Narnia"},
        },
    )
    return path


@pytest.mark.parametrize(
    ("ip", "country"),
    [
        ("192.0.2.9", "DE"), ("192.0.2.0/24", "DE"), ("198.51.100.1", "FR"), ("203.0.113.5", "NZ"),
        ("203.0.113.200", ""), ("8.8.8.8", ""), ("2001:db8::1", ""), ("", ""), ("nonsense", ""),
    ],
)  # fmt: skip
def test_countries(database, ip, country):
    countries = Countries(database)
    assert countries.of(ip) == country
    countries.close()
    assert countries.of(ip) == ""


def test_without_a_database_nothing_is_known():
    assert Countries().of("192.0.2.9") == ""


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(SettingsError, match=r"no\.mmdb, which cannot be read"):
        Countries(tmp_path / "no.mmdb")


def test_a_file_of_another_kind_is_named(tmp_path):
    (tmp_path / "text.mmdb").write_text("hello")
    (tmp_path / "empty.mmdb").write_bytes(b"")
    for name in ("text.mmdb", "empty.mmdb"):
        with pytest.raises(SettingsError, match="no MaxMind database"):
            Countries(tmp_path / name)
    with pytest.raises(SettingsError):
        Countries(tmp_path)
