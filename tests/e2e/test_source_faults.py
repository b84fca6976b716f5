"""Source faults alone: a truncated, stale or retyped delivery is R38's, and nothing that depends on it is called matched
or reported as missing."""

from __future__ import annotations

import csv
from functools import partial
from pathlib import Path

import duckdb
import pytest

import sample_data

pytestmark = pytest.mark.slow

DEPENDANTS = {"truncated_erp": {"R33"}, "stale_extract": {"R24"}, "retyped_column": {"R24", "R33"}}


def faulty(variant: str, folder: Path) -> None:
    sample_data.generate(folder, size="ci", seed=1, events=6000, customers=60, clean=True, variant=variant)


IN_EVERY_RUN = "truncated_erp"


@pytest.mark.parametrize(
    "variant", [IN_EVERY_RUN, *(pytest.param(one, marks=pytest.mark.soak) for one in DEPENDANTS if one != IN_EVERY_RUN)]
)
def test_a_source_fault_is_one_break_and_its_dependants_are_not_testable(worlds, variant):
    closed = worlds(variant, partial(faulty, variant))
    assert closed.run.code == 1, closed.run.text
    with (closed.folder / "truth.csv").open(encoding="utf-8") as file:
        expected = {(row["code"], row["match_key"], row["cause"]) for row in csv.DictReader(file)}
    with duckdb.connect(str(closed.published), read_only=True) as con:
        found = con.execute("select code, match_key, cause_code from marts.exceptions").fetchall()
        statuses = con.execute("select distinct code, status from marts.reconciliation_results").fetchall()
    assert set(found) == expected
    for code in DEPENDANTS[variant]:
        assert {status for one, status in statuses if one == code} == {"not_testable"}
