"""The store: ClickHouse in the process or on a server, and the only room that speaks SQL to it.

`Store` is the whole interface. Schema files are in `schema/`, statements of the writer in `sql/`.
"""

from sendlens.store.client import Store
from sendlens.store.query import Rows

__all__ = ["Rows", "Store"]
