"""The table of providers whose webhooks Sendlens reads: e-mail services, and mail servers of one's own (`mta`).

A provider is one module with one `PROVIDER`; adding it is a line here, one in `features`, a page in `docs/providers/`,
and a subclass of the contract in `tests/sources/`.
"""

from __future__ import annotations

from typing import Final

from sendlens.sources.esp import (
    braze,
    brevo,
    customerio,
    iterable,
    klaviyo,
    mailersend,
    mailgun,
    mailjet,
    mailpace,
    mailtrap,
    mandrill,
    postal,
    postmark,
    resend,
    sendgrid,
    ses,
    sparkpost,
    unisender,
)
from sendlens.sources.esp.provider import Evidence, Options, Provider, Tokens
from sendlens.sources.mta import kumomta, postfix, powermta

PROVIDERS: Final[dict[str, Provider]] = {
    provider.name: provider
    for provider in (
        sendgrid.PROVIDER,
        ses.PROVIDER,
        mailgun.PROVIDER,
        postmark.PROVIDER,
        sparkpost.PROVIDER,
        mandrill.PROVIDER,
        brevo.PROVIDER,
        mailjet.PROVIDER,
        mailtrap.PROVIDER,
        mailersend.PROVIDER,
        resend.PROVIDER,
        postal.PROVIDER,
        unisender.PROVIDER,
        mailpace.PROVIDER,
        klaviyo.PROVIDER,
        customerio.PROVIDER,
        braze.PROVIDER,
        iterable.PROVIDER,
        kumomta.PROVIDER,
        postfix.PROVIDER,
        powermta.PROVIDER,
    )
}

__all__ = ["PROVIDERS", "Evidence", "Options", "Provider", "Tokens"]
