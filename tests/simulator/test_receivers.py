"""What receivers tell in the made-up world is read by the product as it was meant."""

from sendlens.simulator import receivers
from sendlens.simulator.parameters import DAY_MS
from sendlens.simulator.programs import HOLLAND_AND_FERN
from sendlens.sources.mail import dispatch
from sendlens.sources.mail.options import MailOptions
from sendlens.sources.native import parse_gauges, parse_placements

START = 20_400 * DAY_MS


def test_every_report_and_sample_is_understood_whole() -> None:
    posts = list(receivers.history(HOLLAND_AND_FERN, START, START + 7 * DAY_MS, seed=1))
    kinds: list[str] = []
    failing: set[str] = set()
    for post in posts:
        if post.target == "/v1/mail":
            found = dispatch.read(post.body, MailOptions(), START)
            kinds.append(found.kind)
            assert not found.problems
            failing |= {one.source_ip for one in found.dmarc if not (one.dkim_aligned or one.spf_aligned)}
            assert found.kind == ("dmarc" if found.dmarc else "tls_report")
        else:
            parse = parse_gauges if post.target == "/v1/gauges" else parse_placements
            mapped = parse(post.body, post.headers["content-type"], START)
            assert (len(mapped.records), mapped.rejected) == (post.records, [])
    assert kinds.count("dmarc") == 7 * len(HOLLAND_AND_FERN.domains) * len(receivers.REPORTERS)
    assert kinds.count("tls_report") == 7
    assert "198.51.100.23" in failing
    assert [post.target for post in posts].count("/v1/placements") == 1


def test_one_seed_gives_one_world() -> None:
    first, second = (
        [post.body for post in receivers.history(HOLLAND_AND_FERN, START, START + DAY_MS, seed=5)][-1] for _ in "ab"
    )
    assert first == second
