"""n:m matching on made partitions, each with pairs by reference, one sum of three and one of two by two, and strays.

    python -m tests.benchmarks.combinations --rows 100000 [--floor]

`--floor` only joins what has a common reference and adds both sides up per partition: the plainest SQL over those rows.
"""

from __future__ import annotations

import argparse
import json

import duckdb

from tests.benchmarks.measured import Failed, Result, measure, module

_ROWS_A_PARTITION = 16
_GROUPS_A_PARTITION = 5
# Amounts are drawn from a million, so that chance makes few combinations of its own.
_ROWS = """
create table rows as
with
partitions as (select p, 1000 + hash(p) % 999983 as a, 1000 + hash(p, 'b') % 999979 as b, 1000 + hash(p, 'c') % 999961 as c
from range(?) as t(p)),
drawn as (
    select p, unnest([
        ('L1', 'left', a, 1, 'ref1'), ('R1', 'right', a, 40, 'ref1'),
        ('L2', 'left', b, 1, 'ref2'), ('R2', 'right', b, 40, 'ref2'),
        ('L3', 'left', c, 1, 'ref3'), ('R3', 'right', c, 40, 'ref3'),
        ('L4', 'left', a + 11, 10, null), ('L5', 'left', b + 13, 10, null), ('L6', 'left', c + 17, 11, null),
        ('R4', 'right', a + b + c + 41, 11, null),
        ('L7', 'left', a + 101, 20, null), ('L8', 'left', b + 103, 21, null),
        ('R5', 'right', a + 61, 20, null), ('R6', 'right', b + 143, 21, null),
        ('L9', 'left', c + 7919, 30, null), ('R7', 'right', b + 6971, 31, null)
    ]) as one
    from partitions
)
select
    p || '-' || one[1] as row_id, one[2] as side, one[3]::bigint as amount_minor, 739000 + one[4]::bigint as day,
    'USD' as currency_code, 'US' as legal_entity_code, 'C' || p as customer_id, '' as scope, null::varchar as group_key,
    null::varchar as text, case when one[5] is null then []::varchar[] else [p || one[5]] end as refs
from drawn"""
_FLOOR = """
select count(*), sum(left_rows.amount_minor)
from rows as left_rows
inner join rows as right_rows
    on left_rows.side = 'left' and right_rows.side = 'right' and left_rows.refs = right_rows.refs and len(left_rows.refs) > 0
union all
select count(*), sum(amount)
from (select customer_id, sum(case side when 'left' then amount_minor else -amount_minor end) as amount from rows group by all)"""


def case(rows: int) -> Result:
    """Matches so many rows. Raises Failed when groups are lost: each partition has five, and chance hides few of them."""
    floor, _, _ = measure(module("combinations", "--rows", rows, "--floor"))
    measured, out, _ = measure(module("combinations", "--rows", rows))
    found = json.loads(out)
    if found["confirmed"] + found["suggested"] < found["made"] * 99 // 100:
        raise Failed(f"matching found {found} groups")
    return Result(
        "matching", "n:m matching of rows in partitions of sixteen", found["rows"], measured, floor, dict(found)
    )


def find(con: duckdb.DuckDBPyConnection, rows: int) -> dict[str, int]:
    """Makes and matches the rows; gives the number of groups made, confirmed and only suggested."""
    from dagster_project.matching import Plan, match

    made = fill(con, rows)
    found = match(con, "rows", Plan(window_days=2))
    groups = {"made": made * _GROUPS_A_PARTITION, "rows": made * _ROWS_A_PARTITION}
    return groups | {status: len(found.groups(status)) for status in ("confirmed", "suggested")}


def fill(con: duckdb.DuckDBPyConnection, rows: int) -> int:
    """The table `rows` with about so many; gives the number of partitions."""
    partitions = max(1, rows // _ROWS_A_PARTITION)
    con.execute(_ROWS, [partitions])
    return partitions


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--floor", action="store_true")
    asked = parser.parse_args()
    with duckdb.connect(config={"threads": 2, "memory_limit": "3GB"}) as con:
        if asked.floor:
            fill(con, asked.rows)
            con.execute(_FLOOR).fetchall()
            return
        print(json.dumps(find(con, asked.rows)))  # noqa: T201


if __name__ == "__main__":
    main()
