"""A wrong deploy: with this directory on PYTHONPATH, a server stumbles over recipients that begin with "sick"."""

from sendlens.pipeline import rows

right = rows.normal_recipient


def wrong(recipient: str) -> str:
    """Make a mistake."""
    if recipient.startswith("sick"):
        raise ZeroDivisionError("a mistake of ours")
    return right(recipient)


rows.normal_recipient = wrong
