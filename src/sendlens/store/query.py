"""Questions to the store: read-only connections, one tenant each, few at a time.

Owns the pool of readers, the limits of a query, and how an error of the store reads. Leaves to `tenancy` what a query
may say, and to `connection` how a client is opened.
"""

from __future__ import annotations

import itertools
import re
import secrets
import threading
import time
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from typing import Final, Literal, TypeVar, cast

import msgspec
import pyarrow as pa
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import ClickHouseError, Error, OperationalError

from sendlens.errors import StoreError, TooBusy
from sendlens.store.admission import Admission
from sendlens.store.asker import Left, asker
from sendlens.store.cancel import Canceller
from sendlens.store.connection import Setting, first_line
from sendlens.store.hands import Hands

MOST_ROWS: Final = 1_000_000
"""Most rows a query may return."""
IDLE_READERS: Final = 64
"""Most connections kept open for tenants that have no query running."""

_NEEDS_MEMORY: Final = 241
"""ClickHouse's number for a query that needs more memory than it may use."""

FEW_NUMBERS: Final = 1000
"""A list of fewer numbers is bound like any other value."""

Room = Literal["alone", "shared", "behind", "large"]
"""What a query has of the embedded store: all threads while no other runs, its part of them, one, or more memory."""

_T = TypeVar("_T")

# ClickHouse's numbers of errors that we can say more about: (what is the matter, what to do).
_EXPLAINED: Final[dict[int, tuple[str, str]]] = {
    159: (
        "the query took longer than it may",
        "ask for a shorter period or fewer dimensions, or raise SENDLENS_QUERY_SECONDS",
    ),
    160: ("the query would take longer than it may", "ask for a shorter period, or raise SENDLENS_QUERY_SECONDS"),
    307: (
        "the query would read more than it may",
        "ask for a shorter period or fewer dimensions, or raise SENDLENS_QUERY_READ_MB",
    ),
    _NEEDS_MEMORY: (
        "the query needs more memory than it may use",
        "ask for a shorter period, or raise SENDLENS_STORE_MEMORY_MB",
    ),
    396: ("the answer has more rows than may be returned", "ask for fewer dimensions or a page of the rows"),
    394: ("the query was cancelled", ""),
    202: ("the store has too many queries at once", "try again in a moment"),
    516: ("the store does not accept the user or the password", "check SENDLENS_STORE"),
    497: ("the store's user may not do this", "grant it what docs/tables.md says"),
    60: ("a table is missing", "the schema is completed when Sendlens starts; restart it"),
    243: ("the store's disk is full", "make room; what was accepted is safe in the log"),
}


@dataclass(frozen=True)
class Rows:
    """An answer: the names of its columns, and its rows as plain tuples. Times are aware datetimes in UTC."""

    names: tuple[str, ...]
    rows: list[tuple[object, ...]] = field(default_factory=list[tuple[object, ...]])

    def __len__(self) -> int:
        return len(self.rows)

    def __iter__(self) -> Iterator[tuple[object, ...]]:
        return iter(self.rows)

    def dicts(self) -> list[dict[str, object]]:
        """Return one dictionary a row."""
        return [dict(zip(self.names, row, strict=True)) for row in self.rows]

    def into(self, record: type[_T]) -> list[_T]:
        """Return one record (a `msgspec.Struct`, dataclass or TypedDict) a row, matched by column name and checked."""
        return msgspec.convert(self.dicts(), type=list[record])

    def scalar(self) -> object:
        """Return the only value of an answer with one row and one column."""
        ((value,),) = self.rows
        return value


def explain(error: ClickHouseError, query: str = "") -> StoreError:
    """Return the store's error as one of ours: what is the matter, and what to do about it."""
    code = error.code if isinstance(error, Error) else None
    what, hint = _EXPLAINED.get(code or 0, ("", ""))
    if what:
        detail = what
    elif isinstance(error, OperationalError):
        detail, hint = "the store cannot be reached", "check that ClickHouse runs and that SENDLENS_STORE is right"
    else:
        detail = f"the store refused a statement: {first_line(error)}"
    extra: dict[str, object] = {"code": code} if code else {}
    return StoreError(detail, hint=hint, extra=extra | ({"query": query} if query else {}))


@contextmanager
def explained(query: str = "") -> Generator[None]:
    """Turn errors of the store into `StoreError`."""
    try:
        yield
    except ClickHouseError as error:
        raise explain(error, query) from error


def threads_of(room: Room, threads: int, places: int) -> dict[str, Setting]:
    """Return the settings that say on how many of the embedded store's threads a query is worked on.

    Those beside others divide them: on more it would be ready no sooner, and what they do for each other costs a tenth.
    """
    if room == "behind":
        return {"max_threads": 1}
    if room == "shared":
        return {"max_threads": max(1, threads // places)}
    # TRICKY: left alone, the engine takes one thread where it has less than 1 GB of free memory for each.
    return {"max_threads_min_free_memory_per_thread": 0} if room == "alone" else {}


def read_settings(
    seconds: int, memory: int, read: int, filters: str, comment: str, threads: Mapping[str, Setting] | None = None
) -> dict[str, Setting]:
    """Return the settings of a reader, in the order they must be applied."""
    return {
        **(threads or {}),
        "max_execution_time": seconds,
        "max_memory_usage": memory,
        "max_bytes_to_read": read,
        "max_result_rows": MOST_ROWS,
        "output_format_arrow_string_as_string": 1,
        # This rewriting of a < b AND b < 5 looks at a whole statement once for each of its expressions: a question for
        # forty measures was thought about three times as long as without it.
        "optimize_and_compare_chain": 0,
        "additional_table_filters": filters,
        "log_comment": comment,
        # TRICKY: last. Behind it nothing can be changed on this connection, the filters included.
        "readonly": 1,
    }


@dataclass
class _Reader:
    client: Client
    comment: str
    room: Room


class Readers:
    """A pool of read-only connections: as many in use as `admission` has places, each fixed to one tenant for its life.

    The settings of a read-only connection cannot be changed, its tenant neither; that is what makes them a belt. A
    connection for another tenant or room is opened in a few milliseconds and kept for its next query.
    """

    def __init__(
        self,
        open_reader: Callable[[str, str, Room], Client],
        admission: Admission,
        large: Admission | None = None,
        canceller: Canceller | None = None,
        hands: Hands | None = None,
    ) -> None:
        """Open readers with `open_reader(tenant, comment, room)`, for whom `admission` lets in.

        With `large` a query that needs more memory than its place has is asked again, when that lets it in. With a
        `canceller` a query ends when whoever asked it leaves. The work is done by `hands`; behind that of others it is
        done by one thread, because those that the engine adds do not stand back; not what needs more memory.
        """
        self._large = large
        self._hands = hands or Hands(0)
        self._open_reader = open_reader
        self._admission = admission
        self._canceller = canceller
        # Two processes on one store must not cancel each other's queries, so a number alone does not do.
        self._run = secrets.token_hex(4)
        self._numbers = itertools.count(1)
        self._lock = threading.Lock()
        # Least recently used first.
        self._idle: dict[tuple[str, Room], list[_Reader]] = {}
        self._closed = False
        self.observed: Callable[[str, float], None] = _nobody

    def query(self, tenant: str, sql: str, params: Mapping[str, object]) -> Rows:
        """Return the rows of a query."""
        return self._asked(tenant, lambda client: rows_of(client, sql, params))

    def query_arrow(self, tenant: str, sql: str, params: Mapping[str, object]) -> pa.Table:
        """Return the answer as an Arrow table."""
        return self._asked(tenant, lambda client: arrow_of(client, sql, params))

    def _asked(self, tenant: str, ask: Callable[[Client], _T]) -> _T:
        with self._watched():
            try:
                with self._admission.place(tenant):
                    behind = asker().behind
                    room: Room = "behind" if behind else "alone" if self._admission.single else "shared"
                    with self._borrow(tenant, room) as reader, explained(reader.comment):
                        return self._hands.do(lambda: ask(reader.client), behind=behind)
            except StoreError as error:
                if self._large is None or error.extra.get("code") != _NEEDS_MEMORY:
                    raise
            # Its place is somebody else's by now: large ones that wait for each other must not keep small ones waiting.
            with (
                self._large.place(tenant),
                self._borrow(tenant, "large") as reader,
                explained(reader.comment),
            ):
                return self._hands.do(lambda: ask(reader.client), behind=asker().behind)

    @contextmanager
    def _watched(self) -> Generator[None]:
        """Tell `observed` how long the question took, the wait for a place included, and how it ended."""
        started, outcome = time.perf_counter(), "failed"
        try:
            yield
            outcome = "answered"
        except TooBusy:
            outcome = "busy"
            raise
        except Left:
            outcome = "left"
            raise
        finally:
            self.observed(outcome, time.perf_counter() - started)

    @contextmanager
    def _borrow(self, tenant: str, room: Room) -> Generator[_Reader]:
        reader = self._open(tenant, room) if room == "large" else self._take(tenant, room)
        try:
            with self._canceller.watching(asker(), reader.comment) if self._canceller else nullcontext():
                yield reader
        except BaseException as error:
            # TRICKY: never use a connection again after an error. The embedded engine can hold back output of the
            # failed query and hand it to the next one as its answer.
            _close(reader)
            if asker().left and isinstance(error, StoreError):
                raise Left from error
            raise
        if room == "large":
            _close(reader)
        else:
            self._put(tenant, reader)

    def _open(self, tenant: str, room: Room) -> _Reader:
        comment = f"{tenant}/{self._run}.{next(self._numbers)}"
        return _Reader(self._open_reader(tenant, comment, room), comment, room)

    def _take(self, tenant: str, room: Room) -> _Reader:
        name = (tenant, room)
        with self._lock:
            if self._closed:
                raise StoreError("the store is closed")
            readers = self._idle.get(name)
            if readers:
                reader = readers.pop()
                if not readers:
                    del self._idle[name]
                return reader
        return self._open(tenant, room)

    def _put(self, tenant: str, reader: _Reader) -> None:
        surplus: list[_Reader] = []
        with self._lock:
            if self._closed:
                surplus.append(reader)
            else:
                mine = self._idle.pop((tenant, reader.room), [])
                self._idle[tenant, reader.room] = [*mine, reader]
                while sum(map(len, self._idle.values())) > IDLE_READERS:
                    surplus += self._idle.pop(next(iter(self._idle)))
        for one in surplus:
            _close(one)

    def forget(self) -> None:
        """Close the idle connections, so that the next query opens one with today's tables."""
        with self._lock:
            idle, self._idle = self._idle, {}
        for readers in idle.values():
            for reader in readers:
                _close(reader)

    def close(self) -> None:
        """Close everything; a query that is running finishes and closes its own connection."""
        with self._lock:
            self._closed = True
        self._admission.close()
        if self._large:
            self._large.close()
        self.forget()


def _nobody(_outcome: str, _seconds: float) -> None:
    """Take no notice."""


def _close(reader: _Reader) -> None:
    reader.client.close()


def with_numbers(sql: str, params: Mapping[str, object]) -> tuple[str, dict[str, object]]:
    """Return the SQL with long lists of whole numbers written into it, and the other parameters.

    Bound values travel in the address of a request, which is too short for thousands of keys. Numbers cannot carry SQL;
    texts stay bound.
    """
    bound: dict[str, object] = {}
    for name, value in params.items():
        numbers = cast("list[object]", value) if isinstance(value, list) else []
        if len(numbers) >= FEW_NUMBERS and all(type(number) is int for number in numbers):
            literal = "[" + ",".join(map(str, numbers)) + "]"
            sql = re.sub(rf"\{{{name}:([^{{}}]+)\}}", lambda found, text=literal: f"CAST({text}, '{found[1]}')", sql)
        else:
            bound[name] = value
    return sql, bound


def rows_of(client: Client, sql: str, params: Mapping[str, object]) -> Rows:
    """Return the rows of a query on a given connection."""
    answer = client.query(sql, parameters=dict(params))
    return Rows(tuple(answer.column_names), [tuple(row) for row in answer.result_rows])


def arrow_of(client: Client, sql: str, params: Mapping[str, object]) -> pa.Table:
    """Return the answer of a given connection as an Arrow table."""
    # TRICKY: not client.query_arrow(), which changes settings and is refused by a read-only connection.
    body = client.raw_query(sql, parameters=dict(params), fmt="Arrow")
    return pa.ipc.open_file(pa.py_buffer(body)).read_all()
