"""The sample company's rows dealt over files and runs: cut, shuffled, sent twice and late, as the seed says."""

from __future__ import annotations

import random
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import polars as pl

from tests.faults.broken_files import SAMPLE
from tests.faults.deliveries import deliver

SENT_TWICE = 0.1


@dataclass(frozen=True)
class Table:
    """The rows of one object as the source writes them, every value as its text; `ending` is that of its files."""

    place: str
    ending: str
    rows: pl.DataFrame


@dataclass(frozen=True)
class File:
    """One delivery of a schedule."""

    run: int
    path: str
    content: bytes


@cache
def tables(only: tuple[str, ...] = ()) -> list[Table]:
    """The objects of the sample company, or those named by `domain/object`."""
    places = only or tuple(f"{found.parent.name}/{found.name}" for found in sorted(SAMPLE.glob("*/*")))
    return [_table(place) for place in places]


def _table(place: str) -> Table:
    files = sorted(file for file in (SAMPLE / place).iterdir() if not file.name.endswith(".manifest.json"))
    ending = files[0].name.partition(".")[2].removesuffix(".gz")
    return Table(place, ending, pl.concat(_read(file) for file in files))


def _read(file: Path) -> pl.DataFrame:
    if file.suffix == ".parquet":
        return pl.read_parquet(file)
    if ".csv" in file.name:
        return pl.read_csv(file, infer_schema=False)
    return pl.read_csv(
        file, has_header=False, new_columns=["line"], separator="\x1f", quote_char=None, infer_schema=False
    )


def whole(found: list[Table]) -> list[File]:
    """Every object in one file, in one run: what each schedule must end like."""
    return [File(0, f"{table.place}/all.{table.ending}", _written(table.ending, table.rows)) for table in found]


def schedule(seed: int, found: list[Table]) -> tuple[int, list[File]]:
    """The number of runs, and the files of each."""
    dice = random.Random(seed)
    runs = dice.randint(2, 4)
    files = [file for table in found for file in _dealt(dice, table, runs)]
    again = dice.sample(files, len(files) // 8)
    for number, file in enumerate(again):  # the same bytes once more, later and under another name
        path = file.path.replace("/part-", f"/again-{number}-")
        files.append(File(dice.randint(file.run, runs - 1), path, file.content))
    dice.shuffle(files)
    return runs, files


def _dealt(dice: random.Random, table: Table, runs: int) -> list[File]:
    rows = table.rows.sample(fraction=1, shuffle=True, seed=dice.randrange(1 << 30))
    parts = dice.randint(1, 5)
    owners = [dice.randrange(parts) for _ in range(rows.height)]
    files = []
    for part in range(parts):
        mine = [row for row, owner in enumerate(owners) if owner == part or dice.random() < SENT_TWICE / parts]
        if mine:
            content = _written(table.ending, rows[mine])
            files.append(
                File(dice.randrange(runs), f"{table.place}/part-{dice.randrange(10**6)}.{table.ending}", content)
            )
    return files


def _written(ending: str, rows: pl.DataFrame) -> bytes:
    if ending == "parquet":
        from tests.faults.retyped import written

        return written(rows)
    if ending == "csv":
        return rows.write_csv().encode()
    return "".join(f"{line}\n" for line in rows["line"]).encode()


def lay(folder: Path, files: list[File]) -> None:
    """Writes the files where the source offers them."""
    for file in files:
        deliver(folder, file.path, file.content)
