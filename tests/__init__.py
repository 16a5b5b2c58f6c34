"""The tests of Sendlens, one folder per kind; `tests/harness` holds the real servers they run against."""
