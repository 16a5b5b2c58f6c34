"""Our own tracker, for mail that no provider tracks: a pixel, redirected links, and one-click unsubscription.

Owns what is written into a message and what a request for it means. Leaves HTTP to `web.intake.tracker`. A program that
sends mail may use this room as a library:

    from sendlens.sources.tracking import Message, Tracker, instrument

    tracker = Tracker("https://t.example.com", "src_…", "the source's secret")
    made = instrument(html, tracker, Message(message_id="1@example.com", recipient="ada@example.org"))
"""

from __future__ import annotations

from typing import Final

from sendlens.sources.tracking.mail import instrument_mail
from sendlens.sources.tracking.options import TrackerOptions
from sendlens.sources.tracking.rewrite import Instrumented, Place, instrument
from sendlens.sources.tracking.token import Kind, Message, Tracker

TRACKER: Final = "tracker"
"""The provider name of a source whose events come from the tracker."""

__all__ = [
    "TRACKER",
    "Instrumented",
    "Kind",
    "Message",
    "Place",
    "Tracker",
    "TrackerOptions",
    "instrument",
    "instrument_mail",
]
