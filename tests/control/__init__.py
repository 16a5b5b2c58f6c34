"""The control plane behaves the same on SQLite and on PostgreSQL."""
