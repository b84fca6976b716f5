"""What exact deduplication and late data cost beyond one machine: formulas, a simulation of each, and costs measured here.

    python -m tests.benchmarks.scale                                    # simulated beside derived, at small sizes
    python -m tests.benchmarks.scale --measure                          # processor seconds and bytes of the index as well
    python -m tests.benchmarks.scale --events 10000000000 --days 45     # what the formulas say of a day

docs/scale.md uses them; tests/benchmarks/test_scale.py holds that the simulations (scale_trials.py) agree with the formulas.
"""

from __future__ import annotations

import argparse
import tempfile
from dataclasses import dataclass
from math import e, expm1, log2
from pathlib import Path

HASH_BITS = 64


@dataclass(frozen=True)
class Lateness:
    """Of the events that arrive on a day a share `late` occurred on an earlier day; of those of `a` days ago and more
    a share `stays` is older still: the number of days is geometric."""

    late: float = 0.02
    stays: float = 0.7

    def share(self, age: int) -> float:
        """The share of a day's arrivals that occurred `age` days before."""
        return 1 - self.late if age == 0 else self.late * (1 - self.stays) * self.stays ** (age - 1)

    def beyond(self, days: int) -> float:
        """The share of a day's arrivals that occurred more than so many days before."""
        return self.late * self.stays**days


def candidates(new: float, kept: float, bits: int = HASH_BITS) -> float:
    """Expected pairs of different ids of one hash, among the new and between new and kept: the birthday bound's sum."""
    return (new * kept + new * (new - 1) / 2) / 2**bits


def index_bits(kept: float, bits: int = HASH_BITS) -> float:
    """Least bits per entry of a sorted set of so many random hashes: log2 of the binomial (2^bits over kept) / kept."""
    return bits - log2(kept) + log2(e)


def touched(events: float, lateness: Lateness, parts: int, days: int) -> list[float]:
    """Expected partitions that a day's arrivals reach, per age of 0 to `days`, of `parts` that every day has.

    A partition is missed when none arrives for it, which is Poisson's e^-mean."""
    return [parts * -expm1(-events * lateness.share(age) / parts) for age in range(days + 1)]


def read_again(events: float, lateness: Lateness, parts: int, days: int, runs: int = 1) -> float:
    """Rows read for each row that arrives, where each of a day's runs reads whole every partition that it is given to."""
    return runs * sum(touched(events / runs, lateness, parts, days)) / parts


def partial_sums(events: float, groups: float, workers: float) -> float:
    """Expected rows that workers hand on when each adds up its share of the events by group: groups that it has met."""
    return workers * groups * -expm1(-events / (workers * groups))


def day(
    events: float, days: int, repeats: float, lateness: Lateness, parts: int, bits: int = HASH_BITS
) -> dict[str, float]:
    """What the formulas say of one day: candidates and repeats to read, index, partitions reached and read again."""
    kept = events * days
    return {
        "ids in the index": kept,
        "least bytes of the index, a run per day": kept * index_bits(events, bits) / 8,
        "least bytes of the index, merged": kept * index_bits(kept, bits) / 8,
        "pairs of different ids with one hash": candidates(events, kept, bits),
        "repeats to compare in full": events * repeats,
        "partitions reached": sum(touched(events, lateness, parts, days)),
        "partitions kept": parts * (days + 1),
        "rows read again per row, one run a day": read_again(events, lateness, parts, days),
        "rows read again per row, 24 runs a day": read_again(events, lateness, parts, days, runs=24),
        "events older than the index": events * lateness.beyond(days),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=float, default=1e10, help="events a day")
    parser.add_argument("--days", type=int, default=45, help="days that the index keeps")
    parser.add_argument("--bits", type=int, default=HASH_BITS, help="width of the hash")
    parser.add_argument("--parts", type=int, default=4096, help="partitions of a day")
    parser.add_argument("--repeats", type=float, default=1e-3, help="share of events delivered again")
    parser.add_argument("--late", type=float, default=Lateness.late, help="share that occurred on an earlier day")
    parser.add_argument(
        "--stays", type=float, default=Lateness.stays, help="of those, share that is a day older each day"
    )
    parser.add_argument("--measure", action="store_true")
    asked = parser.parse_args()
    from tests.benchmarks import scale_trials as trials

    lateness = Lateness(asked.late, asked.stays)
    for name, value in day(asked.events, asked.days, asked.repeats, lateness, asked.parts, asked.bits).items():
        print(f"{name:40} {value:,.4g}")  # noqa: T201
    with trials.engine() as con:
        for new, kept, bits in ((100_000, 900_000, 32), (100_000, 4_500_000, 36), (1_000_000, 4_000_000, 40)):
            seen = trials.drawn_candidates(con, new, kept, bits, seed=1)
            print(f"{new:,} against {kept:,} at {bits} bits: {seen} drawn, {candidates(new, kept, bits):.1f} derived")  # noqa: T201
        few = trials.drawn_touched(con, 1_000_000, lateness, asked.parts, asked.days, seed=1)
        derived = sum(touched(1_000_000, lateness, asked.parts, asked.days))
        print(f"a million events reach {sum(few):,} partitions drawn, {derived:,.0f} derived")  # noqa: T201
    if asked.measure:
        for kept in (1_000_000, 4_000_000, 16_000_000):
            with tempfile.TemporaryDirectory() as name:
                found = trials.measured_index(kept, 1_000_000, Path(name))
                print({key: round(value, 3) for key, value in found.items()})  # noqa: T201
        with tempfile.TemporaryDirectory() as name:
            print(f"one id of a bucket of 2.4 million: {trials.measured_lookup(2_400_000, Path(name)):.4f} s")  # noqa: T201


if __name__ == "__main__":
    main()
