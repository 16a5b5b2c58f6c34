"""A test mail's head: which test it belongs to, and what the receiving server says of SPF, DKIM and DMARC."""

import pytest

from sendlens.errors import InvalidField
from sendlens.sources.seeds.options import SeedOptions
from sendlens.sources.seeds.reading import read
from tests.docs.pages import DOCS

BOX = "imaps://seed1%40gmail.com@imap.gmail.com"

GMAIL = """\
Delivered-To: seed1@gmail.com
Authentication-Results: mx.google.com;
       dkim=fail (body hash (did) not verify) header.i=@esp.example header.s=k1;
       dkim=pass header.i=@news.example.com header.s=s1 header.b=abc;
       spf=pass (google.com: domain of b@news.example.com designates 192.0.2.1 as permitted sender; x=y)
         smtp.mailfrom=b@news.example.com;
       dmarc=pass (p=NONE sp=NONE dis=NONE) header.from=example.com
Authentication-Results: forged.example; dmarc=fail
"""
MICROSOFT = """\
Authentication-Results: spf=softfail (sender IP is 192.0.2.1)
 smtp.mailfrom=news.example.com; dkim=none (message not signed)
 header.d=none;dmarc=fail action=none header.from=example.com;compauth=fail
 reason=001
"""
FROM = "From: News <news@news.example.com>\nSubject: Spring is here\n"


def head(*lines: str) -> bytes:
    return "".join(lines).replace("\n", "\r\n").encode() + b"\r\n"


def told(*lines: str, **options: object) -> dict[str, str]:
    return read(head(*lines), SeedOptions.of({"mailbox": BOX, **options}))


@pytest.mark.parametrize(
    ("lines", "results"),
    [
        (GMAIL, {"spf": "pass", "dkim": "pass", "dmarc": "pass"}),
        (MICROSOFT, {"spf": "softfail", "dkim": "none", "dmarc": "fail"}),
        ("Authentication-Results: mx.web.example; none\n", {}),
        ("Authentication-Results: a;\n" + " (" * 2000 + "spf=pass\n", {}),
        ("", {}),
    ],
)
def test_the_receivers_own_results_are_read(lines: str, results: dict[str, str]) -> None:
    found = told(lines, FROM, "X-Campaign: spring\n")
    assert {name: found[name] for name in ("spf", "dkim", "dmarc") if name in found} == results
    assert found["sending_domain"] == "news.example.com"


@pytest.mark.parametrize(
    ("line", "options", "test", "campaign"),
    [
        ("X-Sendlens-Test: t1\nX-Campaign: spring\n", {}, "t1", "spring"),
        ("X-Mine: m1\nX-Sendlens-Test: t1\n", {"test_from": ["X-Mine"]}, "m1", ""),
        ("X-Sendlens-Campaign: spring\n", {}, "spring", "spring"),
        ("Feedback-ID: spring:acme:promo:esp\n", {}, "spring", "spring"),
        ("X-Job: 77\nX-Campaign: spring\n", {"campaign_from": ["X-Job"]}, "77", "77"),
        ("Subject: Offers [seed s-9] for you\n", {"subject": "[seed {test}]"}, "s-9", ""),
        ("Subject: Offers #s-9\n", {"subject": "#{test}"}, "s-9", ""),
        ("Subject: Offers\n", {"subject": "#{test}"}, "", ""),
        ("Subject: Offers #s-9\n", {}, "", ""),
    ],
)
def test_the_test_is_named_by_header_campaign_or_subject(
    line: str, options: dict[str, object], test: str, campaign: str
) -> None:
    found = told(line, **options)
    assert (found.get("test_id", ""), found.get("campaign_id", "")) == (test, campaign)


def test_the_seed_is_the_user_of_the_mailbox_or_named() -> None:
    assert SeedOptions.of({"mailbox": BOX}).seed == "seed1@gmail.com"
    assert SeedOptions.of({"mailbox": "imaps://seed2@mail.example.com"}).seed == "seed2@mail.example.com"
    assert SeedOptions.of({"mailbox": BOX, "address": "Seed+1@Gmail.com"}).seed == "seed+1@gmail.com"


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("mailbox", "maildir:/var/mail/x"),
        ("address", "nobody"),
        ("subject", "no place"),
        ("subject", "{test}"),
        ("spam_folder", 'a"b'),
        ("test_from", ["a b"]),
        ("missing_after_minutes", 1),
    ],
)
def test_options_that_cannot_be_are_refused(option: str, value: object) -> None:
    with pytest.raises(InvalidField, match=option):
        SeedOptions.of({"mailbox": BOX, option: value})


def test_every_option_is_explained() -> None:
    page = (DOCS / "seeds.md").read_text(encoding="utf-8")
    own = [*(set(SeedOptions.__struct_fields__) - set(SeedOptions.__mro__[1].__struct_fields__)), "campaign_from"]
    assert not [name for name in own if f"| `{name}` |" not in page]
