"""Files become statements: comments go, includes and engines are filled in, bound parameters stay."""

from pathlib import Path

import pytest

from sendlens.errors import SendlensError
from sendlens.store.statements import (
    SQL,
    Topology,
    include,
    split,
    with_engines,
    without_comments,
    without_quoted,
    writer_statement,
)


def test_comments_go_and_quoted_dashes_stay() -> None:
    sql = "SELECT '--', \"--\", `--` -- why\n/* because;\n*/ FROM t"
    assert without_comments(sql).split() == ["SELECT", "'--',", '"--",', "`--`", "FROM", "t"]


def test_syntax_without_texts() -> None:
    assert without_quoted("a = 'x;\\'y' AND b = ''';' -- ;").split() == ["a", "=", "''", "AND", "b", "=", "''"]


def test_a_semicolon_in_a_text_ends_nothing() -> None:
    assert split("INSERT INTO t SELECT ';';\n\nDROP TABLE u;\n") == ["INSERT INTO t SELECT ';'", "DROP TABLE u"]


def test_includes_are_filled_in_without_their_comments(tmp_path: Path) -> None:
    (tmp_path / "inner.sql").write_text("b -- the second\n")
    (tmp_path / "outer.sql").write_text("-- two columns\na, {include:inner}\n")
    assert include("SELECT {include:outer} WHERE n = {n:UInt8}", tmp_path) == "SELECT a, b WHERE n = {n:UInt8}"
    with pytest.raises(SendlensError, match="missing"):
        include("{include:missing}", tmp_path)


@pytest.mark.parametrize(
    ("written", "one_node", "cluster"),
    [
        ("{mergetree}", "MergeTree", "ReplicatedMergeTree"),
        ("{replacing}", "ReplacingMergeTree", "ReplicatedReplacingMergeTree"),
        ("{replacing:version}", "ReplacingMergeTree(version)", "ReplicatedReplacingMergeTree(version)"),
        ("{summing:n, amount}", "SummingMergeTree((n, amount))", "ReplicatedSummingMergeTree((n, amount))"),
        ("{version:UInt64}", "{version:UInt64}", "{version:UInt64}"),
    ],
)
def test_engines(written: str, one_node: str, cluster: str) -> None:
    assert with_engines(written, Topology()) == one_node
    assert with_engines(written, Topology(cluster="c")) == cluster


def test_a_cluster_is_told_with_the_name_of_the_table() -> None:
    created = "CREATE TABLE IF NOT EXISTS t (n UInt8) ENGINE = {mergetree} ORDER BY n"
    assert with_engines(created, Topology()).startswith("CREATE TABLE IF NOT EXISTS t (n")
    assert with_engines(created, Topology("c")).startswith("CREATE TABLE IF NOT EXISTS t ON CLUSTER `c` (n")
    assert (
        with_engines("ALTER TABLE t ADD COLUMN m Int8", Topology("c"))
        == "ALTER TABLE t ON CLUSTER `c` ADD COLUMN m Int8"
    )


@pytest.mark.parametrize("name", sorted(path.stem for path in SQL.glob("*.sql")))
def test_every_file_of_the_writer_is_one_statement(name: str) -> None:
    assert "{include:" not in writer_statement(name)


def test_a_statement_that_does_not_exist() -> None:
    with pytest.raises(SendlensError, match="derive_nothing"):
        writer_statement("derive_nothing")
