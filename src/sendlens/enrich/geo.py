"""The country of an address, from a MaxMind database that the user provides.

Owns opening and reading the file. Without one every answer is empty: no look-up ever leaves the machine.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Final, cast

import maxminddb

from sendlens.errors import SettingsError

_HINT: Final = "SENDLENS_GEO_DATABASE takes a country or city database in MaxMind's .mmdb format, or nothing."


class Countries:
    """Finds the country of addresses; one per process, safe from several threads."""

    def __init__(self, path: str | Path = "") -> None:
        """Open the database at `path`; empty means none. Raises `SettingsError` if the file cannot be read."""
        self._reader: maxminddb.Reader | None = None
        if str(path):
            try:
                self._reader = maxminddb.open_database(str(path))
            except OSError as error:
                raise SettingsError(
                    f"geo_database names {path}, which cannot be read: {error.strerror}", hint=_HINT
                ) from error
            except (maxminddb.InvalidDatabaseError, ValueError) as error:
                raise SettingsError(f"geo_database names {path}, which is no MaxMind database", hint=_HINT) from error
        self.of = lru_cache(maxsize=65_536)(self._of)
        """`of(ip)` returns the ISO 3166 alpha-2 code of an address's country, or empty text."""

    def close(self) -> None:
        """Close the file; addresses have no country afterwards."""
        reader, self._reader = self._reader, None
        self.of.cache_clear()
        if reader is not None:
            reader.close()

    def _of(self, ip: str) -> str:
        if self._reader is None:
            return ""
        try:
            record = cast("object", self._reader.get(ip.strip().partition("/")[0]))
        except (ValueError, maxminddb.InvalidDatabaseError):
            return ""
        return _country(record)


def _country(record: object) -> str:
    """Return the code from MaxMind's own layout or from the flat one that other makers of databases use."""
    if not isinstance(record, dict):
        return ""
    fields = cast("dict[str, object]", record)
    for name in ("country", "registered_country", "country_code"):
        value = fields.get(name)
        if isinstance(value, dict):
            value = cast("dict[str, object]", value).get("iso_code")
        if isinstance(value, str) and len(value) == 2 and value.isascii() and value.isalpha():
            return value.upper()
    return ""
