"""DMARC and TLS reports: old and new form, in every wrapping, row by row."""

import pytest

from sendlens.model.reports import NOT_TOLD
from sendlens.sources.mail import dispatch
from sendlens.sources.mail.options import MailOptions
from tests.sources.mail import reports
from tests.sources.mail.letters import NOW


def read(data: bytes) -> dispatch.Understood:
    return dispatch.read(data, MailOptions(), NOW)


@pytest.mark.parametrize("way", reports.WAYS)
def test_a_dmarc_report_is_read_in_every_wrapping(way: str) -> None:
    told = read(reports.WAYS[way](reports.dmarc()))
    (record,) = told.dmarc
    assert (told.kind, told.rejected, told.problems) == ("dmarc", [], [])
    assert (record.org, record.report_id, record.row, record.domain) == ("mailbox.example", "r-1", 0, "sender.example")
    assert (record.begin_at, record.end_at) == (1_792_886_400_000, 1_792_972_799_000)
    assert (record.source_ip, record.count, record.disposition) == ("192.0.2.10", 7, "none")


def test_alignment_is_the_receivers_and_not_that_of_the_raw_results() -> None:
    (record,) = read(reports.dmarc()).dmarc
    assert (record.dkim_aligned, record.spf_aligned) == (True, False), "SPF passed, for a foreign domain"
    assert (record.spf_domains, record.spf_results) == (("bounce.other.example",), ("pass",))
    assert record.dkim_domains == ("sender.example", "esp.example")
    assert (record.dkim_selectors, record.dkim_results) == (("s1", "k2"), ("pass", "pass"))
    assert (record.overrides, record.envelope_from) == (("mailing_list",), "bounce.sender.example")
    assert (record.policy, record.subdomain_policy, record.percentage) == ("quarantine", "none", 50)
    assert (record.strict_dkim, record.strict_spf) == (False, True)


def test_the_new_form_tells_what_is_new_and_no_percentage() -> None:
    (record,) = read(reports.dmarc(reports.NEW)).dmarc
    assert (record.policy, record.nonexistent_policy, record.testing) == ("reject", "reject", True)
    assert (record.discovery_method, record.generator, record.percentage) == ("treewalk", "Tool 2", NOT_TOLD)


def test_a_bad_row_is_refused_alone() -> None:
    told = read(reports.dmarc(reports.OLD, reports.row(), reports.row(ip="nowhere"), reports.row(count="many")))
    assert [record.row for record in told.dmarc] == [0]
    assert [(no.index, no.field) for no in told.rejected] == [(1, "source_ip"), (2, "count")]


@pytest.mark.parametrize("missing", ["report_id", "org_name", "begin"])
def test_a_report_that_cannot_be_told_from_others_is_refused(missing: str) -> None:
    told = read(reports.dmarc().replace(f"<{missing}>".encode(), b"<was>").replace(f"</{missing}>".encode(), b"</was>"))
    assert not told.dmarc
    assert missing in told.rejected[0].error


@pytest.mark.parametrize("way", ["bare", "gzip", "mail", "mail with gzip"])
def test_a_tls_report_becomes_totals_and_kinds_of_failure(way: str) -> None:
    told = read(reports.WAYS[way](reports.tls()))
    totals, expired, missing = told.tls
    assert (told.kind, told.rejected) == ("tls_report", [])
    assert (totals.org, totals.report_id, totals.domain, totals.policy_type) == (
        "Mailbox",
        "t-1",
        "sender.example",
        "sts",
    )
    assert (totals.successful, totals.failed, totals.failure_type, totals.mx) == (5326, 303, "", "*.mx.sender.example")
    assert totals.policy == "version: STSv1\nmode: testing"
    assert (expired.failure_type, expired.failure_sessions, expired.failed) == ("certificate-expired", 100, 0)
    assert (expired.mx, expired.sending_ip) == ("mx1.sender.example", "192.0.2.20")
    assert (missing.failure_type, missing.failure_sessions, missing.row) == ("starttls-not-supported", 203, 2)


def test_a_policy_without_a_domain_is_refused_alone() -> None:
    told = read(reports.tls(policies=[{"policy": {}}, {"policy": {"policy-domain": "b.example"}, "summary": {}}]))
    assert [row.domain for row in told.tls] == ["b.example"]
    assert [no.field for no in told.rejected] == ["policy-domain"]


def test_a_time_that_no_report_can_have_is_named() -> None:
    data = reports.dmarc().replace(b"<begin>1792886400<", b"<begin>302832000<")
    (refused,) = dispatch.read(data, MailOptions(), NOW).rejected
    assert "date_range.begin is '302832000'" in refused.error
