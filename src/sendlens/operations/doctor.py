"""The doctor: what is the state of a data directory, in plain words.

Owns the list of examinations and what they say. It changes nothing. A directory that a server holds is examined as far
as reading beside it allows, and the server is asked about the rest.
"""

from __future__ import annotations

import shutil
import sqlite3
import stat
from collections.abc import Callable, Generator
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

import httpx
import msgspec

from sendlens.control.directory import FORMAT, DataDirectory, check_owner, format_of, holder
from sendlens.control.polls import PollState
from sendlens.control.secrets import KEY_FILE
from sendlens.errors import SendlensError
from sendlens.exchangers.known import FILE as EXCHANGERS
from sendlens.exchangers.known import MOST_KNOWN
from sendlens.log import sqlite_file
from sendlens.operations import advice
from sendlens.operations.manifest import CONTROL, LOG
from sendlens.pipeline.agreement import Kept, disagreements
from sendlens.settings import Settings
from sendlens.store.client import Store
from sendlens.store.migrate import read as known_migrations
from sendlens.tasks import MINUTES_KEPT_DAYS

State = Literal["good", "warning", "bad"]
_DAY_MS: Final = 86_400_000
_LITTLE_ROOM: Final = 2 << 30
_NO_ROOM: Final = 200 << 20
_CLOCK_MS: Final = 300_000
_GRAVITY: Final[dict[str, State]] = {"degraded": "warning"}
"""How grave it is what a running server says of itself, by its status; anything else is bad."""


class Finding(msgspec.Struct, frozen=True):
    """What one examination found: `bad` needs somebody to act, a `warning` may be meant that way."""

    name: str
    state: State
    says: str
    advice: str = ""


@dataclass(frozen=True)
class Patient:
    """What is examined. `held_by` is the process that has the directory, empty for a stopped server."""

    settings: Settings
    now_ms: int
    held_by: str

    @property
    def data(self) -> Path:
        """Return the data directory."""
        return self.settings.data


Findings = Generator[Finding]


def examine(settings: Settings, now_ms: int) -> list[Finding]:
    """Return everything there is to say, in the order in which one would look."""
    marked = format_of(settings.data)
    if not marked:
        says = f"there is no Sendlens in {settings.data}"
        return [Finding("directory", "bad", says, "SENDLENS_DATA names the data directory of the server.")]
    if not marked.isdecimal() or int(marked) > FORMAT:
        says = f"{settings.data} has the format {marked!r}; this version knows up to {FORMAT}"
        return [Finding("directory", "bad", says, "Use the version that was here before, or finish the restore.")]
    patient = Patient(settings, now_ms, holder(settings.data))
    found: list[Finding] = []
    for name, examination in EXAMINATIONS.items():
        try:
            found += examination(patient)
        except (SendlensError, sqlite3.Error, OSError) as error:
            told = error.detail if isinstance(error, SendlensError) else str(error)
            hint = error.hint if isinstance(error, SendlensError) else ""
            found.append(Finding(name, "bad", f"could not be examined: {told}", hint))
    return found


def directory(patient: Patient) -> Findings:
    """Say which format the directory has and who holds it."""
    says = f"{patient.data} has format {format_of(patient.data)}"
    yield Finding(
        "directory",
        "good",
        f"{says} and is {f'held by process {patient.held_by}' if patient.held_by else 'held by nobody'}",
    )


def permissions(patient: Patient) -> Findings:
    """Say who else may read the data: the directory's mode protects everything in it, the key has its own."""
    open_to_others = stat.S_IRWXG | stat.S_IRWXO
    wrong = [
        (path, mode)
        for path, mode in ((patient.data, "700"), (patient.data / KEY_FILE, "600"))
        if path.exists() and path.stat().st_mode & open_to_others
    ]
    for path, mode in wrong:
        yield Finding(
            "permissions", "bad", f"other users of this machine may enter or read {path}", f"chmod {mode} {path}"
        )
    if not wrong:
        yield Finding("permissions", "good", "only the owner may read the data")


def disk(patient: Patient) -> Findings:
    """Say how much room is left."""
    free = shutil.disk_usage(patient.data).free
    state: State = "bad" if free < _NO_ROOM else "warning" if free < _LITTLE_ROOM else "good"
    yield Finding(
        "disk",
        state,
        f"{free >> 20} MB are free",
        "" if state == "good" else "Make room; intake answers 503 on a full disk.",
    )


def clock(patient: Patient) -> Findings:
    """Say whether this machine's clock was behind what it received."""
    latest = 0
    if (patient.data / LOG).exists():
        with closing(sqlite_file.connect_reader(patient.data / LOG)) as log:
            (latest,) = log.execute(
                "SELECT coalesce(max(received_at), 0) FROM blocks"
                " WHERE offset > (SELECT coalesce(max(offset), 0) - 1000 FROM blocks)"
            ).fetchone()
    if latest > patient.now_ms + _CLOCK_MS:
        minutes = (latest - patient.now_ms) // 60_000
        yield Finding(
            "clock",
            "bad",
            f"blocks were received {minutes} minutes in the future: the clock was set back",
            "Check the time service of this machine.",
        )
    else:
        yield Finding("clock", "good", "nothing was received in the future")


def log(patient: Patient) -> Findings:
    """Say whether every block of the log is as it was written, and what waits in it."""
    path = patient.data / LOG
    if not path.exists():
        yield Finding("log", "warning", "there is no log yet", "It is made at the first start.")
        return
    with closing(sqlite_file.connect_reader(path)) as reader:
        damaged = sqlite_file.damaged(reader)
        (position,) = reader.execute("SELECT offset FROM position").fetchone()
        (blocks,) = reader.execute("SELECT count(*) FROM blocks").fetchone()
        waiting = sqlite_file.records(reader, position, (1 << 63) - 1)
    if damaged:
        shown = ", ".join(map(str, damaged[:5]))
        yield Finding(
            "log",
            "bad",
            f"{len(damaged)} of {blocks} blocks are damaged: {shown}",
            "Look at the disk. Records that were not stored yet become dead letters by themselves, which tell "
            "whose they are. Where the server names a block it cannot go on at: sendlens log discard OFFSET",
        )
    else:
        yield Finding(
            "log", "good", f"{blocks} blocks are as they were written; {waiting} records are not in the tables yet"
        )


def control(patient: Patient) -> Findings:
    """Say whether the control plane's file is sound, and what waits in it."""
    if not patient.settings.control_url.startswith("sqlite") or patient.settings.control:
        yield Finding("control plane", "good", "is elsewhere, and not examined")
        return
    path = patient.data / CONTROL
    if not path.exists():
        yield Finding("control plane", "bad", f"{path} is missing", "Restore a backup.")
        return
    with closing(sqlite_file.connect_reader(path)) as reader:
        told = [str(row[0]) for row in reader.execute("PRAGMA integrity_check(5)")]
        opened = [row[0] for row in reader.execute("SELECT batch_id FROM batches WHERE state = 'open'")]
        unread = _unread(reader)
        (dead,) = reader.execute("SELECT count(*) FROM dead_letters WHERE replayed_at = 0").fetchone()
    if told != ["ok"]:
        yield Finding("control plane", "bad", f"the file is damaged: {'; '.join(told)}", "Restore a backup.")
    else:
        yield Finding("control plane", "good", "the file is sound")
    if not patient.settings.secret_key and not (patient.data / KEY_FILE).exists():
        yield Finding(
            "secret key", "bad", f"{patient.data / KEY_FILE} is missing", "Put it back, or set SENDLENS_SECRET_KEY."
        )
    if opened and not patient.held_by:
        yield Finding(
            "batches", "warning", f"batch {opened[0]} was cut off by an unclean stop", "The next start finishes it."
        )
    else:
        yield Finding("batches", "good", "none was cut off")
    for name, error in unread:
        yield Finding(
            "polling",
            "warning",
            f"source {name} could not be read at its last look: {error}",
            "Mend it at the source; it is tried again at least once an hour.",
        )
    if dead:
        yield Finding(
            "dead letters",
            "warning",
            f"{dead} records could not be processed and wait",
            "Each has its reason; replay them after a fix.",
        )
    else:
        yield Finding("dead letters", "good", "none wait")


def exchangers(patient: Patient) -> Findings:
    """Say how many mail exchangers are known."""
    path = patient.data / EXCHANGERS
    asked = answers = 0
    if path.exists():
        with closing(sqlite_file.connect_reader(path)) as reader:
            (asked,) = reader.execute("SELECT count(*) FROM asked").fetchone()
            (answers,) = reader.execute("SELECT count(DISTINCT domain) FROM answers").fetchone()
    says = f"{asked} domains were asked for, {answers} have one"
    full = asked >= MOST_KNOWN
    yield Finding(
        "exchangers",
        "warning" if full else "good",
        "are not asked for: SENDLENS_DNS is off" if patient.settings.dns == "off" and not asked else says,
        f"No more than {MOST_KNOWN} are remembered; other domains are told apart by their name alone." if full else "",
    )


def store(patient: Patient) -> Findings:
    """Say whether the store opens, has this version's tables, and whether every table agrees with the events."""
    if patient.held_by:
        yield from _ask_server(patient)
        return
    check_owner(patient.data)
    with DataDirectory.open(patient.data), Store.open(patient.settings) as opened:
        history, known = opened.history(), known_migrations()
        if unknown := sorted(set(history) - {migration.number for migration in known}):
            yield Finding("store", "bad", f"has migration {unknown[-1]:04d} of a newer version", "Start that version.")
            return
        if len(history) < len(known):
            yield Finding(
                "store",
                "warning",
                f"has {len(history)} of {len(known)} migrations",
                "The next start applies the others.",
            )
            return
        yield Finding("store", "good", f"opens, and has all {len(known)} migrations")
        today, horizon = patient.now_ms // _DAY_MS, patient.settings.dedupe_days
        kept = Kept(keys_from_day=today - horizon, minutes_from_day=today - MINUTES_KEPT_DAYS, horizon_days=horizon)
        if _batch_open(patient):
            yield Finding("tables", "warning", "not compared, because a batch was cut off", "Start the server once.")
            return
        wrong = disagreements(opened, kept)
        for sentence in wrong:
            yield Finding("tables", "bad", sentence, "Restore a backup taken before, and report this.")
        if not wrong:
            yield Finding("tables", "good", "every table agrees with the events, and the accounts add up")


def settings(patient: Patient) -> Findings:
    """Say which settings look like a mistake."""
    doubts = list(advice.doubts(patient.settings))
    for says, remedy in doubts:
        yield Finding("settings", "warning", says, remedy)
    if not doubts:
        yield Finding("settings", "good", "none looks like a mistake")


EXAMINATIONS: Final[dict[str, Callable[[Patient], Findings]]] = {
    "directory": directory,
    "permissions": permissions,
    "disk": disk,
    "clock": clock,
    "settings": settings,
    "log": log,
    "control plane": control,
    "exchangers": exchangers,
    "store": store,
}
"""What is examined, in this order."""


def _unread(control: sqlite3.Connection) -> list[tuple[str, str]]:
    """Return the polled sources whose last look failed, and why."""
    query = "SELECT sources.name, facts.value FROM sources JOIN facts ON facts.name = 'mailbox ' || sources.id"
    found: list[tuple[str, str]] = []
    for name, value in control.execute(query):
        with suppress(msgspec.MsgspecError):
            if error := msgspec.json.decode(value, type=PollState).error:
                found.append((str(name), error))
    return found


def _batch_open(patient: Patient) -> bool:
    path = patient.data / CONTROL
    if patient.settings.control or not path.exists():
        return False
    with closing(sqlite_file.connect_reader(path)) as reader:
        return reader.execute("SELECT 1 FROM batches WHERE state = 'open'").fetchone() is not None


def _ask_server(patient: Patient) -> Findings:
    host = patient.settings.host
    host = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, f"[{host}]" if ":" in host else host)  # noqa: S104 - compared
    address = f"http://{host}:{patient.settings.port}/health/ready"
    try:
        answer = httpx.get(address, timeout=10, trust_env=False).json()
        checks, wrong = answer["checks"], _GRAVITY.get(answer["status"], "bad")
        told = {str(name): (bool(check["ok"]), str(check["detail"])) for name, check in checks.items()}
    except (httpx.HTTPError, ValueError, LookupError, TypeError) as error:
        yield Finding(
            "server",
            "bad",
            f"process {patient.held_by} holds the directory, but {address} does not answer: {error}",
            "Set SENDLENS_HOST and SENDLENS_PORT as the server has them, or look at its log.",
        )
        return
    for name, (ok, detail) in told.items():
        yield Finding(name, "good" if ok else wrong, detail, "" if ok else "Look at the server's log.")
    yield Finding("tables", "good", "are compared only while the server is stopped")
