"""Dead letters keep what their block knew: when it was received and sent, by which request, and how many records."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns; a letter from before was received when it was set aside, as far as anybody knows."""
    with op.batch_alter_table("dead_letters") as table:
        table.add_column(sa.Column("received_at", sa.BigInteger, nullable=False, server_default="0"))
        table.add_column(sa.Column("sent_at", sa.BigInteger, nullable=False, server_default="0"))
        table.add_column(sa.Column("records", sa.Integer, nullable=False, server_default="1"))
        table.add_column(sa.Column("request_id", sa.String(64), nullable=False, server_default=""))
    op.execute("UPDATE dead_letters SET received_at = at")
