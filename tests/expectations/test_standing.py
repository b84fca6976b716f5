"""What was found on rows stands while nothing that it rests on has changed, and not a moment longer."""

from __future__ import annotations

import shutil
from datetime import timedelta

import pytest

from dagster_project.sources.contracts import load_contracts
from dagster_project.warehouse import configuration
from expectations.suites import boundary
from expectations.suites.gx import Evaluator, Verdict
from expectations.suites.money import find_currencies
from expectations.suites.references import find_dangling, find_targets
from expectations.suites.relations import find_surplus, landed, rows_sql
from expectations.suites.row_checks import relation_sql, row_suite
from tests.expectations.test_boundary_faults import plant, row
from tests.expectations.world import AS_OF, found, land_defaults, results, world


@pytest.fixture
def made(tmp_path):
    """A world of one row per object, judged in run r1."""
    made = world(tmp_path, {"billing": "billing", "crm": "crm"})
    land_defaults(made)
    made.judge()
    return made


def _judged_in(made, run_id: str) -> set[str]:
    return {one["suite"].removeprefix("boundary.") for one in results(made) if one["run_id"] == run_id}


def test_rows_are_judged_again_where_something_that_they_rest_on_changed_and_nowhere_else(made):
    """Every morning's run would judge all rows. And were age not judged, data of last week would pass as fresh; were
    children left as they were, a parent that comes late would not mend them."""
    configuration.write(made.con, made.settings, AS_OF + timedelta(days=30))
    made.judge("later")
    assert _judged_in(made, "later") == {"deliveries"}
    ages = found(made, expectation="fresh")
    assert {one["status"] for one in ages} == {"failed"}
    assert len(results(made)) > len(ages) > 0

    made.land("billing", "skus", [row("skus", sku="NEW")], batch="new")
    made.judge("new row")
    assert {"billing.skus", "billing.invoice_lines"} <= _judged_in(made, "new row")
    assert _judged_in(made, "r1").isdisjoint({"billing.skus", "billing.invoice_lines"})
    assert "billing.customers" in _judged_in(made, "r1")

    boundary.forget(made.con)
    made.judge("all")
    assert {one["run_id"] for one in results(made)} == {"all"}


def test_a_failure_stands_with_its_rows_until_they_are_gone(made):
    """A control that says `failed` without the rows that fail proves nothing."""
    plant(made)
    made.judge("r2")
    failed = [one for one in results(made) if one["status"] == "failed" and one["suite"] != "boundary.deliveries"]
    made.judge("r3")
    assert [one for one in results(made) if one in failed] == failed
    home = made.settings.home
    assert failed and all((home / one["run_failing_rows"]).is_file() for one in failed)
    shutil.rmtree(home / "runs" / "r2")
    made.judge("r4")
    again = [one for one in results(made) if one["status"] == "failed" and one["suite"] != "boundary.deliveries"]
    assert [one["words"] for one in again] == [one["words"] for one in failed]
    assert all((home / one["run_failing_rows"]).is_file() for one in again)


def test_a_control_that_broke_is_tried_again(made, monkeypatch):
    """A fault of a moment would be told for good."""
    whole = Evaluator.evaluate

    def breaks(self, suite):
        names = [one.name for one in suite.expectations]
        return Verdict(faults={names[0]: "out of memory"}) if suite.name.endswith("skus") else whole(self, suite)

    monkeypatch.setattr(Evaluator, "evaluate", breaks)
    boundary.forget(made.con)
    made.judge("r2")
    broken = found(made, suite="boundary.billing.skus", status="failed")
    assert broken and "could not be evaluated" in broken[0]["words"]
    monkeypatch.undo()
    made.judge("r3")
    assert _judged_in(made, "r3") == {"deliveries", "billing.skus"}
    assert not found(made, suite="boundary.billing.skus", status="failed")


def test_of_no_rows_great_expectations_would_say_the_same(tmp_path):
    """It is not asked where there is no row; a suite that fails on nothing would then be passed."""
    made = world(tmp_path)
    made.judge()
    con = made.con
    find_currencies(con)
    contracts = list(load_contracts().values())
    find_targets(con, contracts)
    evaluator = Evaluator(con)
    for contract in contracts:
        suite = row_suite(contract)
        find_dangling(con, contract, f"from {landed(contract)}")
        rows = rows_sql(con, contract, find_surplus(con, contract))
        con.execute(f"create or replace temp view {suite.relation} as {relation_sql(contract, rows)}")
        said = evaluator.evaluate(suite)
        assert (said.success, said.faults) == (Verdict.of_no_rows(suite).success, {}), suite.name
    evaluator.close()
