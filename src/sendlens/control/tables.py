"""The tables of the control plane, as data.

Owns names, types and constraints; `migrations` brings a database there step by step, and a test compares the two. The
classes beside this module own the statements, each those of its own table.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    false,
    text,
)

# Alembic can only change constraints that have a name, and the two databases would choose different ones.
METADATA: Final = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)
# SQLite counts up by itself only in a column that is called INTEGER; its integers have 64 bits all the same.
SERIAL: Final = BigInteger().with_variant(Integer, "sqlite")

# How the database is told that the secret key of this process is the one it was written with.
facts = Table(
    "facts",
    METADATA,
    Column("name", String(64), primary_key=True),
    Column("value", Text, nullable=False),
)

tenants = Table(
    "tenants",
    METADATA,
    Column("id", String(32), primary_key=True),
    Column("slug", String(64), nullable=False, unique=True),
    Column("name", String(256), nullable=False),
    Column("time_zone", String(64), nullable=False),
    Column("currency", String(3), nullable=False),
    Column("created_at", BigInteger, nullable=False),
    # 0: for good.
    Column("events_keep_days", Integer, nullable=False, server_default="0"),
)

api_keys = Table(
    "api_keys",
    METADATA,
    Column("id", String(32), primary_key=True),
    Column("tenant", String(32), ForeignKey("tenants.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("name", String(256), nullable=False),
    Column("scopes", String(256), nullable=False),
    Column("starts", String(32), nullable=False),
    Column("digest", LargeBinary, nullable=False, unique=True),
    Column("created_at", BigInteger, nullable=False),
    Column("last_used_at", BigInteger, nullable=False),
    Column("revoked_at", BigInteger, nullable=False),
)

sources = Table(
    "sources",
    METADATA,
    Column("id", String(32), primary_key=True),
    Column("tenant", String(32), ForeignKey("tenants.id", ondelete="CASCADE"), nullable=False),
    Column("name", String(256), nullable=False),
    Column("provider", String(64), nullable=False),
    Column("settings", JSON, nullable=False),
    Column("secret", LargeBinary),
    Column("previous_secret", LargeBinary),
    Column("created_at", BigInteger, nullable=False),
    Column("rotated_at", BigInteger, nullable=False),
    Column("last_event_at", BigInteger, nullable=False),
    UniqueConstraint("tenant", "name"),
)

batches = Table(
    "batches",
    METADATA,
    Column("batch_id", SERIAL, primary_key=True, autoincrement=True),
    Column("partition", Integer, nullable=False),
    Column("first_offset", BigInteger, nullable=False),
    Column("last_offset", BigInteger, nullable=False),
    Column("state", String(8), nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("finished_at", BigInteger, nullable=False),
    Index("ix_batches_partition_batch_id", "partition", "batch_id"),
    # The rule that makes recovery simple: a partition has at most one batch in flight.
    Index(
        "uq_batches_open",
        "partition",
        unique=True,
        sqlite_where=text("state = 'open'"),
        postgresql_where=text("state = 'open'"),
    ),
    # Without it SQLite would hand out the number of a pruned batch again.
    sqlite_autoincrement=True,
)

dead_letters = Table(
    "dead_letters",
    METADATA,
    Column("id", SERIAL, primary_key=True, autoincrement=True),
    # No foreign key: the writer must be able to set a record aside whatever became of its tenant.
    Column("tenant", String(32), nullable=False),
    Column("source", String(32), nullable=False),
    Column("kind", String(16), nullable=False),
    Column("batch_id", BigInteger, nullable=False),
    Column("position", BigInteger, nullable=False),
    Column("reason", Text, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("replayed_at", BigInteger, nullable=False),
    # What the letter's block knew. With them a replayed record gets the same time and the same key as before.
    Column("received_at", BigInteger, nullable=False, server_default="0"),
    Column("sent_at", BigInteger, nullable=False, server_default="0"),
    Column("records", Integer, nullable=False, server_default="1"),
    Column("request_id", String(64), nullable=False, server_default=""),
    # A block of a source that is stopped: it comes back by itself when the source is let in again.
    Column("parked", Boolean, nullable=False, server_default=false()),
    UniqueConstraint("batch_id", "position"),
    Index("ix_dead_letters_tenant_id", "tenant", "id"),
    sqlite_autoincrement=True,
)

users = Table(
    "users",
    METADATA,
    Column("id", String(32), primary_key=True),
    Column("email", String(254), nullable=False, unique=True),
    # An Argon2 hash in its own notation; empty until the owner has set a password.
    Column("password", String(256), nullable=False),
    Column("operator", Boolean, nullable=False),
    Column("created_at", BigInteger, nullable=False),
)

memberships = Table(
    "memberships",
    METADATA,
    Column("tenant", String(32), ForeignKey("tenants.id", ondelete="CASCADE"), primary_key=True),
    Column("user", String(32), ForeignKey("users.id", ondelete="CASCADE"), primary_key=True, index=True),
    Column("role", String(16), nullable=False),
    Column("created_at", BigInteger, nullable=False),
)

sessions = Table(
    "sessions",
    METADATA,
    Column("id", String(32), primary_key=True),
    Column("digest", LargeBinary, nullable=False, unique=True),
    # A session is a person's, or that of whoever showed an API key.
    Column("user", String(32), ForeignKey("users.id", ondelete="CASCADE"), index=True),
    Column("key", String(32), ForeignKey("api_keys.id", ondelete="CASCADE"), index=True),
    Column("created_at", BigInteger, nullable=False),
    Column("seen_at", BigInteger, nullable=False),
    Column("address", String(64), nullable=False),
    Column("agent", String(256), nullable=False),
)

invitations = Table(
    "invitations",
    METADATA,
    Column("id", String(32), primary_key=True),
    Column("digest", LargeBinary, nullable=False, unique=True),
    # Empty for a link that only sets a new password, so no foreign key.
    Column("tenant", String(32), nullable=False),
    Column("email", String(254), nullable=False),
    Column("role", String(16), nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger, nullable=False),
    Index("ix_invitations_tenant_created_at", "tenant", "created_at"),
)

# The subject is a keyed digest of an account's or a browser's address.
sign_in_failures = Table(
    "sign_in_failures",
    METADATA,
    Column("subject", LargeBinary, primary_key=True),
    Column("failures", Integer, nullable=False),
    Column("last_at", BigInteger, nullable=False, index=True),
)

# Who did what. A recipient is a keyed digest in `subject`: who has the address can find it, nobody else can.
audit = Table(
    "audit",
    METADATA,
    Column("id", SERIAL, primary_key=True, autoincrement=True),
    # No foreign key: the record outlives its tenant.
    Column("tenant", String(32), nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("actor", String(64), nullable=False),
    Column("action", String(32), nullable=False),
    Column("subject", String(64), nullable=False),
    Column("result", Text, nullable=False),
    # What it was done to, in words, where that is no recipient; and the address the request came from.
    Column("about", Text, nullable=False, server_default=""),
    Column("address", String(64), nullable=False, server_default=""),
    Index("ix_audit_tenant_id", "tenant", "id"),
    sqlite_autoincrement=True,
)

# Notes at moments in time, shown in charts.
annotations = Table(
    "annotations",
    METADATA,
    Column("id", String(32), primary_key=True),
    Column("tenant", String(32), ForeignKey("tenants.id", ondelete="CASCADE"), nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("text", String(200), nullable=False),
    Column("author", String(64), nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Index("ix_annotations_tenant_at", "tenant", "at"),
)

saved_views = Table(
    "saved_views",
    METADATA,
    Column("id", String(32), primary_key=True),
    Column("tenant", String(32), ForeignKey("tenants.id", ondelete="CASCADE"), nullable=False),
    Column("name", String(80), nullable=False),
    Column("address", Text, nullable=False),
    Column("author", String(64), nullable=False),
    Column("created_at", BigInteger, nullable=False),
    UniqueConstraint("tenant", "name"),
)

shared_links = Table(
    "shared_links",
    METADATA,
    Column("id", String(32), primary_key=True),
    Column("tenant", String(32), ForeignKey("tenants.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("name", String(80), nullable=False),
    Column("address", Text, nullable=False),
    Column("frozen", Boolean, nullable=False),
    Column("digest", LargeBinary, nullable=False, unique=True),
    Column("author", String(64), nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger, nullable=False),
    Column("revoked_at", BigInteger, nullable=False),
    Column("last_used_at", BigInteger, nullable=False),
)

# The HTML of mails as sent, for the click map.
mails = Table(
    "mails",
    METADATA,
    Column("tenant", String(32), ForeignKey("tenants.id", ondelete="CASCADE"), primary_key=True),
    Column("of", String(16), primary_key=True),
    Column("name", String(256), primary_key=True),
    Column("variant", String(256), primary_key=True),
    Column("bytes", Integer, nullable=False),
    Column("digest", String(32), nullable=False),
    Column("changed_at", BigInteger, nullable=False),
    Column("changed_by", String(64), nullable=False),
    Column("html", Text, nullable=False),
)

# Records and requests that were refused at the door, counted by reason and hour.
rejections = Table(
    "rejections",
    METADATA,
    # No foreign key: counts are written later than they were noted, whatever became of the tenant.
    Column("tenant", String(32), primary_key=True),
    Column("source", String(64), primary_key=True),
    Column("kind", String(16), primary_key=True),
    Column("field", String(100), primary_key=True),
    Column("reason", String(300), primary_key=True),
    Column("hour", BigInteger, primary_key=True),
    Column("records", BigInteger, nullable=False),
    Column("last_at", BigInteger, nullable=False),
    Column("hint", String(300), nullable=False),
)

# The latest few records that were refused for each reason.
rejected_samples = Table(
    "rejected_samples",
    METADATA,
    Column("id", SERIAL, primary_key=True, autoincrement=True),
    Column("tenant", String(32), nullable=False),
    Column("source", String(64), nullable=False),
    Column("kind", String(16), nullable=False),
    Column("field", String(100), nullable=False),
    Column("reason", String(300), nullable=False),
    Column("value", Text, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("request_id", String(64), nullable=False),
    Column("place", Integer, nullable=False),
    Index("ix_rejected_samples_tenant_id", "tenant", "id"),
    sqlite_autoincrement=True,
)

# Files that are imported: how far each is.
imports = Table(
    "imports",
    METADATA,
    Column("id", String(32), primary_key=True),
    Column("tenant", String(32), ForeignKey("tenants.id", ondelete="CASCADE"), nullable=False),
    Column("name", String(200), nullable=False),
    Column("file", String(64), nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("started_at", BigInteger, nullable=False),
    Column("records", BigInteger, nullable=False),
    Column("accepted", BigInteger, nullable=False),
    Column("rejected", BigInteger, nullable=False),
    Column("bytes_done", BigInteger, nullable=False),
    Column("finished_at", BigInteger, nullable=False),
    Column("resumed", Integer, nullable=False),
    Column("state", String(16), nullable=False),
    Column("problem", Text, nullable=False),
    Column("rejections", JSON, nullable=False),
    Index("ix_imports_tenant_started_at", "tenant", "started_at"),
)

# Persons who are being erased. No foreign key: whoever is to be erased is, whatever becomes of the tenant.
erasures = Table(
    "erasures",
    METADATA,
    Column("id", SERIAL, primary_key=True, autoincrement=True),
    Column("tenant", String(32), nullable=False),
    # Sealed with the secret key, and gone when the person is.
    Column("recipient", LargeBinary, nullable=False),
    Column("actor", String(64), nullable=False),
    Column("begun_at", BigInteger, nullable=False),
    sqlite_autoincrement=True,
)
