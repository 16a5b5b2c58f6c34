"""How long what came in lately took until figures showed it."""

from sendlens.pipeline.batch import Batch
from sendlens.pipeline.lag import MINUTES, Delay, Lag


def batch(tenant: str, source: str, received_at: int) -> Batch:
    return Batch(batch_id=1, partition=0, first=1, last=1, oldest={(tenant, source): received_at})


def test_the_latest_and_the_longest_of_a_quarter_of_an_hour() -> None:
    lag = Lag()
    now = 10_000_000
    lag.stored(batch("t_one", "api", now - 900), now)
    lag.stored(batch("t_one", "api", now + 1000 - 300), now + 1000)
    lag.stored(batch("t_one", "shop", now - 40), now)
    lag.stored(batch("t_two", "api", now - 7), now)
    assert lag.of("t_one", now + 2000) == {
        "api": Delay(at=now + 1000, latest=300, longest=900),
        "shop": Delay(at=now, latest=40, longest=40),
    }
    assert lag.of("t_one", now + MINUTES * 60_000 + 500) == {"api": Delay(at=now + 1000, latest=300, longest=300)}
    # A clock that was set back is no delay.
    lag.stored(batch("t_three", "api", now + 50), now)
    assert lag.of("t_three", now)["api"].latest == 0
