"""The HTML of mails as sent, for the click map."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the table."""
    op.create_table(
        "mails",
        sa.Column("tenant", sa.String(32), nullable=False),
        sa.Column("of", sa.String(16), nullable=False),
        sa.Column("name", sa.String(256), nullable=False),
        sa.Column("variant", sa.String(256), nullable=False),
        sa.Column("bytes", sa.Integer, nullable=False),
        sa.Column("digest", sa.String(32), nullable=False),
        sa.Column("changed_at", sa.BigInteger, nullable=False),
        sa.Column("changed_by", sa.String(64), nullable=False),
        sa.Column("html", sa.Text, nullable=False),
        sa.ForeignKeyConstraint(["tenant"], ["tenants.id"], name="fk_mails_tenant", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("tenant", "of", "name", "variant", name="pk_mails"),
    )
