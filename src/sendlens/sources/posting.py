"""The table of all that post to `/hooks/{provider}/{source}`: the providers of `esp`, and mail."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from sendlens.sources.esp import PROVIDERS, Provider
from sendlens.sources.mail.provider import PROVIDER as MAIL

POSTING: Final[Mapping[str, Provider]] = {**PROVIDERS, MAIL.name: MAIL}
