"""Randomness by key: a draw depends on the seed and its own key only, never on other draws,
so that planting a defect in one place leaves every other figure of the world as it was."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")


class Dice:
    def __init__(self, seed: int) -> None:
        self.seed = seed

    def bits(self, *key: object) -> int:
        text = "|".join([str(self.seed), *map(str, key)])
        return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "big")

    def between(self, low: int, high: int, *key: object) -> int:
        return low + self.bits(*key) % (high - low + 1)

    def pick(self, options: Sequence[T], *key: object) -> T:
        return options[self.bits(*key) % len(options)]

    def chance(self, percent: int, *key: object) -> bool:
        return self.bits(*key) % 100 < percent
