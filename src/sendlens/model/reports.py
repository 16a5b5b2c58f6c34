"""What mailbox providers report about a domain in bulk: rows of DMARC aggregate reports and of TLS reports.

Owns their fields. One record is one row, with what the report says as a whole repeated in it, so that each row can be
judged, stored and counted alone. Times are UTC milliseconds; texts are empty where a report does not tell.
"""

from __future__ import annotations

from typing import Annotated, Final

import msgspec

Milliseconds = Annotated[int, msgspec.Meta(ge=0)]
Count = Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]

NOT_TOLD: Final = -1
"""A percentage that a report does not tell; RFC 9990 has none."""


class DmarcRecord(msgspec.Struct, kw_only=True, omit_defaults=True, frozen=True):
    """How many mails from one address, of one From domain, passed or failed: a row of an aggregate report."""

    org: str
    """Who reports."""
    report_id: str
    row: int
    """Place of the row in its report, counted from 0."""
    begin_at: Milliseconds
    end_at: Milliseconds
    domain: str
    """The domain in From, in lower case."""
    source_ip: str
    count: Count
    disposition: str = ""
    """What the receiver did: none, quarantine or reject."""
    dkim_aligned: bool = False
    """DKIM passed for a domain that is aligned with From, by the receiver's own evaluation."""
    spf_aligned: bool = False
    overrides: tuple[str, ...] = ()
    """Reasons why the receiver did otherwise than the policy says, such as mailing_list."""
    envelope_from: str = ""
    envelope_to: str = ""
    dkim_domains: tuple[str, ...] = ()
    dkim_selectors: tuple[str, ...] = ()
    dkim_results: tuple[str, ...] = ()
    """One entry per signature in each of the three."""
    spf_domains: tuple[str, ...] = ()
    spf_results: tuple[str, ...] = ()
    policy_domain: str = ""
    policy: str = ""
    """The policy published for the domain: none, quarantine or reject."""
    subdomain_policy: str = ""
    nonexistent_policy: str = ""
    """Policy for subdomains that do not exist (`np`, RFC 9990)."""
    strict_dkim: bool = False
    strict_spf: bool = False
    percentage: int = NOT_TOLD
    testing: bool = False
    """The domain owner asks that the policy be not applied yet (`t=y`, RFC 9990)."""
    discovery_method: str = ""
    """How the receiver found the policy: psl or treewalk (RFC 9990)."""
    generator: str = ""


class TlsReport(msgspec.Struct, kw_only=True, omit_defaults=True, frozen=True):
    """Sessions under one TLS policy: its totals (row 0 of the policy), or one kind of failure (the rows after it)."""

    org: str
    report_id: str
    row: int
    begin_at: Milliseconds
    end_at: Milliseconds
    domain: str
    """The domain the policy is for, in lower case."""
    policy_type: str
    """`sts`, `tlsa` or `no-policy-found`."""
    policy: str = ""
    """The policy's text, as far as it is told."""
    mx: str = ""
    """The receiving host of a failure; for totals the hosts in the policy."""
    successful: Count = 0
    failed: Count = 0
    """Totals, told by row 0 of a policy alone."""
    failure_type: str = ""
    """Such as certificate-expired; empty for totals."""
    failure_sessions: Count = 0
    """Sessions of this kind of failure; a part of the policy's `failed`, not to be added to it."""
    sending_ip: str = ""
    receiving_ip: str = ""
    failure_reason: str = ""
    contact: str = ""
