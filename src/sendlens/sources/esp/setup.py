"""How a person connects a provider: what to do there step by step, whose secret it is, and which options it needs.

Owns the words of the settings pages about each provider, as data. The longer story is in `docs/providers/`; how a
provider proves itself is its own module's.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal


@dataclass(frozen=True)
class Setup:
    """What to do at one provider. A step may name `{address}`, the address of the source.

    `origin` says where the secret comes from: `copied` from the provider, a `password` or `token` that we make up and
    the provider is given, or `none`.
    """

    steps: tuple[str, ...]
    origin: Literal["copied", "password", "token", "none"] = "copied"
    options: tuple[str, ...] = ()


OPTIONS: Final[dict[str, str]] = {
    "topics": "Topic ARN: the SNS topics whose messages are accepted, one on each line",
    "time_zone": "Time zone of times in the log that name none, such as Europe/Berlin",
    "year": "Year of times in the log that name none; empty for the latest that fits",
    "campaign_from": "Where the campaign is found, one path on each line; empty for the provider's default",
    "keep_raw": "Keep every event as it came, not only those of unknown types",
}
"""The options that a form offers, in words. Every source has the last two."""
COMMON_OPTIONS: Final = ("campaign_from", "keep_raw")

SETUPS: Final[dict[str, Setup]] = {
    "sendgrid": Setup(
        (
            "In SendGrid open Settings → Mail Settings → Event Webhooks, make a webhook, and enter {address}",
            "Choose all delivery and engagement events; 'processed' is needed for injected counts.",
            "Switch on Signature Verification, save, and copy the verification key into the field below.",
        )
    ),
    "ses": Setup(
        (
            "In Amazon SNS make a standard topic, and enter its ARN in the options of this source.",
            "Subscribe {address} to the topic, protocol HTTPS; Sendlens confirms by itself. Leave raw delivery off.",
            "In SES give the configuration set an event destination with that topic, and choose all event types.",
        ),
        "none",
        ("topics",),
    ),
    "mailgun": Setup(
        (
            "In Mailgun open Sending → Webhooks, and add {address} for each kind of event",
            "Copy the HTTP webhook signing key (not the API key) into the field below.",
        )
    ),
    "postmark": Setup(
        (
            "In Postmark open the message stream's Webhooks, and add {address}",
            "Choose delivery, bounce, spam complaint, open, link click and subscription change.",
        ),
        "password",
    ),
    "sparkpost": Setup(
        (
            "In SparkPost open Configuration → Webhooks, make a webhook, and enter {address}",
            "Under Authentication choose basic, with the user name and the password shown here.",
            "Choose all message, engagement and unsubscribe events; 'injection' is needed for injected counts.",
        ),
        "password",
    ),
    "mandrill": Setup(
        (
            "Set SENDLENS_PUBLIC_URL first: Mandrill signs the address as it knows it.",
            "In Mandrill open Settings → Webhooks, add a webhook with {address}, and choose all events.",
            "Copy the webhook's key from the list into the field below.",
        )
    ),
    "brevo": Setup(
        (
            "In Brevo open Transactional → Settings → Webhook, and enter {address}",
            "Choose all events. Webhooks of marketing campaigns may use the same address.",
        ),
        "password",
    ),
    "mailjet": Setup(
        (
            "In Mailjet open Account → Event notifications (webhooks), and enter {address}",
            "Choose all events; grouped events spare requests.",
        ),
        "password",
    ),
    "mailtrap": Setup(
        (
            "In Mailtrap open Settings → Webhooks, make one for Email Sending, and enter {address}",
            "Choose stream, domain and all events.",
            "Copy the signing secret into the field below.",
        )
    ),
    "mailersend": Setup(
        (
            "In MailerSend open the domain's Webhooks, make a webhook with {address}, and choose all events.",
            "Copy the signing secret into the field below.",
        )
    ),
    "resend": Setup(
        (
            "In Resend open Webhooks, add {address}, and choose all events.",
            "Copy the signing secret (whsec_…) into the field below.",
        )
    ),
    "postal": Setup(
        (
            "In Postal open the mail server's Webhooks, add {address}, and send all events.",
            "Run `postal default-dkim-record` on the installation, and paste what it prints into the field below.",
        )
    ),
    "unisender": Setup(
        (
            "In Unisender Go open Settings → Webhooks, enter {address}, choose all statuses and delivery information.",
            "Copy the API key of the account or project into the field below.",
        )
    ),
    "mailpace": Setup(
        (
            "In MailPace open the domain's Webhooks, and add {address}",
            "Copy the key under Public Key Verification into the field below. Each domain needs a source of its own.",
        )
    ),
    "klaviyo": Setup(
        (
            "Make a system webhook with Klaviyo's Webhooks API, with {address} and the secret key shown here.",
            "Choose the e-mail topics: received, bounced, dropped, opened, clicked, spam, subscribed, unsubscribed.",
        ),
        "token",
    ),
    "customerio": Setup(
        (
            "In Customer.io open Data & Integrations → Integrations → Reporting Webhooks, and add {address}",
            "Choose the e-mail events, with the send frequency 'every time'.",
            "Copy the webhook's signing key into the field below.",
        )
    ),
    "braze": Setup(
        (
            "In Braze open Partner Integrations → Data Export, and create a Custom Currents Export to {address}",
            "Give it the bearer token shown here, and choose the e-mail events.",
        ),
        "token",
    ),
    "iterable": Setup(
        (
            "In Iterable open Integrations → System Webhooks, make a webhook with {address}, and enable it.",
            "As authentication enter the token shown here, and choose the e-mail events.",
        ),
        "token",
    ),
    "kumomta": Setup(
        (
            "Let the log hook post to {address}, for example with policy-extras.log_hooks:new_json.",
            "Give its HTTP client the user name and the password shown here.",
            "Log the headers Subject, From, Message-ID and the one that names your campaign.",
        ),
        "password",
    ),
    "postfix": Setup(
        (
            "Let a log shipper (Vector, Fluent Bit, rsyslog's omhttp) post the lines of the mail log to {address}",
            "Give it the user name and the password shown here.",
            "For campaign and subject let Postfix log these headers: /^(Subject|From|X-Campaign-ID):/ INFO",
        ),
        "password",
        ("time_zone", "year"),
    ),
    "powermta": Setup(
        (
            "Post accounting files, or pieces that begin with the header line, to {address}",
            "Use the user name and the password shown here.",
            "Useful record types: d, b, t, rb, r, f; useful fields: jobId, envId, vmtaPool, bounceCat, Message-Id.",
        ),
        "password",
        ("time_zone",),
    ),
}
"""In the order of `PROVIDERS`."""
