"""Deliverability: whether mail arrives, where it lands, and what receivers say about it; one small module a question.

Owns what the registry cannot say as one ratio: percentiles, intervals, samples of replies, verdicts. Leaves every rate
to `metrics.registry`, and the shapes on the wire and on the page to `web`.
"""
