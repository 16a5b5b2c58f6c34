"""Passwords: which are accepted, and how they are kept.

Owns the rules and the hashing (Argon2id with the parameters RFC 9106 recommends where memory is short). A hash costs
64 MiB for its moment, so that only a few are made at a time.
"""

from __future__ import annotations

import os
import threading
from dataclasses import dataclass
from typing import Final

from cryptography.exceptions import InvalidKey
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

from sendlens.errors import InvalidField

SHORTEST: Final = 10
LONGEST: Final = 256
_AT_ONCE: Final = 2

_FIRST_TRIED: Final = """
abc abcd abcde abcdef abcdefg abcdefgh abcdefghij admin administrator asdf asdfgh asdfghjkl baseball batman
changeme changemenow default dragon email football hello iloveyou letmein login master monkey password passwort
passw0rd p@ssw0rd p@ssword princess qazwsx qazwsxedc qwerty qwertyuiop qwertyui qwertz qwertzuiop secret
sendlens shadow starwars summer sunshine superman test testtest trustno user welcome winter spring autumn
whatever correcthorsebatterystaple mypassword mysecretpassword passwordpassword iloveyouiloveyou
"""
COMMON: Final = frozenset(_FIRST_TRIED.split())
"""Words that, with digits and signs before or behind them, are among the first that anybody tries."""

_RUNS: Final = ("01234567890123456789", "abcdefghijklmnopqrstuvwxyz", "qwertyuiopasdfghjklzxcvbnm")


@dataclass(frozen=True)
class Cost:
    """What one hash costs: passes over the memory, lanes beside each other, and KiB of memory."""

    passes: int = 3
    lanes: int = 4
    memory: int = 65_536

    @property
    def notation(self) -> str:
        """Return how a hash of this cost begins."""
        return f"$argon2id$v=19$m={self.memory},t={self.passes},p={self.lanes}$"


class Passwords:
    """Making and checking hashes. Thread-safe."""

    def __init__(self, cost: Cost = Cost()) -> None:
        """Make hashes of this cost; without it that of RFC 9106 for little memory."""
        self._cost = cost
        self._places = threading.BoundedSemaphore(_AT_ONCE)
        self._nobody = ""

    def hash(self, password: str) -> str:
        """Return what is kept of a password: a hash with its salt and cost, in the usual notation."""
        cost = self._cost
        kdf = Argon2id(
            salt=os.urandom(16), length=32, iterations=cost.passes, lanes=cost.lanes, memory_cost=cost.memory
        )
        with self._places:
            return kdf.derive_phc_encoded(password.encode())

    def fits(self, kept: str, password: str) -> bool:
        """Return whether a password is the one that was hashed; nothing fits an empty `kept`.

        It takes as long either way, so that the time does not tell whether there is an account.
        """
        if not kept:
            self._nobody = self._nobody or self.hash("a password that nobody has")
        with self._places:
            try:
                Argon2id.verify_phc_encoded(password[:LONGEST].encode(), kept or self._nobody)
            except (InvalidKey, ValueError):
                return False
        return bool(kept)

    def outdated(self, kept: str) -> bool:
        """Return whether a hash was made at another cost than today's."""
        return not kept.startswith(self._cost.notation)


def accepted(password: str, email: str) -> str:
    """Return a password that may be taken. Raises `InvalidField`, which does not repeat it."""
    reason = _reason(password, email)
    if reason:
        raise InvalidField(
            "password", "(hidden)", reason, hint="Several words that have nothing to do with each other do."
        )
    return password


def _reason(password: str, email: str) -> str:
    if len(password) < SHORTEST:
        return f"has {len(password)} characters; {SHORTEST} or more are needed"
    if len(password) > LONGEST:
        return f"has {len(password)} characters; at most {LONGEST} are kept"
    plain = password.casefold()
    word = plain.strip("0123456789!?.,;:-_+*#$%&/()=@ ")
    if word in COMMON or plain in COMMON or not word or len(set(plain)) < 4:
        return "is among the first that anybody would try"
    if any(plain in run or plain in run[::-1] for run in _RUNS):
        return "is a row of keys"
    local = email.partition("@")[0].casefold()
    if word in {email.casefold(), local}:
        return "is your own address"
    return ""
