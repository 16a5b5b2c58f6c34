"""SMTP TLS reports: the JSON of RFC 8460.

Owns the members and how a policy becomes rows: its totals first, then one row per kind of failure.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

import msgspec

from sendlens.errors import BadRequest, InvalidField, Rejection
from sendlens.model.reports import TlsReport
from sendlens.sources import decode
from sendlens.sources.esp.reading import child, items, word
from sendlens.sources.mail import limits

MEDIA_TYPES: Final = ("application/tlsrpt+gzip", "application/tlsrpt+json")
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_LEAST_MS: Final = 946_684_800_000
_MOST_MS: Final = 4_102_444_800_000


class Tls(msgspec.Struct):
    """One report: its rows, and why others were refused."""

    records: list[TlsReport] = msgspec.field(default_factory=list[TlsReport])
    rejected: list[Rejection] = msgspec.field(default_factory=list[Rejection])


def looks_like(data: bytes) -> bool:
    """Tell whether bytes begin as a TLS report does."""
    return data.removeprefix(b"\xef\xbb\xbf").lstrip()[:1] == b"{" and b'"policies"' in data and b'"report-id"' in data


def read(data: bytes) -> Tls:
    """Return the rows of a report. Raises `BadRequest` for what is no report; a bad policy is rejected alone."""
    told = decode.mapping(data, "a TLS report")
    org, report_id = _short(told.get("organization-name")), _short(told.get("report-id"))
    span = child(told, "date-range")
    begin, end = _moment(word(span.get("start-datetime"))), _moment(word(span.get("end-datetime")))
    for field, value in (("report-id", report_id), ("organization-name", org), ("date-range.start-datetime", begin)):
        if not value:
            raise BadRequest(f"the TLS report lacks its {field}")
    common: dict[str, object] = {
        "org": org,
        "report_id": report_id,
        "begin_at": begin,
        "end_at": end or begin,
        "contact": _short(told.get("contact-info")),
    }
    report = Tls()
    for index, policy in enumerate(items(told.get("policies"))):
        try:
            report.records.extend(_policy(policy, len(report.records), common))
        except InvalidField as error:
            report.rejected.append(Rejection.of(index, error))
        if len(report.records) >= limits.MOST_ROWS:
            report.rejected.append(
                Rejection(index=index, field="policies", error=f"rows beyond {limits.MOST_ROWS} were not read")
            )
            break
    return report


def _policy(policy: object, row: int, common: dict[str, object]) -> list[TlsReport]:
    about, summary = child(policy, "policy"), child(policy, "summary")
    domain = _short(about.get("policy-domain")).rstrip(".").lower()
    if not domain:
        raise InvalidField("policy-domain", about.get("policy-domain"), "a policy needs its domain")
    shared = {**common, "domain": domain, "policy_type": _short(about.get("policy-type")).lower()}
    hosts = " ".join(word(host) for host in items(about.get("mx-host"))[:50])
    rows: list[dict[str, object]] = [
        {
            "policy": "\n".join(word(line) for line in items(about.get("policy-string"))[:50])[:2048],
            "mx": hosts[:512],
            "successful": _count(summary, "total-successful-session-count"),
            "failed": _count(summary, "total-failure-session-count"),
        }
    ]
    for failure in items(child(policy).get("failure-details"))[: limits.MOST_ROWS]:
        detail = child(failure)
        rows.append(
            {
                "mx": _short(detail.get("receiving-mx-hostname")) or _short(detail.get("receiving-mx-helo")),
                "failure_type": _short(detail.get("result-type")).lower() or "unspecified",
                "failure_sessions": _count(detail, "failed-session-count"),
                "sending_ip": _short(detail.get("sending-mta-ip")),
                "receiving_ip": _short(detail.get("receiving-ip")),
                "failure_reason": _short(detail.get("failure-reason-code"))
                or _short(detail.get("additional-information")),
            }
        )
    return [msgspec.convert({**shared, **told, "row": row + place}, TlsReport) for place, told in enumerate(rows)]


def _short(value: object) -> str:
    return word(value)[:256].replace("\0", "\ufffd").encode("utf-8", "replace").decode()


def _count(node: object, name: str) -> int:
    value = child(node).get(name, 0)
    told = int(value) if isinstance(value, str) and value.isdecimal() and len(value) < 16 else value
    if isinstance(told, bool) or not isinstance(told, int) or not 0 <= told < 2**53:
        raise InvalidField(name, value, "a whole number is expected")
    return told


def _moment(value: str) -> int:
    try:
        told = datetime.fromisoformat(value)
        ms = int(((told if told.tzinfo else told.replace(tzinfo=UTC)) - _EPOCH).total_seconds()) * 1000
    except (ValueError, OverflowError):
        return 0
    return ms if _LEAST_MS <= ms <= _MOST_MS else 0
