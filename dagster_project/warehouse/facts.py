"""An index of landed facts: of each a hash of what makes two rows statements of one fact, and the batch it lies in.

Equal facts have equal hashes; the reverse need not hold, so it only ever says where to look. Of history eight bytes a
fact are read for what a delivery may repeat, where the ids would take four times as long. A batch never changes, so it
is entered once; one that gained rows by a replay is entered anew.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import duckdb
import numpy as np
import pyarrow as pa

from dagster_project.sql import column, listed, scalar
from dagster_project.version import code_version

Batch = tuple[str, str]
"""Source instance and batch id."""

_AT_ONCE = 1 << 24
"""Hashes that are sorted in memory at once: 128 MB."""

_LARGEST = (1 << 64) - 1
_CODE = f"{code_version()} duckdb {duckdb.__version__}"  # whose `hash` it is
_BATCHES = "(relation varchar, number integer, source_instance varchar, batch_id varchar, rows varchar, code varchar)"


@dataclass(frozen=True)
class Entered:
    """A batch in the index: its number there, and what named its rows."""

    number: int
    rows: str


@dataclass(frozen=True)
class Change:
    """What came of a relation's change: batches whose rows of before are gone, and all in which repeated facts lie.

    The hashes of these facts are in the temporary table `repeated`.
    """

    gone: tuple[Batch, ...]
    lying: tuple[Batch, ...]


def entered(con: duckdb.DuckDBPyConnection) -> dict[str, dict[Batch, Entered]]:
    """The batches in the index, per relation; nothing where there is none, or where other code made it."""
    con.execute("create schema if not exists state")
    con.execute(f"create table if not exists state.fact_batches {_BATCHES}")
    found: dict[str, dict[Batch, Entered]] = {}
    for relation, number, source, batch, rows, code in con.execute("from state.fact_batches").fetchall():
        if code == _CODE:
            found.setdefault(relation, {})[source, batch] = Entered(number, rows)
    return found


def forget(con: duckdb.DuckDBPyConnection) -> None:
    """Everything is entered and looked at anew."""
    con.execute(f"create or replace table state.fact_batches {_BATCHES}")


def enter(
    con: duckdb.DuckDBPyConnection, relation: str, fact: str, before: Mapping[Batch, Entered], rows: Mapping[Batch, str]
) -> Change | None:
    """Makes the index of a relation that of the batches in `rows`; None where no fact is, or was, there repeatedly.

    `fact` is SQL over a row, an unsigned integer of 64 bits. Looked at are the facts of batches that came or went.
    """
    after = _numbered(before, rows)
    gone = {batch: one.number for batch, one in before.items() if after.get(batch) != one}
    new = {batch: one.number for batch, one in after.items() if before.get(batch) != one}
    if not before:
        con.execute(f"create or replace table {_index(relation)} (number integer, fact ubigint)")
    if new:
        _add(con, relation, fact, new)
    con.execute("create or replace temp table repeated (fact ubigint)")
    if before:
        _find_among(con, relation, [*gone.values(), *new.values()])
    else:
        _find_all(con, relation)
    numbers = set(column(con, f"select distinct number from {_index(relation)} where fact in (from repeated)"))
    if gone:
        con.execute(f"delete from {_index(relation)} where number in (select unnest(?::integer[]))", [[*gone.values()]])
    _remember(con, relation, after)
    lying = tuple(batch for batch, one in after.items() if one.number in numbers)
    return Change(tuple(gone), lying) if numbers else None


def within(batches: Sequence[Batch]) -> str:
    """SQL: rows of batches of these ids; by constants the engine sees of whole files that they hold none."""
    return f"batch_id in ({listed(sorted({batch for _, batch in batches}))})" if batches else "false"


def _index(relation: str) -> str:
    return f"state.facts__{relation.removeprefix('landed.')}"


def _numbered(before: Mapping[Batch, Entered], rows: Mapping[Batch, str]) -> dict[Batch, Entered]:
    number, after = max((one.number for one in before.values()), default=0), {}
    for batch, named in rows.items():
        held = before.get(batch)
        if held is None or held.rows != named:
            number += 1
            held = Entered(number, named)
        after[batch] = held
    return after


def _add(con: duckdb.DuckDBPyConnection, relation: str, fact: str, new: Mapping[Batch, int]) -> None:
    sources, batches = zip(*new, strict=True)
    con.execute(
        f"insert into {_index(relation)} select numbers.number, landed.fact"
        f" from (select source_instance, batch_id, {fact} as fact from {relation} where {within([*new])}) as landed"
        " inner join (select unnest(?::varchar[]) as source_instance, unnest(?::varchar[]) as batch_id,"
        " unnest(?::integer[]) as number) as numbers using (source_instance, batch_id)",
        [sources, batches, [*new.values()]],
    )


def _remember(con: duckdb.DuckDBPyConnection, relation: str, after: Mapping[Batch, Entered]) -> None:
    con.execute("delete from state.fact_batches where relation = ?", [relation])
    kinds = ("integer", "varchar", "varchar", "varchar")
    columns = [[one.number, *batch, one.rows] for batch, one in after.items()]
    if columns:
        unnested = ", ".join(f"unnest(?::{kind}[])" for kind in kinds)
        values = [relation, *map(list, zip(*columns, strict=True)), _CODE]
        con.execute(f"insert into state.fact_batches select ?, {unnested}, ?", values)


def _find_among(con: duckdb.DuckDBPyConnection, relation: str, touched: Sequence[int]) -> None:
    con.execute(
        f"insert into repeated select fact from {_index(relation)} where fact in"
        f" (select fact from {_index(relation)} where number in (select unnest(?::integer[])))"
        " group by fact having count(*) > 1",
        [touched],
    )


def _find_all(con: duckdb.DuckDBPyConnection, relation: str) -> None:
    """Sorts them, range by range, which takes a fifth of what it takes to group as many."""
    count = int(scalar(con, f"select count(*) from {_index(relation)}") or 0)
    width = _LARGEST // (count // _AT_ONCE + 1) + 1
    for first in range(0, _LARGEST, width):
        within_range = f"fact between {first} and {min(first + width - 1, _LARGEST)}"
        facts = con.execute(f"select fact from {_index(relation)} where {within_range}").fetchnumpy()["fact"]
        facts.sort()
        found = np.unique(facts[1:][facts[1:] == facts[:-1]])
        if len(found):
            con.register("found_facts", pa.table({"fact": found}))
            con.execute("insert into repeated from found_facts")
            con.unregister("found_facts")
