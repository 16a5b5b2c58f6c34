"""A program that appends for ever and prints the number of every block that was acknowledged, until it is killed."""

import asyncio
import itertools
import sys
from pathlib import Path

from sendlens.log import SqliteLog
from tests.log.blocks import block


async def main(path: str, callers: int) -> None:
    log = SqliteLog(Path(path))
    numbers = itertools.count()

    async def call() -> None:
        for number in numbers:
            await log.append(block(number))
            sys.stdout.write(f"{number}\n")
            sys.stdout.flush()

    await asyncio.gather(*[call() for _ in range(callers)])


asyncio.run(main(sys.argv[1], 8))
