"""Every number the simulated world is made from, with its meaning.

Owns defaults, help and the drawing of random worlds. What the numbers do is decided in `behaviour` and `world`.
"""

from __future__ import annotations

import dataclasses
from typing import Any, Final, cast

import numpy as np

HOUR_MS: Final = 3_600_000
DAY_MS: Final = 24 * HOUR_MS


def _parameter(default: float, low: float, high: float, help: str) -> Any:
    return dataclasses.field(default=default, metadata={"help": help, "low": low, "high": high})


@dataclasses.dataclass(frozen=True, kw_only=True)
class Parameters:
    """How people, mailbox providers, machines and the sender behave; shares are 0..1, times as the name says."""

    # The way to the mailbox
    drop_share: float = _parameter(0.004, 0.0, 0.03, "Messages never attempted: the address is suppressed.")
    hard_share: float = _parameter(0.006, 0.0, 0.06, "Attempted messages refused for good: no such address.")
    soft_share: float = _parameter(0.004, 0.0, 0.03, "Attempted messages given up: mailbox full, time-out.")
    block_share: float = _parameter(0.003, 0.0, 0.08, "Attempted messages refused by policy or reputation.")
    out_of_band_share: float = _parameter(0.0008, 0.0, 0.01, "Delivered messages that bounce later.")
    defer_share: float = _parameter(0.02, 0.0, 0.15, "Messages deferred at least once before their fate is known.")
    latency_seconds: float = _parameter(4.0, 1.0, 30.0, "Median time from injection to delivery.")

    # People
    open_rate: float = _parameter(0.25, 0.08, 0.45, "Delivered, tracked messages opened by a person.")
    repeat_opens: float = _parameter(0.35, 0.0, 1.0, "Further opens per opened message, on average.")
    click_share: float = _parameter(0.06, 0.02, 0.2, "Openers who click at least one link.")
    more_clicks: float = _parameter(0.4, 0.0, 1.5, "Further clicks per clicker, on average.")
    unsubscribe_share: float = _parameter(0.002, 0.0, 0.02, "Delivered messages answered by leaving the list.")
    complaint_share: float = _parameter(0.0003, 0.0, 0.004, "Delivered messages reported as spam.")
    convert_share: float = _parameter(0.12, 0.01, 0.4, "Human clickers who buy.")
    order_value: float = _parameter(62.0, 15.0, 250.0, "Median value of an order, in whole currency units.")
    untracked_share: float = _parameter(0.0, 0.0, 0.1, "Messages sent without an open tracker.")
    hour_pattern: float = _parameter(1.0, 0.0, 1.5, "Strength of the daily rhythm of opens; 0 for none.")

    # Machines
    prefetch_share: float = _parameter(0.85, 0.3, 1.0, "Apple mailboxes that load every picture at arrival.")
    gmail_prefetch_share: float = _parameter(0.02, 0.0, 0.1, "Gmail messages whose pictures Gmail loads at arrival.")
    scanner_share: float = _parameter(0.25, 0.0, 0.6, "Business mailboxes behind a scanner that follows links.")
    covert_scanners: float = _parameter(
        0.3, 0.0, 1.0, "Scanners that show themselves by timing only, not by name or address."
    )

    # The trip of an event to us
    duplicate_share: float = _parameter(0.004, 0.0, 0.05, "Events that a provider delivers twice.")
    late_share: float = _parameter(0.01, 0.0, 0.1, "Events that arrive after events that happened later.")
    invalid_share: float = _parameter(0.0, 0.0, 0.01, "Broken records among the events sent to the events API.")

    # Commerce
    message_id_share: float = _parameter(0.4, 0.0, 1.0, "Buyers whose shop names the message, not only the campaign.")
    cost_per_thousand: float = _parameter(2.4, 0.2, 12.0, "Cost of a thousand messages, in whole currency units.")

    # A provider that turns against us
    throttle_share: float = _parameter(
        0.6, 0.1, 0.95, "Messages deferred by the provider that throttles, once it does."
    )
    throttle_minutes: float = _parameter(95.0, 20.0, 360.0, "Median time by which a throttled message is delayed.")


PARAMETERS: Final = tuple(
    (f.name, cast("float", f.default), cast("str", f.metadata["help"])) for f in dataclasses.fields(Parameters)
)
"""Name, default and help of each parameter, for documentation and the command line."""


def random_parameters(seed: int) -> Parameters:
    """Return a plausible world drawn at random, each parameter between its limits.

    The scale is logarithmic where the limits are above zero, so that rare things stay rare in most worlds.
    """
    rng = np.random.default_rng([seed, 0x5E])
    values: dict[str, float] = {}
    for field in dataclasses.fields(Parameters):
        low, high = cast("float", field.metadata["low"]), cast("float", field.metadata["high"])
        u = float(rng.random())
        values[field.name] = low * (high / low) ** u if low > 0 else high * u**2
    return Parameters(**values)
