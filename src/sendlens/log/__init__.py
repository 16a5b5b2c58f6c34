"""The log: an ordered, durable sequence of blocks between the door and the pipeline.

`protocol` says what every log promises, `sqlite` is the one that needs nothing but a disk.
"""

from sendlens.log.protocol import CorruptBlock, Log
from sendlens.log.sqlite import SqliteLog

__all__ = ["CorruptBlock", "Log", "SqliteLog"]
