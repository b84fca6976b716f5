"""A company that no sample knows, written row by row: every invoice, credit, payment and account shows one thing.

What each must come to is written beside it from the specification (tests/worlds/documents_scenarios.py). The company is
closed within a group of others that share its ids, delivered in pieces, twice and out of order.
"""

from __future__ import annotations

import duckdb
import pytest

from tests.worlds import documents_group, documents_run, documents_scenarios

pytestmark = pytest.mark.slow

DOCUMENTS = ("R14", "R16", "R24", "R33")


OURS = ("billing", "erp")


@pytest.fixture(scope="module")
def group(worlds, tmp_path_factory):
    # fills the expectations, also where another worker closed it
    documents_group.group(tmp_path_factory.mktemp("expected"))
    return worlds("documents_group", documents_group.group)


def rows(closed, sql: str, *values: object) -> list[tuple]:
    """The answer of the published snapshot."""
    with duckdb.connect(str(closed.published), read_only=True) as con:
        return con.execute(sql, values).fetchall()


def results(closed) -> dict[tuple[str, str, str], tuple]:
    """(instance, code, match key) -> status, cause, delta, reason."""
    found = rows(
        closed,
        "select source_instance, code, match_key, status, cause_code, delta_minor, reason from marts.reconciliation_results",
    )
    return {row[:3]: row[3:] for row in found}


def test_every_document_comes_to_what_the_specification_says(group):
    """A document judged wrongly is money that nobody looks for, or people who look for money that is there."""
    assert group.run.code == 1, group.run.text
    found = {key[1:]: value for key, value in results(group).items() if key[0] in OURS and key[1] in DOCUMENTS}
    wrong = [
        (key, expected, found.get(key))
        for key, expected in documents_scenarios.EXPECTED.items()
        if key not in found
        or found[key][0] != expected[0]
        or expected[1] not in (None, found[key][1])
        or expected[2] != found[key][2]
    ]
    assert wrong == []
    assert [key for key in documents_scenarios.ABSENT if key in found] == []
    others = {key: value for key, value in found.items() if key not in documents_scenarios.EXPECTED}
    assert len(others) > 80
    assert {key: value for key, value in others.items() if (value[0], value[2]) != ("matched", 0)} == {}


def test_every_break_and_every_unmatched_result_speaks(group):
    silent = [key for key, value in results(group).items() if value[0] != "matched" and len(value[3] or "") < 20]
    assert silent == []
    assert rows(group, "select count(*) from marts.exceptions where owner_role is null or next_step is null") == [(0,)]


def test_a_system_that_is_not_connected_is_said_and_matches_nothing(group):
    said = rows(group, "select code, status, reason from marts.reconciliation_results where code in ('R03', 'R05')")
    assert {code for code, _, _ in said} == {"R03", "R05"}
    assert all(status == "not_testable" and "product" in reason for _, status, reason in said)


@pytest.mark.soak
def test_pieces_copies_and_neighbours_with_the_same_ids_change_no_figure_and_no_word(worlds, group):
    """Ids are unique only within their instance: a neighbour's payment may not settle our invoice."""
    alone = worlds("documents_alone", documents_run.alone)
    for table, filtered in (
        ("reconciliation_results", "match_key not like 'not connected|%'"),
        ("exceptions", "true"),
        ("close_status", "true"),
    ):
        sql = f"select * from marts.{table} where source_instance in ('billing', 'erp') and {filtered}"
        assert set(rows(alone, sql)) == set(rows(group, sql)), table
        assert rows(alone, sql), table


def test_a_company_without_a_fault_stays_matched_beside_one_with_many(group):
    theirs = {
        key: value
        for key, value in results(group).items()
        if key[0] in ("same", "same_erp") and key[1] in DOCUMENTS and value[0] != "matched"
    }
    assert theirs == {}


def test_shared_and_regional_erps_rejected_rows_and_faulty_snapshots_hide_what_they_must_and_no_more(group):
    found = results(group)
    wrong = [
        (key, expected, found.get(key))
        for key, expected in documents_group.EXPECTED.items()
        if key not in found or found[key][0] != expected[0] or expected[1] not in (None, found[key][1])
    ]
    assert wrong == []
    beside = {
        key: value
        for key, value in found.items()
        if key not in documents_group.EXPECTED
        and key[0] not in ("billing", "erp")
        and key[1] in DOCUMENTS
        and value[0] != "matched"
    }
    assert beside == {}, "what has no fault is tested"


def test_a_new_nullable_column_is_only_a_note(group):
    noted = rows(
        group,
        "select status from marts.reconciliation_results where code = 'R38' and match_key = 'faulty_erp|accounting_periods'",
    )
    assert noted == [("matched",)]
