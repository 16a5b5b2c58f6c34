"""DMARC and TLS reports for tests, in the old and the new form."""

import base64
import gzip
import io
import json
import zipfile

from tests.sources.mail.letters import multipart

ROW = """<record><row><source_ip>{ip}</source_ip><count>{count}</count><policy_evaluated>
<disposition>none</disposition>
<dkim>{dkim}</dkim><spf>fail</spf>
<reason><type>mailing_list</type><comment>x</comment></reason></policy_evaluated></row>
<identifiers><envelope_from>bounce.Sender.example</envelope_from><header_from>Sender.example</header_from></identifiers>
<auth_results><dkim><domain>sender.example</domain><selector>s1</selector><result>pass</result></dkim>
<dkim><domain>esp.example</domain><selector>k2</selector><result>pass</result></dkim>
<spf><domain>bounce.other.example</domain><result>pass</result></spf></auth_results></record>"""
OLD = """<?xml version="1.0"?><feedback>
<report_metadata><org_name>mailbox.example</org_name><email>d@mailbox.example</email>
<report_id>r-1</report_id><date_range><begin>1792886400</begin><end>1792972799</end></date_range></report_metadata>
<policy_published><domain>sender.example</domain>
<adkim>r</adkim><aspf>s</aspf><p>quarantine</p><sp>none</sp><pct>50</pct>
</policy_published>{rows}</feedback>"""
NEW = """<?xml version="1.0" encoding="UTF-8"?><feedback xmlns="urn:ietf:params:xml:ns:dmarc-2.0"><version>1.0</version>
<report_metadata><org_name>mailbox.example</org_name><email>d@mailbox.example</email><report_id>r-2</report_id>
<date_range><begin>1792886400</begin><end>1792972799</end></date_range><generator>Tool 2</generator></report_metadata>
<policy_published><domain>sender.example</domain><discovery_method>treewalk</discovery_method><p>reject</p><sp>none</sp>
<np>reject</np><testing>y</testing></policy_published>{rows}</feedback>"""


def row(ip: str = "192.0.2.10", count: object = 7, dkim: str = "pass") -> str:
    return ROW.format(ip=ip, count=count, dkim=dkim)


def dmarc(form: str = OLD, *rows: str) -> bytes:
    return form.format(rows="".join(rows or [row()])).encode()


def tls(**more: object) -> bytes:
    return json.dumps(
        {
            "organization-name": "Mailbox",
            "date-range": {"start-datetime": "2026-10-25T00:00:00Z", "end-datetime": "2026-10-25T23:59:59Z"},
            "contact-info": "tls@mailbox.example",
            "report-id": "t-1",
            "policies": [
                {
                    "policy": {
                        "policy-type": "sts",
                        "policy-string": ["version: STSv1", "mode: testing"],
                        "policy-domain": "Sender.example",
                        "mx-host": ["*.mx.sender.example"],
                    },
                    "summary": {"total-successful-session-count": 5326, "total-failure-session-count": 303},
                    "failure-details": [
                        {
                            "result-type": "certificate-expired",
                            "sending-mta-ip": "192.0.2.20",
                            "receiving-mx-hostname": "mx1.sender.example",
                            "failed-session-count": 100,
                        },
                        {"result-type": "starttls-not-supported", "failed-session-count": 203},
                    ],
                }
            ],
        }
        | more
    ).encode()


def zipped(*files: tuple[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files:
            archive.writestr(name, data)
    return out.getvalue()


def attached(data: bytes, kind: str) -> bytes:
    return multipart(
        "multipart/mixed",
        ("text/plain", "This is an aggregate report."),
        (f"{kind}\nContent-Transfer-Encoding: base64", base64.encodebytes(data).decode()),
        From="reports@mailbox.example",
        Subject="Report Domain: sender.example",
    )


WAYS = {
    "bare": lambda data: data,
    "gzip": gzip.compress,
    "zip": lambda data: zipped(("mailbox!sender!1!2.xml", data)),
    "zip in gzip": lambda data: gzip.compress(zipped(("a", data))),
    "mail": lambda data: attached(data, "text/xml"),
    "mail with gzip": lambda data: attached(gzip.compress(data), "application/gzip"),
    "mail with zip": lambda data: attached(zipped(("x.xml", data)), "application/zip"),
    "mail with anything": lambda data: attached(gzip.compress(data), "application/octet-stream"),
}
