"""The matching on Spark: each entity and currency by itself, wherever Spark runs that part, by the same passes.

No match leaves an entity and a currency, and what one purpose takes from a later one lies in the same: so these parts
see all that they need. Customers are no parts of their own, because a summary holds those of many. The budget of steps
of the subset search holds per part here, and for the whole elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import duckdb
import pyarrow as pa

from dagster_project.matching.linkage import SUGGESTIONS, suggestions
from dagster_project.matching.purposes import OUTCOME, outcome

PARTS = ("legal_entity_code", "currency_code")


def outcome_on_spark(candidates: Any, windows: dict[str, int]) -> Any:
    """`purposes.outcome` of a Spark data frame, as another."""

    def part(rows: pa.Table) -> pa.Table:
        with duckdb.connect(":memory:") as con:
            con.execute("set threads = 1")
            con.register("match_candidate", rows)
            return outcome(con, "match_candidate", windows)

    return candidates.groupBy(*PARTS).applyInArrow(part, _in_words(OUTCOME))


def suggestions_on_spark(candidates: Any) -> Any:
    """`linkage.suggestions` of a Spark data frame, as another: a score depends on its own pair alone."""
    return candidates.mapInArrow(_scored, _in_words(SUGGESTIONS))


def _in_words(schema: pa.Schema) -> str:
    return ", ".join(f"{one.name} {'bigint' if one.type == pa.int64() else 'string'}" for one in schema)


def _scored(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    for batch in batches:
        if batch.num_rows:
            yield from suggestions(pa.Table.from_batches([batch])).to_batches()
