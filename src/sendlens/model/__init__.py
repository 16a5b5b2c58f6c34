"""The ground floor: plain data that every room may import, with no I/O."""
