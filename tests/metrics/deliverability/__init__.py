"""Deliverability: verdicts by hand, and what each question reads from the store."""
