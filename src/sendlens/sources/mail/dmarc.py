"""DMARC aggregate reports: the XML of RFC 7489 and of RFC 9990, row by row.

Owns the elements and where they are read from. The document is read as a stream, so that a large one costs no more
memory than its rows; entities and document types are refused, depth and texts are bounded.
"""

from __future__ import annotations

import io
import ipaddress
from collections.abc import Iterable, Iterator
from typing import Final
from xml.sax.handler import ContentHandler
from xml.sax.xmlreader import AttributesImpl

import defusedxml.sax
from defusedxml.common import DefusedXmlException

from sendlens.errors import BadRequest, InvalidField, Rejection
from sendlens.model.reports import NOT_TOLD, DmarcRecord
from sendlens.sources.mail import limits

NAMESPACES: Final = (
    "urn:ietf:params:xml:ns:dmarc-2.0",
    "http://dmarc.org/dmarc-xml/0.1",
    "http://dmarc.org/dmarc-xml/0.2",
)
"""Namespaces of RFC 9990 and of earlier reports; they are not demanded, since most reports carry none."""

Node = dict[str, "list[Node | str]"]
"""An element's children by name; a leaf is its text."""

_DEEPEST: Final = 12
_LONGEST: Final = 512
_NONE: Final[Node] = {}
_MOST_OF_ONE: Final = 100
_EARLIEST: Final = 946_684_800
_LATEST: Final = 4_102_444_800


class Dmarc:
    """One report: its rows, and why others were refused."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self.records: list[DmarcRecord] = []
        self.rejected: list[Rejection] = []


def looks_like(data: bytes) -> bool:
    """Tell whether bytes begin as an aggregate report does."""
    head = data[:4096].replace(b"\0", b"")
    return b"<feedback" in head or (b"<!DOCTYPE" in head and b"feedback" in data[:65_536])


def read(data: bytes) -> Dmarc:
    """Return the rows of a report. Raises `BadRequest` for what is no report; a bad row is rejected alone."""
    reader = _Reader()
    try:
        defusedxml.sax.parse(io.BytesIO(data), reader, forbid_dtd=True)
    except DefusedXmlException as error:
        raise BadRequest(
            f"the DMARC report declares entities or a document type, which no report needs: {error}"
        ) from None
    except _Enough as error:
        raise BadRequest(f"the DMARC report cannot be read: {error}") from None
    except Exception as error:  # the parser's own errors have no common base beside Exception
        raise BadRequest(f"the DMARC report is not well-formed XML: {error}"[:300]) from None
    if not reader.seen:
        raise BadRequest("the XML document is no DMARC report: it has no element <feedback>")
    return _rows(reader)


class _Enough(Exception):
    """A bound was passed."""


class _Reader(ContentHandler):
    """Collects the small parts of a report as they end: metadata, the published policy, and every record."""

    def __init__(self) -> None:
        super().__init__()
        self.seen = False
        self.about: Node = {}
        self.rows: list[Node] = []
        self.more = 0
        self._stack: list[tuple[str, Node]] = []
        self._text: list[str] = []
        self._length = 0

    def startElement(self, name: str, attrs: AttributesImpl) -> None:  # noqa: N802 (the name is SAX's)
        del attrs
        plain = name.rpartition(":")[2].lower()
        if len(self._stack) >= _DEEPEST:
            raise _Enough(f"elements are nested deeper than {_DEEPEST} levels")
        if not self._stack:
            self.seen = plain == "feedback"
        self._stack.append((plain, {}))
        self._text, self._length = [], 0

    def characters(self, content: str) -> None:
        if self._length < _LONGEST:
            self._text.append(content[: _LONGEST - self._length])
            self._length += len(content)

    def endElement(self, name: str) -> None:  # noqa: N802 (the name is SAX's)
        del name
        plain, node = self._stack.pop()
        value: Node | str = node or "".join(self._text).strip()
        self._text, self._length = [], 0
        if len(self._stack) == 1 and plain == "record":
            if len(self.rows) < limits.MOST_ROWS:
                self.rows.append(node)
            else:
                self.more += 1
            return
        parent = self._stack[-1][1] if self._stack else self.about
        kept = parent.setdefault(plain, [])
        if len(kept) < _MOST_OF_ONE and len(parent) <= _MOST_OF_ONE:
            kept.append(value)


def _rows(reader: _Reader) -> Dmarc:
    report = Dmarc()
    feedback = next(_nodes(reader.about, "feedback"), _NONE)
    about = next(_nodes(feedback, "report_metadata"), _NONE)
    published = next(_nodes(feedback, "policy_published"), _NONE)
    span = next(_nodes(about, "date_range"), _NONE)
    begin, end = _seconds(_text(span, "begin")), _seconds(_text(span, "end"))
    if not begin and (told := _text(span, "begin")):
        raise BadRequest(f"the DMARC report's date_range.begin is {told[:40]!r}, which is no time of a report")
    org, report_id = _text(about, "org_name"), _text(about, "report_id")
    for field, value in (("report_id", report_id), ("org_name", org), ("date_range.begin", begin)):
        if not value:
            raise BadRequest(f"the DMARC report lacks its {field}")
    for row, node in enumerate(reader.rows):
        try:
            report.records.append(
                _record(
                    node,
                    published,
                    org=org,
                    report_id=report_id,
                    row=row,
                    begin_at=begin * 1000,
                    end_at=(end or begin) * 1000,
                    generator=_text(about, "generator"),
                )
            )
        except InvalidField as error:
            report.rejected.append(Rejection.of(row, error))
    if reader.more:
        report.rejected.append(
            Rejection(
                index=limits.MOST_ROWS,
                field="record",
                error=f"{reader.more} rows beyond {limits.MOST_ROWS} were not read",
                reason=f"rows beyond {limits.MOST_ROWS} were not read",
                value=f"{reader.more} rows",
            )
        )
    return report


def _record(
    node: Node, published: Node, *, org: str, report_id: str, row: int, begin_at: int, end_at: int, generator: str
) -> DmarcRecord:
    told = next(_nodes(node, "row"), _NONE)
    judged = next(_nodes(told, "policy_evaluated"), _NONE)
    names = next(_nodes(node, "identifiers"), _NONE) or next(_nodes(node, "identities"), _NONE)
    results = next(_nodes(node, "auth_results"), _NONE)
    dkim, spf = list(_nodes(results, "dkim")), list(_nodes(results, "spf"))
    percentage = _text(published, "pct")
    domain = _text(names, "header_from") or _text(published, "domain")
    if not domain:
        raise InvalidField("header_from", "", "a row needs the domain in From")
    return DmarcRecord(
        org=org,
        report_id=report_id,
        row=row,
        begin_at=begin_at,
        end_at=end_at,
        domain=_domain(domain),
        source_ip=_address(_text(told, "source_ip")),
        count=_count(_text(told, "count")),
        disposition=_text(judged, "disposition").lower(),
        # The receiver's verdict on alignment. What stands in auth_results may have passed for a foreign domain.
        dkim_aligned=_text(judged, "dkim").lower() == "pass",
        spf_aligned=_text(judged, "spf").lower() == "pass",
        overrides=tuple(kind for reason in _nodes(judged, "reason") if (kind := _text(reason, "type"))),
        envelope_from=_domain(_text(names, "envelope_from")),
        envelope_to=_domain(_text(names, "envelope_to")),
        dkim_domains=tuple(_domain(_text(one, "domain")) for one in dkim),
        dkim_selectors=tuple(_text(one, "selector") for one in dkim),
        dkim_results=tuple(_text(one, "result").lower() for one in dkim),
        spf_domains=tuple(_domain(_text(one, "domain")) for one in spf),
        spf_results=tuple(_text(one, "result").lower() for one in spf),
        policy_domain=_domain(_text(published, "domain")),
        policy=_text(published, "p").lower(),
        subdomain_policy=_text(published, "sp").lower(),
        nonexistent_policy=_text(published, "np").lower(),
        strict_dkim=_text(published, "adkim").lower().startswith("s"),
        strict_spf=_text(published, "aspf").lower().startswith("s"),
        percentage=int(percentage)
        if percentage.isdecimal() and len(percentage) < 4 and int(percentage) <= 100
        else NOT_TOLD,
        testing=_text(published, "testing").lower() == "y",
        discovery_method=_text(published, "discovery_method").lower(),
        generator=generator,
    )


def _nodes(node: Node, name: str) -> Iterator[Node]:
    return (each for each in _all(node, name) if isinstance(each, dict))


def _all(node: Node, name: str) -> Iterable[Node | str]:
    return node.get(name, ())


def _text(node: Node, name: str) -> str:
    told = next((each for each in _all(node, name) if isinstance(each, str)), "")
    return told[:256].replace("\0", "\ufffd")


def _domain(value: str) -> str:
    return value.strip().rstrip(".").lower()


def _seconds(value: str) -> int:
    told = value.partition(".")[0]
    number = int(told) if told.isdecimal() and len(told) < 12 else 0
    return number if _EARLIEST <= number <= _LATEST else 0


def _address(value: str) -> str:
    try:
        return str(ipaddress.ip_address(value.strip("[] ")))
    except ValueError:
        raise InvalidField("source_ip", value, "an IP address is expected") from None


def _count(value: str) -> int:
    if not value.isdecimal() or len(value) > 15:
        raise InvalidField("count", value, "a whole number is expected")
    return int(value)
