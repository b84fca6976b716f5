"""Parquet files as other programs write them: other types, names and shapes, and damaged footers."""

from __future__ import annotations

import io
import random
from typing import Any

import polars as pl

from tests.faults.damage import Change


def written(frame: pl.DataFrame) -> bytes:
    """The frame as Parquet."""
    buffer = io.BytesIO()
    frame.write_parquet(buffer)
    return buffer.getvalue()


def footer_damaged(dice: random.Random, content: bytes) -> bytes:
    changed = bytearray(content)
    for _ in range(dice.choice((1, 3))):
        changed[-dice.randrange(1, min(400, len(changed)) + 1)] ^= 1 << dice.randrange(8)
    return bytes(changed)


def footer_length_changed(dice: random.Random, content: bytes) -> bytes:
    length = dice.choice((0, 1, 2**31 - 1, 2**32 - 1, len(content) * 2, 7))
    return content[:-8] + length.to_bytes(4, "little") + content[-4:]


def page_damaged(dice: random.Random, content: bytes) -> bytes:
    changed = bytearray(content)
    changed[dice.randrange(4, max(5, len(changed) // 2))] ^= 1 << dice.randrange(8)
    return bytes(changed)


def other_type(dice: random.Random, content: bytes) -> bytes:
    frame = _read(content)
    if frame is None or not frame.columns:
        return content
    name = dice.choice(frame.columns)
    return written(frame.with_columns(_retyped(dice, frame, name)))


def _retyped(dice: random.Random, frame: pl.DataFrame, name: str) -> pl.Series:
    values: list[Any] = [None if value is None else str(value) for value in frame[name].to_list()]
    kind = dice.choice(
        ("float", "int", "bool", "date", "time", "duration", "list", "struct", "binary", "null", "naive", "category")
    )
    numbers = list(range(len(values)))
    match kind:
        case "float":
            return pl.Series(name, [dice.choice((0.1, float("nan"), float("inf"), -0.0)) for _ in values], pl.Float64)
        case "int":
            return pl.Series(name, [dice.choice((0, -1, 2**63 - 1)) for _ in values], pl.Int64)
        case "bool":
            return pl.Series(name, [number % 2 == 0 for number in numbers])
        case "date" | "time" | "duration" | "naive":
            types = {"date": pl.Date, "time": pl.Time, "duration": pl.Duration, "naive": pl.Datetime("ns")}
            return pl.Series(name, numbers, pl.Int64).cast(pl.Int32 if kind == "date" else pl.Int64).cast(types[kind])
        case "list":
            return pl.Series(name, [[value] for value in values], pl.List(pl.String))
        case "struct":
            return pl.Series(name, [{"a": value} for value in values])
        case "binary":
            return pl.Series(name, [b"\xff\x00" + str(value).encode() for value in values])
        case "category":
            return pl.Series(name, values, pl.String).cast(pl.Categorical)
        case _:
            return pl.Series(name, [None] * len(values), pl.Null)


def other_columns(dice: random.Random, content: bytes) -> bytes:
    frame = _read(content)
    if frame is None or not frame.columns:
        return content
    name = dice.choice(frame.columns)
    match dice.choice(("dropped", "renamed", "case", "more", "none", "no rows", "many")):
        case "dropped":
            return written(frame.drop(name))
        case "renamed":
            taken = ("file_row_number", "tieout_row", 'a"b', "", "x" * 3000, "filename")
            return written(frame.rename({name: dice.choice(taken)}))
        case "case":
            return written(frame.with_columns(frame[name].alias(name.upper())))
        case "more":
            return written(frame.with_columns(pl.lit("x").alias("file_row_number")))
        case "none":
            return written(frame.select([]))
        case "no rows":
            return written(frame.clear())
        case _:
            return written(frame.with_columns([pl.lit(1).alias(f"c{position}") for position in range(2000)]))


def other_text(dice: random.Random, content: bytes) -> bytes:
    from tests.faults.misspellings import VALUES

    frame = _read(content)
    texts = [] if frame is None else [name for name, kind in frame.schema.items() if kind == pl.String]
    if frame is None or not texts or not frame.height:
        return content
    name = dice.choice(texts)
    values = frame[name].to_list()
    values[dice.randrange(len(values))] = dice.choice(VALUES)
    return written(frame.with_columns(pl.Series(name, values, pl.String)))


def _read(content: bytes) -> pl.DataFrame | None:
    try:
        return pl.read_parquet(io.BytesIO(content))
    except BaseException:  # noqa: BLE001 - damaged already: its reader may even panic
        return None


CHANGES: list[Change] = [
    footer_damaged,
    footer_length_changed,
    page_damaged,
    other_type,
    other_type,
    other_columns,
    other_text,
    other_text,
]
