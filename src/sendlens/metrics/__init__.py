"""Metrics: what can be asked, how a question becomes one query, and how its sums become figures.

Every number that a page, an API answer, an alert or an export shows is asked for here. Leaves to `store` how SQL is
sent, and to `web` how a figure looks.
"""
