"""Test mails as seed mailboxes have them: a head in; which test it is, and what its receiver verified, out.

Owns the options of a source that is a seed mailbox. Leaves looking into it to `mailboxes`.
"""

from __future__ import annotations

from typing import Final

SEED: Final = "seed"
"""The provider name of a source that is a seed mailbox."""
