"""E-mail service providers: the table of those whose webhooks Sendlens reads.

A provider is one module with one `PROVIDER`; adding it is a line here, a page in `docs/providers/`, and a subclass of
the contract in `tests/sources/`.
"""

from __future__ import annotations

from typing import Final

from sendlens.sources.esp import mailgun, postmark, sendgrid, ses
from sendlens.sources.esp.provider import Evidence, Options, Provider, Tokens

PROVIDERS: Final[dict[str, Provider]] = {
    provider.name: provider for provider in (sendgrid.PROVIDER, ses.PROVIDER, mailgun.PROVIDER, postmark.PROVIDER)
}

__all__ = ["PROVIDERS", "Evidence", "Options", "Provider", "Tokens"]
