"""Errands: erasures that run while somebody watches a page, and what became of them.

An erasure can take longer than a browser waits. Owns which are under way in this process; the lasting record of each is
the audit's. What is kept here says nothing of who was erased.
"""

from __future__ import annotations

import secrets
import threading
from collections import OrderedDict
from dataclasses import dataclass
from typing import Final

import structlog

from sendlens.errors import SendlensError
from sendlens.privacy.desk import Erasure, PrivacyDesk

_log = structlog.stdlib.get_logger(__name__)
_MOST: Final = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Errand:
    """One erasure: `done` when it ended, `problem` when it did not."""

    tenant: str
    done: Erasure | None = None
    problem: str = ""

    @property
    def running(self) -> bool:
        """Return whether it has not ended yet."""
        return self.done is None and not self.problem


class Errands:
    """Begins erasures and tells how they stand."""

    def __init__(self, desk: PrivacyDesk) -> None:
        """Have them done at `desk`."""
        self._desk = desk
        self._known: OrderedDict[str, Errand] = OrderedDict()
        self._lock = threading.Lock()

    def begin(self, tenant: str, recipient: str, *, actor: str) -> str:
        """Begin an erasure and return the name to ask for it by."""
        name = secrets.token_urlsafe(12)
        self._note(name, Errand(tenant=tenant))
        threading.Thread(target=self._run, args=(name, tenant, recipient, actor), name="erasure", daemon=True).start()
        return name

    def get(self, tenant: str, name: str) -> Errand | None:
        """Return how an erasure of this tenant stands, or None for one that is not known."""
        with self._lock:
            found = self._known.get(name)
        return found if found and found.tenant == tenant else None

    def _run(self, name: str, tenant: str, recipient: str, actor: str) -> None:
        try:
            end = Errand(tenant=tenant, done=self._desk.erase(tenant, recipient, actor=actor))
        except SendlensError as error:
            end = Errand(tenant=tenant, problem=f"{error.detail} {error.hint}".strip())
        except Exception as error:  # whatever it was, whoever asks for the end of the errand has to be told
            _log.error("erasure failed", tenant=tenant, exc_info=error)
            end = Errand(tenant=tenant, problem="Something went wrong inside Sendlens; its log says what.")
        self._note(name, end)

    def _note(self, name: str, errand: Errand) -> None:
        with self._lock:
            self._known[name] = errand
            while len(self._known) > _MOST:
                self._known.popitem(last=False)
