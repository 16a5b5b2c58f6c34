"""From events to columns: what Sendlens concludes about a client, a mailbox, a bounce, a link, a place and an actor.

Everything here is pure and deterministic: no network, no clock, no database but the country file the user names. The
same event gives the same columns today and in a replay. Each conclusion is a function over one distinct value
(`client.identify`, `provider.of_domain`, `bounce.classify`, `links.kind`, `geo.Countries.of`) or over a few of them
(`actor.judge`), with a bounded cache, because a batch of 50,000 events holds far fewer distinct values.

What is known of the world stands in tables of data, apart from the code that reads them: `agents`, `mailboxes`,
`networks`, `bounce_rules`, `link_words`. Adding a scanner, a provider or a bounce wording is one line there.
"""
