"""Laws of any history of deliveries and replays: the past can be rebuilt, and the order of replays decides nothing."""

from __future__ import annotations

import tempfile
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dagster_project.errors import InputError
from tests.ingestion.company import NOW, Company, company, csv_text, event, invoice

FEW = settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.too_slow])
MEND = 'invoices: {values: {status: {paied: paid, unpayed: open}, net_amount: {hundred: "100.00"}}}'
INVOICES = "landed.generic__billing__invoices"


@st.composite
def invoices(draw: Any) -> dict[str, Any]:
    """A version of an invoice. Mended or not, its content follows from key and version: a source that tells two stories
    of one version is a conflict, whatever is replayed."""
    key, day = draw(st.sampled_from("abc")), draw(st.integers(1, 3))
    status = draw(
        st.sampled_from([{1: "open", 2: "paid", 3: "paid"}[day], {1: "unpayed", 2: "paied", 3: "paied"}[day]])
    )
    amount = draw(st.sampled_from(["100.00", "100.00", "hundred"]))
    if draw(st.integers(0, 5)) == 0:
        amount = draw(st.sampled_from(["x", "1.005"]))
    return invoice(key, status=status, net_amount=amount, updated_at=f"2026-09-0{day}T00:00:00Z")


files = st.lists(st.lists(invoices(), min_size=1, max_size=4), min_size=1, max_size=3)


def _deliver(one: Company, contents: list[list[dict[str, Any]]]) -> None:
    for number, rows in enumerate(contents):
        one.deliver(f"billing/invoices/{number}.csv", csv_text(rows))
    one.ingest()


def _counting(one: Company) -> list[dict[str, Any]]:
    """What counts, and whether every row that was received is somewhere."""
    rows, batches = one.queries(
        f"select distinct invoice_id, updated_at, status, net_amount, content_hash from {INVOICES} order by all",
        "from landed.batches where received_rows <> accepted_rows + duplicate_rows + quarantined_rows",
    )
    assert batches == []
    return rows


@FEW
@given(files, st.data())
def test_replays_in_any_order_end_as_if_the_mended_rows_had_come_first(contents, data):
    with tempfile.TemporaryDirectory() as folder:
        first, later = company(Path(folder) / "first", "billing"), company(Path(folder) / "later", "billing")
        first.map(MEND)
        _deliver(first, contents)
        _deliver(later, contents)
        later.map(MEND)
        selections: list[dict[str, str]] = [
            *({"batch": f"invoices/{number}.csv"} for number in range(len(contents))),
            *({"key": key} for key in "abc"),
            {"reason": "net_amount"},
            {},
        ]
        chosen = data.draw(st.permutations(selections))
        for number, selection in enumerate(chosen):
            _replay(later, number, **selection)
            if number == 2:
                _counting(later)
        assert _counting(later) == _counting(first)
        before = later.archive_tree()
        for number, selection in enumerate(chosen):
            _replay(later, len(chosen) + number, **selection)
        assert later.archive_tree() == before, "a second time nothing is done"
        assert later.query("select coalesce(sum(double_effect_count), 0) as n from landed.replays") == [{"n": 0}]


def _replay(one: Company, hour: int, **selection: str) -> None:
    with suppress(InputError):  # nothing is selected
        one.replay(NOW + timedelta(hours=hour), **selection)


actions = st.lists(
    st.one_of(
        st.lists(invoices(), min_size=1, max_size=3),
        st.lists(st.builds(event, event_id=st.sampled_from(["e", "f"]), quantity=st.sampled_from(["1", "-1", "2"]))
                 .map(lambda row: {"event": row}), min_size=1, max_size=2),
        st.just("replay"),
        st.just("renamed column"),
    ),
    min_size=2,
    max_size=4,
)  # fmt: skip


def _act(one: Company, number: int, action: Any) -> None:
    moment = NOW + timedelta(hours=number)
    if action == "replay":
        one.map(MEND.replace("values:", "columns: {Invoice: invoice_id}, values:"))
        _replay(one, number)
        return
    if action == "renamed column":
        content = csv_text([invoice(f"r{number}")]).replace("invoice_id", "Invoice", 1)
    elif "event" in action[0]:
        one.deliver(f"product/usage_events/{number}.csv", csv_text([row["event"] for row in action]))
        one.ingest("product", "usage_events", now=moment)
        return
    else:
        content = csv_text(action)
    one.deliver(f"billing/invoices/{number}.csv", content)
    one.ingest(now=moment)


def _everything(one: Company, **options: Any) -> list[list[dict[str, Any]]]:
    return one.queries(
        f"from {INVOICES} order by all",
        "from landed.generic__product__usage_events order by all",
        "from landed.conflicts order by all",
        "from landed.usage_copies order by all",
        "from landed.batches order by all",
        "from landed.quarantine order by all",
        "from landed.replays order by all",
        **options,
    )


@FEW
@given(actions)
def test_what_was_known_at_any_past_moment_is_rebuilt_as_if_nothing_had_come_since(history):
    """A closed period that is run again must show what its approver saw, row by row."""
    with tempfile.TemporaryDirectory() as folder:
        whole, growing = company(Path(folder) / "whole"), company(Path(folder) / "growing")
        seen = []
        for number, action in enumerate(history):
            _act(growing, number, action)
            seen.append(_everything(growing))
        for number, action in enumerate(history):
            _act(whole, number, action)
        for number, then in enumerate(seen):
            assert _everything(whole, known_at=NOW + timedelta(hours=number, minutes=30)) == then
        assert _everything(whole, known_at=NOW - timedelta(hours=1))[0] == []
