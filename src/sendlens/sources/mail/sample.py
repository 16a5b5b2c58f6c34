"""The test mail of a source of mail: a delivery receipt, as a mail server writes it, and the post that brings it.

Not a bounce: a test is to raise no alarm. The campaign and the recipient are those of every provider's test event.
"""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import format_datetime

from sendlens.sources.esp import signing
from sendlens.sources.esp.samples import CAMPAIGN, RECIPIENT, Moment, Sample

_RECEIPT = """\
From: Mail Delivery System <mailer-daemon@mx.example.com>
To: news@example.com
Date: {date}
Message-ID: <{mark}.receipt@mx.example.com>
Subject: Successful Mail Delivery Report
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="sendlens-test"

--sendlens-test
Content-Type: text/plain

Your message was successfully delivered to the destination listed below.

--sendlens-test
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example.com

Final-Recipient: rfc822; {recipient}
Action: delivered
Status: 2.0.0
Diagnostic-Code: smtp; 250 2.0.0 OK

--sendlens-test
Content-Type: text/rfc822-headers

From: Sendlens <news@example.com>
To: {recipient}
Date: {date}
Message-ID: <{mark}@example.com>
Subject: A test of Sendlens
X-Campaign: {campaign}

--sendlens-test--
"""


def receipt(at: Moment, secret: str) -> Sample:
    """Return the post of a receipt that shows the secret of the source."""
    date = format_datetime(datetime.fromtimestamp(at.seconds, UTC))
    text = _RECEIPT.format(date=date, mark=at.mark, recipient=RECIPIENT, campaign=CAMPAIGN)
    return Sample(signing.authorized(text.encode(), secret, "message/rfc822"))
