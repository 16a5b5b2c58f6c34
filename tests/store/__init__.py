"""The store: what it promises, on the embedded engine and on a real server."""
