"""Sendlens: real-time analytics for e-mail programs and the campaigns around them."""

__version__ = "0.1.0"
