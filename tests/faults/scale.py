"""How much of each loop runs: `FAULTS` percent of it, 5 in `make test`, 100 in `make soak`."""

from __future__ import annotations

import os

SHARE = int(os.environ.get("FAULTS", "5"))


def some(count: int, least: int = 1) -> list[int]:
    """The share of the numbers below `count`, spread evenly over them and never fewer than `least`."""
    wanted = min(count, max(least, round(count * SHARE / 100)))
    return [position * count // wanted for position in range(wanted)]
