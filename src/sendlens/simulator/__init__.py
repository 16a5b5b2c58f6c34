"""A made-up e-mail program with known truth: it behaves like people, providers and machines, and talks HTTP.

Owns the world (`world`), what happens in it (`behaviour`), the exact counts of it (`truth`), the forms in which
providers tell it (`webhooks`), and the sender (`sender`). It knows nothing of the server it talks to; see
docs/decisions/0004-simulator-room.md.
"""
