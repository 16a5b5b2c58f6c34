"""The read API: metrics, campaigns, people and the accounting as JSON and CSV.

Handlers are thin: they read parameters, ask `sendlens.metrics`, and write the answer. What brings events in is the
intake.
"""

from sendlens.web.api.router import api_router, open_api, problem_handlers

__all__ = ["api_router", "open_api", "problem_handlers"]
