"""Mail exchangers: which host takes the mail of a recipient's domain, asked of the DNS in the background.

`known` remembers answers, on disk and in memory, so that the same event gets the same answer whenever it is read again;
`resolver` asks, a few questions at a time, never on the way of an event. What an exchanger's name says about the
mailbox is `enrich.provider`'s knowledge. Decision 0010 has the reasons.
"""
