"""The documentation is complete and true: what the code knows by name has its place in a reference page."""
