import socket

import pytest

from sendlens.enrich.mailboxes import CONSUMER, EXCHANGERS
from sendlens.enrich.provider import DOMAINS, NOWHERE, Mailbox, of_domain


@pytest.mark.parametrize(
    ("domain", "provider"),
    [
        ("gmail.com", "gmail"), ("googlemail.com", "gmail"), ("hotmail.co.uk", "microsoft_consumer"),
        ("live.nl", "microsoft_consumer"), ("outlook.com.br", "microsoft_consumer"), ("msn.com", "microsoft_consumer"),
        ("yahoo.fr", "yahoo_aol"), ("aol.com", "yahoo_aol"), ("verizon.net", "yahoo_aol"), ("icloud.com", "apple"),
        ("me.com", "apple"), ("gmx.de", "united_internet"), ("web.de", "united_internet"), ("bk.ru", "mail_ru"),
        ("ya.ru", "yandex"), ("qq.com", "qq"), ("163.com", "netease"), ("naver.com", "naver"),
        ("comcast.net", "comcast"), ("wanadoo.fr", "orange"), ("free.fr", "free"), ("laposte.net", "laposte"),
        ("libero.it", "libero"), ("t-online.de", "t_online"), ("btinternet.com", "bt"), ("pm.me", "proton"),
        ("zoho.com", "zoho"), ("fastmail.fm", "fastmail"), ("seznam.cz", "seznam"), ("o2.pl", "wp"), ("op.pl", "onet"),
        ("rediffmail.com", "rediff"), ("bol.com.br", "uol"), ("terra.com.br", "terra"), ("yahoo.co.jp", "yahoo_japan"),
    ],
)  # fmt: skip
def test_consumer_domains(domain, provider):
    assert of_domain(domain) == Mailbox(provider, "", "consumer")


@pytest.mark.parametrize(
    ("mx", "provider", "gateway", "kind"),
    [
        ("ASPMX.L.GOOGLE.COM.", "google_workspace", "", "business"),
        ("aspmx2.googlemail.com", "google_workspace", "", "business"),
        ("firm-com.mail.protection.outlook.com", "microsoft_365", "", "business"),
        ("firm-com.a-v1.mx.microsoft[192.0.2.1]", "microsoft_365", "", "business"),
        ("eur.olc.protection.outlook.com", "microsoft_consumer", "", "consumer"),
        ("mta5.am0.yahoodns.net:25", "yahoo_aol", "", "unknown"),
        ("mx01.mail.icloud.com", "apple", "", "consumer"),
        ("mxa-00123.gslb.pphosted.com", "firm.co.uk", "proofpoint", "business"),
        ("eu-smtp-inbound-1.mimecast.com", "firm.co.uk", "mimecast", "business"),
        ("d1.ess.barracudanetworks.com", "firm.co.uk", "barracuda", "business"),
        ("notgoogle.com", "firm.co.uk", "", "unknown"),
        ("", "firm.co.uk", "", "unknown"),
        ("???", "firm.co.uk", "", "unknown"),
    ],
)
def test_mail_exchanger_names_provider_and_gateway(mx, provider, gateway, kind):
    assert of_domain("mail.firm.co.uk", mx) == Mailbox(provider, gateway, kind)


def test_the_domain_outweighs_the_exchanger():
    assert of_domain("gmail.com", "mx.pphosted.com").provider == "gmail"


def test_spellings_of_one_domain_are_one():
    assert of_domain("GMail.COM.") == of_domain(" gmail.com ") == of_domain("somebody@gmail.com")
    assert of_domain("Bücher.example") == of_domain("xn--bcher-kva.example") == of_domain("bücher.example.")


@pytest.mark.parametrize(
    "domain",
    ["", ".", "..", "a b", "[192.0.2.1]", "192.0.2.1", "x" * 400, "a..b", "\x00.com", "\ud800.de", "-.com", "é" * 300],
)
def test_what_is_no_domain_has_no_provider(domain):
    assert of_domain(domain) == NOWHERE


def test_subdomains_belong_to_their_provider():
    assert of_domain("tokyo.plala.or.jp").provider == "ocn"


def test_no_domain_stands_twice():
    all_domains = [domain for domains in CONSUMER.values() for domain in domains.split()]
    assert sorted(set(all_domains)) == sorted(all_domains)
    assert len({row.suffix for row in EXCHANGERS}) == len(EXCHANGERS)
    assert len(DOMAINS) >= 500


def test_the_network_is_never_asked(monkeypatch):
    def refuse(*_args, **_kwargs):
        raise AssertionError("a look-up left the machine")

    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    monkeypatch.setattr(socket.socket, "connect", refuse)
    assert of_domain("never-seen-before.example.co.uk").provider == "example.co.uk"
