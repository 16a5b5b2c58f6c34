"""What every log promises. An implementation inherits `LogContract` and says how to open one.

`open_log` is called again after `close` to see what lasted; a log with several partitions keeps the tests true by
sending everything they append to one of them.
"""

import asyncio
import threading
from abc import ABC, abstractmethod
from collections.abc import Generator, Sequence

import pytest
from msgspec.structs import replace

from sendlens.errors import Unavailable
from sendlens.log import Log
from sendlens.model.blocks import Block
from tests.log.blocks import block


def append(log: Log, blocks: Sequence[Block]) -> list[int]:
    """Append one after the other; return the offsets."""

    async def run() -> list[int]:
        return [(await log.append(each))[1] for each in blocks]

    return asyncio.run(run())


def append_together(log: Log, blocks: Sequence[Block]) -> list[int]:
    """Append all at the same time; return the offsets in the order of the blocks."""

    async def run() -> list[int]:
        return [offset for _, offset in await asyncio.gather(*[log.append(each) for each in blocks])]

    return asyncio.run(run())


class LogContract(ABC):
    """The promises of `sendlens.log.protocol.Log`."""

    @abstractmethod
    def open_log(self) -> Log:
        """Open the log under test: the same one each time within one test."""

    @pytest.fixture
    def log(self) -> Generator[Log]:
        log = self.open_log()
        yield log
        log.close()

    def test_what_waits_is_told_by_source(self, log: Log) -> None:
        first, *_ = append(
            log,
            [
                replace(block(count=3, received_at=10), source="a"),
                replace(block(count=2, received_at=30), source="b"),
                replace(block(count=1, received_at=20), source="b"),
                replace(block(count=7, received_at=5), tenant="t_two"),
            ],
        )
        assert log.waiting("t_one") == {"a": (3, 10), "b": (3, 20)}
        log.commit(log.partitions()[0], first)
        assert log.waiting("t_one") == {"b": (3, 20)}
        assert log.waiting("t_none") == {}

    def test_whoever_waits_can_be_woken(self, log: Log) -> None:
        (partition,) = log.partitions()
        woken: list[bool] = []
        waiting = threading.Thread(target=lambda: woken.append(log.wait(partition, 0, 60)))
        waiting.start()
        while waiting.is_alive():
            log.wake()
            waiting.join(0.01)
        assert woken == [False]

    def test_an_empty_log_is_at_zero(self, log: Log) -> None:
        (partition,) = log.partitions()
        assert (log.head(partition), log.committed(partition), log.backlog()) == (0, 0, 0)
        assert log.read(partition, 0, max_records=10) == []

    def test_what_is_appended_is_read_back_whole(self, log: Log) -> None:
        (partition,) = log.partitions()
        wanted = [block(1), block(2, count=0, body=b""), block(3, count=7)]
        offsets = append(log, wanted)
        assert offsets == sorted(set(offsets))
        assert offsets[0] > 0
        found = log.read(partition, 0, max_records=100)
        assert [each.block for each in found] == wanted
        assert [(each.partition, each.offset) for each in found] == [(partition, offset) for offset in offsets]
        assert found[0].block.records() == wanted[0].records()
        assert log.head(partition) == offsets[-1]

    def test_concurrent_appends_each_get_an_offset_of_their_own(self, log: Log) -> None:
        (partition,) = log.partitions()
        wanted = [block(number) for number in range(200)]
        offsets = append_together(log, wanted)
        by_offset = {each.offset: each.block for each in log.read(partition, 0, max_records=10_000)}
        assert [by_offset[offset] for offset in offsets] == wanted
        assert len(by_offset) == 200

    def test_reading_stops_at_either_limit_but_returns_one_block_at_least(self, log: Log) -> None:
        (partition,) = log.partitions()
        first, second, third, fourth = append(log, [block(n, count=5, body=b"x" * 100) for n in range(4)])

        def offsets(after: int, records: int, size: int = 1 << 20, until: int | None = None) -> list[int]:
            found = log.read(partition, after, max_records=records, max_bytes=size, until=until)
            return [each.offset for each in found]

        assert offsets(0, 10) == [first, second]
        assert offsets(0, 14) == [first, second]
        assert offsets(second, 15) == [third, fourth]
        assert offsets(0, 1) == [first]
        assert offsets(0, 100, size=250) == [first, second]
        assert offsets(0, 100, size=1) == [first]
        assert offsets(0, 100, until=third) == [first, second, third]
        assert offsets(fourth, 100) == []

    def test_the_position_lasts_and_never_moves_back(self) -> None:
        log = self.open_log()
        (partition,) = log.partitions()
        offsets = append(log, [block(n) for n in range(5)])
        log.commit(partition, offsets[2])
        log.commit(partition, offsets[1])
        assert log.committed(partition) == offsets[2]
        log.close()
        log = self.open_log()
        assert log.committed(partition) == offsets[2]
        assert log.head(partition) == offsets[4]
        assert log.backlog() == 6
        assert append(log, [block(9)]) > offsets[4:]
        log.close()

    def test_the_position_never_moves_beyond_the_head(self, log: Log) -> None:
        (partition,) = log.partitions()
        (offset,) = append(log, [block()])
        log.commit(partition, offset + 10)
        assert log.committed(partition) == offset
        append(log, [block(count=4)])
        assert log.backlog() == 4

    def test_the_backlog_counts_records_between_position_and_head(self, log: Log) -> None:
        (partition,) = log.partitions()
        offsets = append_together(log, [block(n, count=n) for n in range(10)])
        assert log.backlog() == 45
        log.commit(partition, offsets[3])
        assert log.backlog() == 45 - (0 + 1 + 2 + 3)
        log.commit(partition, offsets[9])
        assert log.backlog() == 0

    def test_wait_returns_at_once_for_what_is_there_and_at_the_timeout_for_what_is_not(self, log: Log) -> None:
        (partition,) = log.partitions()
        assert not log.wait(partition, 0, 0.01)
        (offset,) = append(log, [block()])
        assert log.wait(partition, 0, 60)
        assert not log.wait(partition, offset, 0.01)

    def test_wait_is_woken_by_an_append(self, log: Log) -> None:
        (partition,) = log.partitions()
        woken: list[bool] = []
        waiter = threading.Thread(target=lambda: woken.append(log.wait(partition, 0, 60)))
        waiter.start()
        append(log, [block()])
        waiter.join()
        assert woken == [True]

    def test_wait_is_woken_by_close(self) -> None:
        log = self.open_log()
        (partition,) = log.partitions()
        woken: list[bool] = []
        waiter = threading.Thread(target=lambda: woken.append(log.wait(partition, 0, 60)))
        waiter.start()
        log.close()
        waiter.join()
        assert woken == [False]

    def test_trim_drops_old_committed_blocks_only(self, log: Log) -> None:
        (partition,) = log.partitions()
        offsets = append(log, [block(n, received_at=n * 1000) for n in range(1, 7)])
        log.commit(partition, offsets[3])
        assert log.trim(partition, 3000) == 2
        assert [each.offset for each in log.read(partition, 0, max_records=100)] == offsets[2:]
        assert log.trim(partition, 1 << 50) == 2
        assert [each.offset for each in log.read(partition, 0, max_records=100)] == offsets[4:]
        assert log.backlog() == 6

    def test_trim_after_the_clock_was_set_back(self, log: Log) -> None:
        """Blocks from the time when it was ahead go with those behind them, and keep none of them for that long."""
        (partition,) = log.partitions()
        ahead = 1_000_000
        times = [1000, *[ahead] * 300, 2000, 3000, 2500, 9000]
        offsets = append(log, [block(n, received_at=at) for n, at in enumerate(times)])
        log.commit(partition, offsets[-1])

        def kept() -> list[int]:
            return [each.offset for each in log.read(partition, 0, max_records=1000)]

        assert log.trim(partition, 1500, 9000) == 1
        assert kept() == offsets[1:]  # nobody knows yet how old they are
        assert log.trim(partition, 2400, 9000) == 301
        assert kept() == offsets[-3:]
        # One that was received a little earlier than the one in front of it waits for that one.
        assert log.trim(partition, 2600, 9000) == 0
        assert log.trim(partition, 3001, 9000) == 2
        assert kept() == offsets[-1:]

    def test_offsets_are_not_used_again_after_trimming_everything(self) -> None:
        log = self.open_log()
        (partition,) = log.partitions()
        last = append(log, [block(n) for n in range(3)])[-1]
        log.commit(partition, last)
        log.trim(partition, 1 << 50)
        log.close()
        log = self.open_log()
        assert (log.head(partition), log.committed(partition), log.backlog()) == (last, last, 0)
        assert append(log, [block()])[0] > last
        log.close()

    def test_rewrite_replaces_in_place_and_leaves_the_rest(self, log: Log) -> None:
        (partition,) = log.partitions()
        offsets = append(log, [block(n, count=5) for n in range(4)])
        log.commit(partition, offsets[0])
        replacements = {"request-0": block(0, count=1), "request-2": block(2, count=2)}
        assert log.rewrite(partition, lambda old: replacements.get(old.request_id)) == 2
        found = log.read(partition, 0, max_records=100)
        assert [each.offset for each in found] == offsets
        assert [each.block.count for each in found] == [1, 5, 2, 5]
        assert found[2].block == replacements["request-2"]
        assert log.backlog() == 12

    def test_close_writes_what_waits_and_refuses_what_comes_later(self) -> None:
        log = self.open_log()
        (partition,) = log.partitions()

        async def close_while_appending() -> list[tuple[int, int]]:
            waiting = [asyncio.ensure_future(log.append(block(n))) for n in range(20)]
            await asyncio.sleep(0)
            await asyncio.to_thread(log.close)
            return await asyncio.gather(*waiting)

        written = asyncio.run(close_while_appending())
        with pytest.raises(Unavailable) as refused:
            append(log, [block()])
        assert refused.value.retry_after
        log = self.open_log()
        found = log.read(partition, 0, max_records=1000)
        assert {each.offset for each in found} == {offset for _, offset in written}
        assert len(found) == 20
        log.close()

    def test_a_caller_that_goes_away_harms_nobody(self, log: Log) -> None:
        (partition,) = log.partitions()

        async def cancel_some() -> None:
            tasks = [asyncio.ensure_future(log.append(block(n))) for n in range(10)]
            await asyncio.sleep(0)
            for task in tasks[::2]:
                task.cancel()
            await asyncio.gather(*tasks[1::2])

        asyncio.run(cancel_some())
        ids = {each.block.request_id for each in log.read(partition, 0, max_records=1000)}
        assert {f"request-{n}" for n in range(1, 10, 2)} <= ids
