"""From files to statements: comments, includes, engines, and where a statement ends.

Owns the templates of `schema/` and `sql/` and the one decision how a table is made on one node or on a cluster. Leaves
to `migrate` when they run. Three kinds of braces, told apart by the first word:

- `{include:name}` is the text of `fragments/name.sql` beside the file;
- `{mergetree}`, `{replacing}`, `{replacing:column}`, `{summing:a, b}` are table engines;
- anything else, such as `{batch:UInt64}`, is a bound parameter and stays.
"""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sendlens.errors import SendlensError
from sendlens.settings import Settings

SCHEMA: Final = Path(__file__).with_name("schema")
SQL: Final = Path(__file__).with_name("sql")

ENGINES: Final = {
    "mergetree": "MergeTree",
    "replacing": "ReplacingMergeTree",
    "summing": "SummingMergeTree",
}

# What a semicolon or two dashes do not mean anything in, and the comments themselves.
_TOKEN: Final = re.compile(
    r"(?P<quoted>'(?:[^'\\]|\\.|'')*'|`(?:[^`\\]|\\.)*`|\"(?:[^\"\\]|\\.)*\")|(?P<comment>--[^\n]*|/\*.*?\*/)",
    re.DOTALL,
)
_INCLUDE: Final = re.compile(r"\{include:(\w+)\}")
_ENGINE: Final = re.compile(r"\{(" + "|".join(ENGINES) + r")(?::([^}]*))?\}")
_CREATES: Final = re.compile(r"^(CREATE (?:TABLE|VIEW|MATERIALIZED VIEW) (?:IF NOT EXISTS )?)(\w+)")
_CHANGES: Final = re.compile(r"^((?:ALTER TABLE|TRUNCATE TABLE|DROP TABLE|DROP VIEW) (?:IF EXISTS )?)(\w+)")


@dataclass(frozen=True)
class Topology:
    """How tables are laid out: on one node (no cluster), or replicated on every node of `cluster`."""

    cluster: str = ""

    def engine(self, kind: str, arguments: str) -> str:
        """Return the engine of a table of this kind, such as `ReplacingMergeTree(version)`."""
        name = ENGINES[kind]
        if kind == "summing" and arguments:
            arguments = f"({arguments})"
        return f"{'Replicated' if self.cluster else ''}{name}{f'({arguments})' if arguments else ''}"

    def place(self, statement: str) -> str:
        """Return a schema statement as this topology runs it."""
        if not self.cluster:
            return statement
        on_cluster = rf"\1\2 ON CLUSTER `{self.cluster}`"
        return _CHANGES.sub(on_cluster, _CREATES.sub(on_cluster, statement))


def topology(settings: Settings) -> Topology:
    """Return the layout these settings ask for. Every setting so far means one node."""
    del settings
    return Topology()


def without_comments(sql: str) -> str:
    """Return SQL without its comments; what looks like one inside quotes stays."""
    return _TOKEN.sub(lambda token: token["quoted"] or " ", sql)


def without_quoted(sql: str) -> str:
    """Return SQL without comments and with every quoted text emptied: what is left is syntax."""
    return _TOKEN.sub(lambda token: "''" if token["quoted"] else " ", sql)


def include(text: str, fragments: Path) -> str:
    """Return the text with fragments in the place of `{include:name}`, comments removed throughout."""

    def fragment(found: re.Match[str]) -> str:
        path = fragments / f"{found[1]}.sql"
        if not path.is_file():
            raise SendlensError(f"{{include:{found[1]}}} names no file: {path} does not exist")
        return include(path.read_text(encoding="utf-8"), fragments).strip()

    return _INCLUDE.sub(fragment, without_comments(text))


def split(text: str) -> list[str]:
    """Return the statements of a schema file; each ends with a semicolon outside of quotes."""
    pieces: list[str] = []
    start = 0
    # Emptying quoted text would move positions: blank it out instead.
    syntax = _TOKEN.sub(lambda token: " " * len(token[0]), text)
    for end in (*(found.start() for found in re.finditer(";", syntax)), len(text)):
        if piece := text[start:end].strip():
            pieces.append(piece)
        start = end + 1
    return pieces


def with_engines(statement: str, layout: Topology) -> str:
    """Return a schema statement with its engine filled in and put in its place."""
    filled = _ENGINE.sub(lambda found: layout.engine(found[1], (found[2] or "").strip()), statement)
    return layout.place(filled)


@functools.cache
def writer_statement(name: str) -> str:
    """Return the statement `sql/<name>.sql`, includes filled in."""
    path = SQL / f"{name}.sql"
    if not path.is_file():
        raise SendlensError(f"there is no statement called {name!r} in {SQL}")
    statements = split(include(path.read_text(encoding="utf-8"), SQL / "fragments"))
    if len(statements) != 1:
        raise SendlensError(f"{path} has {len(statements)} statements; a file of the writer is one")
    return statements[0]
