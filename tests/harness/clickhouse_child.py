"""The program that becomes a ClickHouse server: `python clickhouse_child.py DATA_DIRECTORY`, run beside config.xml.

It loads the engine out of the chdb wheel and never returns; SIGTERM ends it.
"""

import sys
from importlib.machinery import ExtensionFileLoader
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

# The last statement never finishes, and the engine serves for as long as it runs.
SERVE = """
SYSTEM START LISTEN HTTP;
SYSTEM START LISTEN TCP;
SELECT sleepEachRow(1) FROM numbers(1000000000) FORMAT Null SETTINGS max_block_size = 1
"""


def main(data_directory: str) -> None:
    """Open the engine on `data_directory` and listen on the ports of config.xml."""
    # TRICKY: load the extension by itself. `import chdb` would open an engine without listeners first, and there can
    # be only one per process.
    library = next(found for entry in sys.path if (found := Path(entry, "chdb", "_chdb.abi3.so")).exists())
    loader = ExtensionFileLoader("_chdb", str(library))
    spec = spec_from_file_location("_chdb", library, loader=loader)
    if spec is None:
        raise ImportError(f"{library} cannot be loaded")
    engine = module_from_spec(spec)
    loader.exec_module(engine)
    engine.query(SERVE, "TSV", path=data_directory)


if __name__ == "__main__":
    main(sys.argv[1])
