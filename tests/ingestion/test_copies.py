"""What landing knows of copies is what plain SQL over all rows says, whatever batches came, went, came again or grew."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dagster_project.archive.parsing.content import content_hash
from dagster_project.sources.contracts import load_contracts
from dagster_project.warehouse import copies, facts
from tests.dbt.landed_world import LandedWorld

EVENTS = "landed.generic__product__usage_events"
CONTRACT = load_contracts()["product", "usage_events"]
DELIVERIES = 4
RANKED = f"""
select
    *,
    row_number() over copies as copy_number,
    content_hash = first_value(content_hash) over copies as is_equal_copy,
    count(*) over (partition by source_instance, event_id) as copies,
    first_value(batch_id) over copies as counting_batch_id,
    first_value(row_number) over copies as counting_row_number,
    first_value(content_hash) over copies as counting_content_hash,
from (select * replace ({content_hash(CONTRACT)} as content_hash) from {EVENTS})
window copies as (partition by source_instance, event_id order by ingested_at, content_hash, batch_id, row_number)"""
KEPT = f"""
select * exclude (copies, counting_batch_id, counting_row_number, counting_content_hash)
from ({RANKED}) where copies > 1 order by all"""
SURPLUS = f"""
select
    source_instance, 'product', 'usage_events', event_id, batch_id, row_number, content_hash,
    case when is_equal_copy then 'duplicate' else 'conflict' end,
    counting_batch_id, counting_row_number, counting_content_hash
from ({RANKED}) where copy_number > 1 order by all"""

events = st.builds(
    lambda key, quantity, month, day: {
        "event_id": key, "tenant_id": "T", "subscription_id": "S", "meter_code": "M", "quantity": quantity,
        "occurred_at": f"2026-{month}-05 00:00", "ingested_at": f"2026-{month}-{day} 00:00",
    },
    st.sampled_from("abcd"), st.sampled_from((1, 2)), st.sampled_from(("11", "12")), st.sampled_from(("06", "20")),
)  # fmt: skip
files = st.lists(st.lists(events, min_size=1, max_size=4), min_size=DELIVERIES, max_size=DELIVERIES)
standing = st.dictionaries(
    st.tuples(st.sampled_from(("p", "q")), st.integers(0, DELIVERIES - 1)), st.booleans(), max_size=5
)
"""Of which files of which source there are rows, and whether a replay has brought in the last one."""


def _stands(world: LandedWorld, contents: list[list[dict[str, Any]]], there: dict[tuple[str, int], bool]) -> None:
    """Makes the relation hold exactly these batches and lets landing look for copies."""
    world.connection.execute(f"delete from {EVENTS}")
    rows = {}
    for (source, number), has_grown in there.items():
        batch, content = f"{source}{number}", contents[number]
        world.add(source, "product", "usage_events", *(content if has_grown else content[:-1]), batch=batch)
        rows[source, batch] = f"{batch} replayed" if has_grown else batch
    copies.find(world.connection, [("generic", CONTRACT, rows)])


@pytest.fixture(scope="module")
def world() -> Iterator[LandedWorld]:
    made = LandedWorld(Path(":memory:"), {"product": ["p", "q"]})
    yield made
    made.connection.close()


@pytest.mark.parametrize("how", ["hashes", "hashes that collide", "hashes sorted in ranges"])
@settings(max_examples=12, deadline=None)
@given(contents=files, history=st.lists(standing, min_size=2, max_size=5))
def test_after_any_history_the_copies_are_those_that_all_rows_have(world, how, contents, history):
    """An event first delivered in November and again in December, at another time, would be billed in both months."""
    facts.entered(world.connection)
    facts.forget(world.connection)
    with pytest.MonkeyPatch.context() as patch:
        if how == "hashes that collide":
            patch.setattr(copies, "fact_of", lambda contract: "hash(event_id) % 2")
        if how == "hashes sorted in ranges":
            patch.setattr(facts, "_AT_ONCE", 1)
        for there in history:
            _stands(world, contents, there)
            held = world.connection.execute("from landed.usage_copies order by all").fetchall()
            assert held == world.connection.execute(KEPT).fetchall()
            surplus = world.connection.execute("from landed.conflicts order by all").fetchall()
            assert surplus == world.connection.execute(SURPLUS).fetchall()


def test_what_other_code_found_is_looked_for_again(world):
    """An index that an older release, or an older engine, made by another rule must not hide a copy."""
    event = {"event_id": "a", "ingested_at": "2026-11-06", "occurred_at": "2026-11-05", "quantity": 1}
    contents = [[event, event], [event, event]]
    _stands(world, contents, {("p", 0): True})
    world.connection.execute("update state.facts__generic__product__usage_events set fact = number")
    world.connection.execute("update state.fact_batches set code = 'another'")
    _stands(world, contents, {("p", 0): True, ("p", 1): True})
    assert len(world.connection.execute("from landed.conflicts").fetchall()) == 3
