"""The intake: a bare ASGI application for everything that brings events, without a framework on the hot path."""

from sendlens.web.intake.app import IntakeApp

__all__ = ["IntakeApp"]
