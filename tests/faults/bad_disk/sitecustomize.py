"""A disk that fails: with this directory on PYTHONPATH, every flush of a server fails from SIGUSR1 on."""

import signal

from tests.log.failing_disk_child import refuse_flushes

signal.signal(signal.SIGUSR1, lambda *_: refuse_flushes())
