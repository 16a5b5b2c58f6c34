"""Real servers for tests: PostgreSQL, ClickHouse and Chromium, found on the machine or brought up on the spot.

Each module owns one server and its pytest fixtures; `tests/conftest.py` registers them. None of them knows Sendlens.
"""
