"""The controls against what was planted: nothing missed, nothing invented, every amount to the minor unit."""

from __future__ import annotations

import duckdb
import pytest

from tests.truth.catalogue import CONTROLS
from tests.truth.score import missing_echoes, noisy_decoys, read_truth, score

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("code", CONTROLS)
def test_every_planted_defect_is_found_with_its_cause_and_amount_and_nothing_else_is_reported(planted, code):
    result = score(planted.published, planted.folder / "truth.csv", [code])
    assert result.recall == 1 and result.precision == 1, str(result)


def test_every_exception_that_a_defect_must_also_raise_is_open(planted):
    assert missing_echoes(planted.published, planted.folder / "truth.csv", CONTROLS) == []


def test_decoys_stay_silent(planted):
    assert noisy_decoys(planted.published, planted.folder / "decoys.csv") == []


def test_the_clean_company_has_no_exception_at_all(clean):
    assert score(clean.published, clean.folder / "truth.csv", CONTROLS).invented == []


def test_the_truth_expects_something_of_every_control_but_source_health(planted):
    """As a defect of its own, or as the echo of one; R38 has companies of its own."""
    defects = read_truth(planted.folder / "truth.csv")
    expected = {defect.code for defect in defects} | {code for defect in defects for code, _ in defect.echoes}
    assert set(CONTROLS) - {"R38"} <= expected, "a control of which nothing is expected is not scored at all"


def test_every_control_compares_something_and_tests_all_of_it(clean):
    """Silence of a control that compared nothing would read as a clean close."""
    with duckdb.connect(str(clean.published), read_only=True) as con:
        found = con.execute(
            "select code, count(*) filter (where status in ('matched', 'in_tolerance', 'timing')),"
            " count(*) filter (where status = 'not_testable') from marts.reconciliation_results group by code"
        ).fetchall()
    compared = {code: (tested, untested) for code, tested, untested in found}
    assert sorted(compared) == sorted(CONTROLS)
    assert {code: counts for code, counts in compared.items() if not counts[0] or counts[1]} == {}
