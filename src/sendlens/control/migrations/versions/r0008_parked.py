"""Parked blocks: whole blocks of a source that is stopped, among the dead letters."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; nothing was parked before."""
    op.add_column("dead_letters", sa.Column("parked", sa.Boolean, nullable=False, server_default=sa.false()))
