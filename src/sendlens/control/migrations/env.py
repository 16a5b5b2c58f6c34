"""What Alembic runs for every migration; `migrate` brings the connection and the transaction."""

from alembic import context
from sqlalchemy import Connection

from sendlens.control.tables import METADATA

_connection = context.config.attributes["connection"]
assert isinstance(_connection, Connection)  # noqa: S101 - this file runs only from `migrate`, which sets it
# SQLite cannot change a table in place: render_as_batch lets a migration copy it instead.
context.configure(connection=_connection, target_metadata=METADATA, render_as_batch=True)
context.run_migrations()
