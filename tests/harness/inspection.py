"""What is in the data directory of a stopped server: `python -m tests.harness.inspection DIRECTORY QUERIES`.

Prints one line of JSON: where the tables disagree, and the answers to the queries, which are given as JSON by name.
"""

import json
import sys
from pathlib import Path

from sendlens import settings
from sendlens.pipeline.agreement import disagreements
from sendlens.store.client import Store


def main(data: str, queries: str) -> None:
    """Open the store and ask it."""
    with Store.open(settings.load({}, data=Path(data))) as store:
        asked: dict[str, str] = json.loads(queries)
        answers = {name: [list(map(str, row)) for row in store.fetch_internal(sql)] for name, sql in asked.items()}
        sys.stdout.write(json.dumps({"disagreements": disagreements(store), "answers": answers}) + "\n")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
