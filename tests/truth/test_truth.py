"""The controls against what was planted: nothing missed, nothing invented, every amount to the minor unit."""

from __future__ import annotations

import pytest

from tests.truth.score import missing_echoes, noisy_decoys, read_truth, score

pytestmark = pytest.mark.slow

CONTROLS = ("R03", "R05", "R06", "R14", "R16", "R24", "R33", "R38")


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


def test_the_truth_plants_something_for_every_control_but_source_health(planted):
    planted_codes = {defect.code for defect in read_truth(planted.folder / "truth.csv")}
    assert set(CONTROLS) - {"R38"} <= planted_codes, "a control without a defect is not scored at all"
