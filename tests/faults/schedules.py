"""A company's rows dealt over files and runs: cut, shuffled, sent twice and late, as the seed says."""

from __future__ import annotations

import json
import random
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import polars as pl

from tests.faults.broken_files import SAMPLE
from tests.faults.deliveries import deliver

SENT_TWICE = 0.1
_SIDECAR = ".manifest.json"


@dataclass(frozen=True)
class Table:
    """The rows of one object as the source writes them, every value as its text; `ending` is that of its files.

    `extracted_at` is the newest that its sidecars state; files that are dealt from it state the same.
    """

    place: str
    ending: str
    rows: pl.DataFrame
    extracted_at: str | None


@dataclass(frozen=True)
class File:
    """One delivery of a schedule."""

    run: int
    path: str
    content: bytes
    sidecar: dict[str, str | int] | None = None


@cache
def tables(only: tuple[str, ...] = (), data: Path = SAMPLE) -> list[Table]:
    """The objects of a company's landing folder, or those named by `domain/object`; by default the sample company's."""
    places = only or tuple(
        f"{found.parent.name}/{found.name}" for found in sorted(data.glob("*/*")) if any(found.iterdir())
    )
    return [_table(data / place) for place in places]


def _table(folder: Path) -> Table:
    files = sorted(file for file in folder.iterdir() if not file.name.endswith(_SIDECAR))
    ending = files[0].name.partition(".")[2].removesuffix(".gz")
    told = [json.loads(file.read_bytes()) for file in folder.glob(f"*{_SIDECAR}")]
    extracted_at = max((sidecar["extracted_at"] for sidecar in told), default=None)
    place = f"{folder.parent.name}/{folder.name}"
    return Table(place, ending, pl.concat(_read(file) for file in files), extracted_at)


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
    return [_file(table, "all", table.rows) for table in found]


def schedule(seed: int, found: list[Table]) -> tuple[int, list[File]]:
    """The number of runs, and the files of each."""
    dice = random.Random(seed)
    runs = dice.randint(2, 4)
    files = [file for table in found for file in _dealt(dice, table, runs)]
    again = dice.sample(files, len(files) // 8)
    for number, file in enumerate(again):  # the same bytes once more, later and under another name
        path = file.path.replace("/part-", f"/again-{number}-")
        files.append(replace(file, run=dice.randint(file.run, runs - 1), path=path))
    dice.shuffle(files)
    return runs, files


def _dealt(dice: random.Random, table: Table, runs: int) -> list[File]:
    if table.rows.is_empty():
        return [_file(table, "none", table.rows, dice.randrange(runs))]
    rows = table.rows.sample(fraction=1, shuffle=True, seed=dice.randrange(1 << 30))
    parts = dice.randint(1, 5)
    owners = [dice.randrange(parts) for _ in range(rows.height)]
    files = []
    for part in range(parts):
        mine = [row for row, owner in enumerate(owners) if owner == part or dice.random() < SENT_TWICE / parts]
        if mine:
            name = f"part-{dice.randrange(10**6)}"
            files.append(_file(table, name, rows[mine], dice.randrange(runs)))
    return files


def _file(table: Table, name: str, rows: pl.DataFrame, run: int = 0) -> File:
    sidecar: dict[str, str | int] = {"extracted_at": table.extracted_at} if table.extracted_at else {}
    if rows.is_empty():
        sidecar["row_count"] = 0
    return File(run, f"{table.place}/{name}.{table.ending}", _written(table.ending, rows), sidecar or None)


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
        deliver(folder, file.path, file.content, file.sidecar)
