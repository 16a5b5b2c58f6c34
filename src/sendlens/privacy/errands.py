"""Errands: erasures that run while somebody watches a page, and what became of them.

An erasure can take longer than a browser waits, and longer than a server runs. Owns which are under way in this
process; the lasting record of each is the audit's, and of one that was cut off the control plane's. The name of an
errand is made of what stands for the person in the audit, so that it is answered after a restart too, and tells nothing
of who that is.
"""

from __future__ import annotations

import re
import threading
from collections import OrderedDict
from dataclasses import dataclass
from typing import Final

import structlog

from sendlens.errors import SendlensError
from sendlens.privacy.desk import Erasure, PrivacyDesk

_log = structlog.stdlib.get_logger(__name__)
_MOST: Final = 200
_NAME: Final = re.compile(r"([0-9a-f]{64})-([0-9]{13})")
_NEVER_BEGUN: Final = (
    "The server stopped before this erasure had begun. Nothing was erased: ask for it again on the page of the person."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Errand:
    """One erasure: `done` when it ended, `problem` what kept it from its end."""

    tenant: str
    done: Erasure | None = None
    problem: str = ""
    resumed: bool = False
    """Whether it was cut off or failed, and the server does it again from its beginning."""

    @property
    def running(self) -> bool:
        """Return whether it has not ended yet."""
        return self.done is None and (self.resumed or not self.problem)


class Errands:
    """Begins erasures and tells how they stand."""

    def __init__(self, desk: PrivacyDesk) -> None:
        """Have them done at `desk`."""
        self._desk = desk
        self._known: OrderedDict[str, Errand] = OrderedDict()
        self._lock = threading.Lock()

    def begin(self, tenant: str, recipient: str, *, actor: str) -> str:
        """Begin an erasure and return the name to ask for it by."""
        subject, now = self._desk.subject(tenant, recipient)
        name = f"{subject}-{now:013d}"
        self._note(name, Errand(tenant=tenant))
        threading.Thread(target=self._run, args=(name, tenant, recipient, actor), name="erasure", daemon=True).start()
        return name

    def get(self, tenant: str, name: str) -> Errand | None:
        """Return how an erasure of this tenant stands, or None for one that is not known.

        Reads the control plane: call it in a worker thread.
        """
        with self._lock:
            known = self._known.get(name)
        told = _NAME.fullmatch(name)
        if told is None or (known is not None and known.tenant != tenant):
            return None
        if known is not None and not known.problem:
            return known
        recorded = self._recorded(tenant, told[1], int(told[2]), known.problem if known else "")
        return recorded or known or Errand(tenant=tenant, problem=_NEVER_BEGUN)

    def _recorded(self, tenant: str, subject: str, since: int, problem: str) -> Errand | None:
        """Return how one stands that another run of the server began, or that failed and is done again."""
        # In this order: it may end between the two, and its entry is written before its record is forgotten.
        unfinished = self._desk.unfinished(tenant, subject)
        if done := self._desk.recorded(tenant, subject, since):
            return Errand(tenant=tenant, done=done)
        return Errand(tenant=tenant, resumed=True, problem=problem) if unfinished else None

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
