"""The page before the first event: what to do, with this server's own addresses filled in; it moves on by itself."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Final

from litestar import Response

from sendlens.control.sources import API
from sendlens.web.pages.access import PageRequest, Visitor
from sendlens.web.pages.frame import page
from sendlens.web.pages.site import Site

KEY_PLACEHOLDER: Final = "$SENDLENS_API_KEY"


@dataclass(frozen=True)
class Steps:
    """Where a provider keeps its webhooks, in its own words."""

    title: str
    place: str
    choose: str
    secret: str


# The words of the providers' consoles as their documentation has them.
PROVIDERS: Final[dict[str, Steps]] = {
    "sendgrid": Steps(
        "SendGrid",
        "Settings → Mail Settings → Event Webhooks → Create new webhook",
        "Choose all delivery and engagement events.",
        "Turn on “Signed Event Webhook” and copy its verification key.",
    ),
    "ses": Steps(
        "Amazon SES",
        "Configuration sets → Event destinations → Amazon SNS; then an HTTPS subscription of the topic",
        "Choose all event types and leave raw message delivery off.",
        "No secret: Amazon signs with a certificate. Give the topic's ARN, so that nobody else's topic is accepted.",
    ),
    "mailgun": Steps(
        "Mailgun",
        "Send → Webhooks → Add webhook",
        "Choose every event type; each gets the same address.",
        "Copy the “HTTP webhook signing key” of the page Webhooks.",
    ),
    "postmark": Steps(
        "Postmark",
        "Server → Message stream → Webhooks → Add webhook",
        "Choose delivery, bounce, spam complaint, open, link click and subscription change.",
        "Invent a user name and a password and enter them as basic auth credentials.",
    ),
    "sparkpost": Steps(
        "SparkPost",
        "Configuration → Webhooks → Create webhook",
        "Choose all events.",
        "Choose basic auth and invent a user name and a password.",
    ),
    "mailchimp": Steps(
        "Mailchimp Transactional",
        "Settings → Webhooks → Add a webhook",
        "Choose all message events.",
        "Copy the webhook's key. It signs the address too, so set SENDLENS_PUBLIC_URL.",
    ),
    "mailjet": Steps(
        "Mailjet",
        "Account → Event notifications (webhooks)",
        "Choose all events and “group events”.",
        "Put an invented user name and password into the address.",
    ),
    "brevo": Steps(
        "Brevo",
        "Transactional → Settings → Webhook → Add a new webhook",
        "Choose all events.",
        "Choose basic auth and invent a user name and a password.",
    ),
    "resend": Steps(
        "Resend", "Webhooks → Add webhook", "Choose all e-mail events.", "Copy the signing secret (whsec_…)."
    ),
}


async def is_waiting(site: Site, visitor: Visitor) -> bool:
    """Return whether the tenant has not had a single event."""
    if await asyncio.to_thread(site.last_event, visitor.tenant):
        return False
    return not await site.answers.has_events(visitor.tenant)


async def waiting_page(site: Site, request: PageRequest, visitor: Visitor) -> Response[str]:
    """Return the instructions for the first event."""
    sources = await asyncio.to_thread(site.control.sources.list, visitor.tenant.id)
    base = site.settings.public_url.rstrip("/") or f"{request.url.scheme}://{request.headers.get('host', 'localhost')}"
    first = visitor.local and visitor.tenant == visitor.tenants[0]
    values = {
        "base": base,
        "key": site.first_key if first and site.first_key else KEY_PLACEHOLDER,
        "has_key": bool(first and site.first_key),
        "hooks": [
            {"name": source.name, "provider": source.provider, "url": f"{base}/hooks/{source.provider}/{source.id}"}
            for source in sources
            if source.provider != API
        ],
        "providers": PROVIDERS,
        "tenant": visitor.tenant.slug,
        "public": bool(site.settings.public_url),
    }
    return await page(
        site, request, "waiting.html", values, title="Waiting for the first event", section="overview", visitor=visitor
    )
