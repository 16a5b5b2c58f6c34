"""From the log to the tables: judge at the door, enrich, count once, insert, and prove it adds up.

`door` appends what a request brought; `writer` turns ranges of the log into batches; `rows` makes columns of events;
`dedupe` knows which keys were seen; `recovery` closes what a crash left open; `intake` keeps the accounts.
"""
