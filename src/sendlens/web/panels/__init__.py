"""Panels: the parts of pages that load, refresh and fail on their own. One fragment address each, `/panels/{name}`."""
