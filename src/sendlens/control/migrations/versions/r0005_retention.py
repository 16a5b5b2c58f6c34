"""Retention: how many days a tenant keeps its events."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; events are kept for good until somebody says otherwise."""
    op.add_column("tenants", sa.Column("events_keep_days", sa.Integer, nullable=False, server_default="0"))
