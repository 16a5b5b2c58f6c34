"""Write the schema of new stores: `python -m tests.store.make_whole`, after every new migration.

It is read back from a store that went through all migrations, and `test_whole` compares the two ways.
"""

import re
import tempfile

from sendlens.settings import Settings
from sendlens.store import Store, migrate
from sendlens.store.statements import ENGINES
from sendlens.store.whole import WHOLE, mark

_TABLES = """
    SELECT formatQuery(create_table_query) FROM system.tables
    WHERE database = currentDatabase() AND name != 'schema_migrations'
    -- What reads a table is made behind it.
    ORDER BY engine = 'MaterializedView', engine = 'View', name
"""
_TEMPLATES = {name: kind for kind, name in ENGINES.items()}


def by_steps(store: Store) -> None:
    """Bring a store to the newest schema migration by migration, as one of an earlier version is."""
    migrate.migrate(store._run, store._fetch, store._topology, migrate.read())


def whole(store: Store) -> str:
    """Return the text of the file for the tables of a migrated store."""
    statements = "".join(f"\n{_statement(store, str(text))};\n" for (text,) in store.fetch_internal(_TABLES))
    return (
        f"-- Stands for migrations {mark(migrate.read())}\n"
        "-- Every table in its last form, for new stores. Written by: python -m tests.store.make_whole\n"
        f"{statements}"
    )


def _statement(store: Store, text: str) -> str:
    text = text.replace(f"{store.database}.", "")
    text = re.sub(r"^CREATE (TABLE|VIEW|MATERIALIZED VIEW) ", r"CREATE \1 IF NOT EXISTS ", text)
    return re.sub(rf"^ENGINE = ({'|'.join(_TEMPLATES)})(?:\((.*)\))?$", _engine, text, flags=re.MULTILINE)


def _engine(found: re.Match[str]) -> str:
    arguments = (found[2] or "").removeprefix("(").removesuffix(")")
    return f"ENGINE = {{{_TEMPLATES[found[1]]}{f':{arguments}' if arguments else ''}}}"


if __name__ == "__main__":
    # The name stands before every table that a view reads, and has to be told apart from all else.
    with (
        tempfile.TemporaryDirectory() as directory,
        Store.open(Settings(store=f"chdb://{directory}?database=made_whole")) as opened,
    ):
        by_steps(opened)
        WHOLE.write_text(whole(opened), encoding="utf-8")
