"""What Sendlens asks others for at intervals: when each is due, what follows a failure, and which hosts may be reached.

Leaves what is asked, and what an answer says, to the rooms above it: `mailboxes` and `scrapes`.
"""
