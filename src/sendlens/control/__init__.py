"""The control plane: tenants, API keys, sources with their secrets, the ledger of batches, dead letters.

`Control` is the way in; the data directory and the first start are here too.
"""

from sendlens.control.bootstrap import ensure_first_tenant
from sendlens.control.control import Control
from sendlens.control.deadletters import DeadLetter
from sendlens.control.directory import DataDirectory
from sendlens.control.keys import SCOPES, ApiKey
from sendlens.control.ledger import Batch, BatchOpen
from sendlens.control.secrets import Secret, load_secret_key
from sendlens.control.sources import Source
from sendlens.control.tenants import Tenant

__all__ = [
    "SCOPES",
    "ApiKey",
    "Batch",
    "BatchOpen",
    "Control",
    "DataDirectory",
    "DeadLetter",
    "Secret",
    "Source",
    "Tenant",
    "ensure_first_tenant",
    "load_secret_key",
]
