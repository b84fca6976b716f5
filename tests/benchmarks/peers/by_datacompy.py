"""datacompy on Polars: python -m tests.benchmarks.peers.by_datacompy differing LEFT RIGHT KEYS, by the Python of its environment."""

from __future__ import annotations

import polars as pl
from datacompy import PolarsCompare

from tests.benchmarks.peers.answer import answer


def differing(left: str, right: str) -> list[str]:
    """Keys that one side lacks or whose other columns differ."""
    found = PolarsCompare(pl.read_parquet(left), pl.read_parquet(right), join_columns="document_id")
    frames = (found.df1_unq_rows, found.df2_unq_rows, found.all_mismatch())
    return [key for frame in frames for key in frame["document_id"].to_list()]


if __name__ == "__main__":
    answer(differing)
