"""Real landing files, broken in one of many ways: the seed alone decides which file and how."""

from __future__ import annotations

import gzip
import random
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import polars as pl

from tests.faults.damage import BYTES, Change
from tests.faults.misspellings import CSV, JSONL, TEXTS
from tests.faults.retyped import CHANGES, written

SAMPLE = Path(__file__).resolve().parents[2] / "sample_data" / "aerolith" / "data"
ROWS = 30


@dataclass(frozen=True)
class Broken:
    """One file as delivered, and what was done to it."""

    file: str
    content: bytes
    how: str


def broken(seed: int) -> Broken:
    """The file of a seed; its name holds the seed, so that every report of it does too."""
    dice = random.Random(seed)
    source = dice.choice(_originals())
    ending = source.name.partition(".")[2]
    content, how = _head(source), []
    for _ in range(dice.choice((1, 1, 1, 2, 3))):
        change = dice.choice(_changes(ending))
        content = change(dice, content)
        how.append(change.__name__)
    if ending.endswith(".gz") and dice.random() < 0.8:
        content = gzip.compress(content, compresslevel=1, mtime=0)
        if dice.random() < 0.4:
            damage = dice.choice(BYTES)
            content = damage(dice, content)
            how.append(f"{damage.__name__} of the gzip")
    name = f"{source.parent.parent.name}/{source.parent.name}/seed-{seed}.{ending}"
    return Broken(name, content, ", ".join(how))


@cache
def _originals() -> list[Path]:
    return sorted(file for file in SAMPLE.rglob("*.*") if not file.name.endswith(".manifest.json"))


@cache
def _head(file: Path) -> bytes:
    """The first rows, uncompressed: a fault is as much one in a small file."""
    if file.suffix == ".parquet":
        return written(pl.read_parquet(file, n_rows=ROWS))
    raw = gzip.decompress(file.read_bytes()) if file.suffix == ".gz" else file.read_bytes()
    return b"\n".join(raw.split(b"\n")[: ROWS + 1]) + b"\n"


def _changes(ending: str) -> list[Change]:
    if ending.startswith("parquet"):
        return [*BYTES, *CHANGES * 2]
    own = JSONL if ending.startswith("jsonl") else CSV
    return [*BYTES, *TEXTS, *own * 4]
