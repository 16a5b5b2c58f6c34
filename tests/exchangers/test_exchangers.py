"""Mail exchangers: asked in the background, remembered with the moment from which they count."""

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from sendlens.clock import FrozenClock
from sendlens.errors import SettingsError
from sendlens.exchangers import asker
from sendlens.exchangers import known as knowledge
from sendlens.exchangers import resolver as asking
from sendlens.exchangers.known import FILE, MINUTE_MS, Known
from sendlens.exchangers.resolver import Answer, Resolver, by_dns, servers
from tests.exchangers.conftest import NameServer

NOW = 1_795_000_000_000
LATER = NOW + 2 * MINUTE_MS


@pytest.fixture
def clock() -> FrozenClock:
    return FrozenClock(NOW)


def until(true: Callable[[], bool]) -> None:
    end = time.monotonic() + 10
    while not true():
        assert time.monotonic() < end
        time.sleep(0.01)


@pytest.mark.parametrize(
    ("told", "mx", "seconds"),
    [
        (["20 backup.shop.co.", "10 mx1.shop.co."], "mx1.shop.co", 6 * 3600),
        (["10 mail.shop.co.", "20 MX-1.Mimecast.com."], "mx-1.mimecast.com", 6 * 3600),
        (["0 ."], "", 6 * 3600),
        ([], "", 3600),
        ("NXDOMAIN", "", 3600),
        ("SERVFAIL", None, 1800),
        ("REFUSED", None, 1800),
    ],
)
def test_what_a_name_server_says(
    name_server: NameServer, told: list[str] | str, mx: str | None, seconds: float
) -> None:
    name_server.zone["shop.co"] = told
    assert by_dns(name_server.address)("shop.co") == Answer(mx, seconds)


def test_a_long_time_to_live_has_an_end(name_server: NameServer) -> None:
    name_server.ttl = 2**30
    name_server.zone["shop.co"] = ["1 mx.shop.co."]
    assert by_dns(name_server.address)("shop.co").seconds == 7 * 86_400


@pytest.mark.parametrize("domain", ["silent.co", "garbage.co", "a" * 64 + ".co", "a..co", "ä.co", "x." * 140 + "co"])
def test_silence_garbage_and_impossible_names_end_in_time(
    name_server: NameServer, monkeypatch: pytest.MonkeyPatch, domain: str
) -> None:
    monkeypatch.setattr(asker, "ANSWER_SECONDS", 0.3)
    name_server.zone |= {"silent.co": None, "garbage.co": None}
    began = time.monotonic()
    assert by_dns(name_server.address)(domain).mx in (None, "")
    assert time.monotonic() - began < 3


@pytest.mark.parametrize("wrong", ["localhost", "192.0.2.1:dns", "192.0.2.1, x", ""])
def test_a_wrong_setting_is_explained(wrong: str) -> None:
    with pytest.raises(SettingsError, match="no address"):
        servers(wrong)


def test_servers_have_ports_of_their_own() -> None:
    assert servers("192.0.2.1, [2001:db8::1]:5353,2001:db8::2") == [
        ("192.0.2.1", 53), ("2001:db8::1", 5353), ("2001:db8::2", 53),
    ]  # fmt: skip


def test_an_answer_counts_from_a_full_minute_after_the_next_and_never_before(
    tmp_path: Path, clock: FrozenClock
) -> None:
    known = Known(tmp_path / FILE, clock)
    received = [NOW - 5000, NOW, NOW + 59_999, NOW + 3 * MINUTE_MS]
    first = [known.of("shop.co", at) for at in received]
    known.learn("shop.co", "mx.a.co", 3600)
    assert [known.of("shop.co", at) for at in received] == ["", "", "", "mx.a.co"]
    clock.advance(600)
    known.learn("shop.co", "mx.b.co", 3600)
    known.close()
    again = Known(tmp_path / FILE, clock)
    assert first[:3] == [again.of("shop.co", at) for at in received[:3]]
    assert again.of("shop.co", received[3]) == "mx.a.co"
    assert again.of("shop.co", NOW + 20 * MINUTE_MS) == "mx.b.co"
    again.close()


def test_what_stays_the_same_makes_no_version_and_a_failure_takes_nothing_away(
    tmp_path: Path, clock: FrozenClock
) -> None:
    known = Known(tmp_path / FILE, clock)
    for mx in ("mx.a.co", "mx.a.co", None):
        known.learn("shop.co", mx, 10)
        clock.advance(600)
    assert known.of("shop.co", clock.now_ms()) == "mx.a.co"
    known.learn("shop.co", "", 10)
    assert known.of("shop.co", clock.now_ms()) == "mx.a.co"
    assert known.of("shop.co", clock.now_ms() + 2 * MINUTE_MS) == ""
    known.close()


def test_a_domain_waits_once_is_not_asked_for_while_fresh_and_again_when_stale(
    tmp_path: Path, clock: FrozenClock
) -> None:
    known = Known(tmp_path / FILE, clock)
    for domain in ("shop.co", "shop.co", "gmail.com", "x.example", "printer.local", "localhost", "b.co"):
        known.of(domain, NOW)
    assert [known.take() for _ in range(3)] == ["shop.co", "b.co", ""]
    known.of("shop.co", NOW)
    assert known.waiting == 0, "it is being asked for"
    known.learn("shop.co", "", 100)
    known.of("shop.co", NOW + 99_000)
    assert known.waiting == 0
    known.of("shop.co", NOW + 100_000)
    assert known.waiting == 1
    known.close()


def test_the_queue_is_bounded(tmp_path: Path, clock: FrozenClock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(knowledge, "MOST_WAITING", 5)
    known = Known(tmp_path / FILE, clock)
    for number in range(50):
        known.of(f"d{number}.co", NOW)
    assert known.waiting == 5
    known.close()


def test_a_damaged_file_is_begun_afresh(tmp_path: Path, clock: FrozenClock) -> None:
    (tmp_path / FILE).write_bytes(b"damaged" * 1000)
    known = Known(tmp_path / FILE, clock)
    known.learn("shop.co", "mx.a.co", 10)
    assert known.of("shop.co", LATER) == "mx.a.co"
    known.close()


def test_the_threads_ask_for_what_is_wanted(tmp_path: Path, clock: FrozenClock, name_server: NameServer) -> None:
    name_server.zone |= {"a.co": ["1 aspmx.l.google.com."], "b.co": ["1 mx.b.co."]}
    known = Known(tmp_path / FILE, clock)
    resolver = Resolver(known, by_dns(name_server.address))
    resolver.start()
    try:
        for domain in ("a.co", "b.co", "c.co", "a.co"):
            known.of(domain, NOW)
        until(lambda: len(known) == 3)
    finally:
        resolver.stop()
    assert [known.of(domain, LATER) for domain in ("a.co", "b.co", "c.co")] == ["aspmx.l.google.com", "mx.b.co", ""]
    assert name_server.asked == {"a.co": 1, "b.co": 1, "c.co": 1}
    known.close()


def test_when_nobody_answers_the_threads_rest(
    tmp_path: Path, clock: FrozenClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(asking, "THREADS", 1)
    asked: list[str] = []

    def silent(domain: str) -> Answer:
        asked.append(domain)
        return Answer(None, 1800)

    known = Known(tmp_path / FILE, clock)
    for number in range(40):
        known.of(f"d{number}.co", NOW)
    resolver = Resolver(known, silent)
    resolver.start()
    until(lambda: len(asked) >= asking.FAILURES)
    time.sleep(0.05)
    resolver.stop()
    assert len(asked) == asking.FAILURES
    known.close()
