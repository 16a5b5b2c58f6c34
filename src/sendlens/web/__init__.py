"""Everything that speaks HTTP: the intake, the API, the pages."""
