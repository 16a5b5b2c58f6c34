"""The table of all that post to `/hooks/{provider}/{source}`, providers and mail, and their test events."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from sendlens.sources.esp import PROVIDERS, Options, Provider
from sendlens.sources.esp.samples import Moment, Sample, sample
from sendlens.sources.mail.provider import PROVIDER as MAIL
from sendlens.sources.mail.sample import receipt

POSTING: Final[Mapping[str, Provider]] = {**PROVIDERS, MAIL.name: MAIL}


def trial(provider: str, at: Moment, secret: str, options: Options, url: str) -> Sample:
    """Return the test event for a source of a provider, with this secret and these options, posted to `url`."""
    return receipt(at, secret) if provider == MAIL.name else sample(provider, at, secret, options, url)
