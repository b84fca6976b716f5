"""Events are counted once more by their ids, whatever landing says of copies: a repeat that it overlooked is billed twice."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dagster_project.sources.contracts import load_contracts
from dagster_project.warehouse import copies
from expectations.suites.distinct import find_delivered
from expectations.suites.outcome_totals import find_totals
from tests.expectations.world import World, default_row, world

CONTRACT = load_contracts()["product", "usage_events"]
EVENTS = "landed.generic__product__usage_events"
STAGING = f"""
create schema if not exists staging;
create or replace view staging.stg_generic__product__usage_events as
select * from {EVENTS}
anti join (select * from landed.usage_copies where copy_number > 1) using (source_instance, batch_id, row_number)"""


def _deliver(made: World, batch: str, *ids: str, source: str = "product") -> None:
    made.land(
        "product", "usage_events", [default_row(CONTRACT, event_id=one) for one in ids], source, f"{source}-{batch}"
    )


def _look_for_copies(made: World) -> None:
    batches = "select source_instance, batch_id, any_value(parsed_rows)::varchar from landed.batches group by all"
    rows = {(source, batch): held for source, batch, held in made.con.execute(batches).fetchall()}
    copies.find(made.con, [("generic", CONTRACT, rows)])
    made.con.execute(STAGING)


def _landed_and_staged(made: World) -> list[tuple[Any, ...]]:
    find_totals(made.con, made.settings)
    return made.con.execute("select landed_rows, staged_rows from outcome_staging").fetchall()


@pytest.mark.parametrize("is_kept", [False, True], ids=["all are counted", "the new file is counted"])
@pytest.mark.parametrize("overlooked", ["e1", "e2"], ids=["of another file", "of one file"])
def test_a_repeat_that_landing_overlooks_is_seen_whenever_it_comes(tmp_path, overlooked, is_kept):
    made = world(tmp_path)
    _deliver(made, "november", "e1", "e4")
    _look_for_copies(made)
    if is_kept:
        assert _landed_and_staged(made) == [(2, 2)]
    _deliver(made, "december", "e1", "e2", "e2")
    _look_for_copies(made)
    made.con.execute("delete from landed.usage_copies where event_id = ?", [overlooked])
    assert _landed_and_staged(made) == [(3, 4)], "an event counts twice"
    assert _landed_and_staged(made) == [(3, 4)], "once more, after it was seen"


deliveries = st.lists(
    st.tuples(st.sampled_from(("product", "other")), st.lists(st.sampled_from("abcde"), min_size=1, max_size=4)),
    min_size=1,
    max_size=5,
)


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> World:
    return world(tmp_path_factory.mktemp("distinct"))


@settings(max_examples=25, deadline=None)
@given(deliveries, st.sets(st.integers(0, 4)))
def test_what_is_counted_of_new_files_comes_to_what_counting_all_would(made, files, gone):
    """What was counted of old files is kept: it must be forgotten when one of them is there no more."""
    made.con.execute("drop table if exists state.outcome_distinct")
    for table in (EVENTS, "landed.batches"):
        made.con.execute(f"delete from {table}")
    for number, (source, ids) in enumerate(files):
        _deliver(made, str(number), *ids, source=source)
        if number == 3:
            for taken in gone:
                for table in (EVENTS, "landed.batches"):
                    made.con.execute(f"delete from {table} where batch_id like ?", [f"%-{taken}"])
        find_delivered(made.con, CONTRACT)
        counted = made.con.execute("select source_instance, row_count from outcome_delivered order by 1").fetchall()
        everything = f"select source_instance, count(distinct event_id) from {EVENTS} group by 1 order by 1"
        assert counted == made.con.execute(everything).fetchall()
