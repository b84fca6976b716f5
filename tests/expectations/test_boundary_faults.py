"""Each fault is planted once in a small landed world, and must be found, named, valued and stored whole."""

import json

import duckdb
import pytest

from dagster_project.sources.contracts import load_contracts
from dagster_project.sql import scalar
from tests.expectations.world import default_row, found, land_defaults, results, world

CONTRACTS = load_contracts()
ORPHANS = 300


def row(obj, /, **values):
    return default_row(CONTRACTS["billing", obj], **values)


def plant(made, reverse=False):
    """Every fault of this module; `reverse` lands the same rows in another order and other batches."""
    orphans = [
        row("invoice_lines", line_id=f"L{n:03}", invoice_id=f"GONE{n}", subscription_id="EUR1", amount="10.01")
        for n in range(ORPHANS)
    ]
    faults = {
        "subscriptions": [row("subscriptions", subscription_id="EUR1", currency="EUR")],
        "invoice_lines": [
            *orphans,
            row("invoice_lines", line_id="TWICE"),
            row("invoice_lines", line_id="TWICE", amount="2.00"),
        ],
        "invoices": [
            row("invoices", invoice_id="CENTS", currency="JPY", total_amount="10.50"),
            row("invoices", invoice_id="NOISO", currency="ZZQ"),
            row("invoices", invoice_id="STATE", status="posted"),
            row("invoices", invoice_id="OLD", status="posted", updated_at="2026-01-01T00:00:00Z"),
            row("invoices", invoice_id="OLD"),
        ],
        "customers": [row("customers", customer_id="NAMELESS", name=None)],
        "subscription_items": [row("subscription_items", item_id="FREE", discount_percent="101")],
        "prices": [row("prices", price_id="BACK", effective_from="2026-02-01", effective_to="2026-01-01")],
        "prepaid_balances": [row("prepaid_balances", subscription_id="EUR1", period="2026-13", currency="EUR")],
    }
    for name, rows in faults.items():
        parts = [rows[::-1][n::3] for n in range(3)] if reverse else [rows]
        for n, part in enumerate(parts):
            made.land("billing", name, part, batch=f"{name}-{n}")
    made.land("billing", "invoice_lines", orphans, batch="again")
    made.land("billing", "payments", [row("payments", payment_id="SHORT")], batch="short", reported_rows=5)
    made.total("payments", "amount", "50.00", "1.00", "billing", "short")
    made.land("billing", "refunds", [row("refunds", refund_id="STALE")], batch="stale")
    made.con.execute("update landed.batches set extracted_at = '2026-10-10 21:59:00' where object = 'refunds'")
    made.land("billing", "disputes", [], batch="refused", state="refused")
    made.quarantine("billing", "payouts", "PO7")
    made.land("billing", "payments", [row("payments", payment_id="PO", payout_id="PO7")], batch="quarantined-parent")
    made.con.execute("delete from landed.generic__crm__opportunities")
    made.con.execute("delete from landed.batches where object = 'opportunities'")


@pytest.fixture(scope="module")
def judge(tmp_path_factory):
    def _judge(prepare, sources=None, links=None):
        home = tmp_path_factory.mktemp("home")
        made = world(home, sources or {"billing": "billing", "crm": "crm"}, links)
        land_defaults(made)
        prepare(made)
        made.suites = made.judge()
        return made

    return _judge


@pytest.fixture(scope="module")
def faulty(judge):
    return judge(plant)


def failed(made):
    return {(row["object"], row["expectation"]): row for row in results(made) if row["status"] == "failed"}


def stored(made, result):
    return duckdb.sql(f"select * from '{made.settings.home / result['run_failing_rows']}'").pl()


def test_every_planted_fault_is_found_and_nothing_else(faulty):
    assert set(failed(faulty)) == {
        ("invoice_lines", "reference_resolves_invoice_id"),
        ("invoice_lines", "copies_agree"),
        ("invoices", "decimals_fit_currency_total_amount"),
        ("invoices", "well_formed_currency"),
        ("invoices", "allowed_value_status"),
        ("customers", "required_present_name"),
        ("subscription_items", "in_range_discount_percent"),
        ("prices", "dates_in_order_effective_from_effective_to"),
        ("prepaid_balances", "well_formed_period"),
        ("payments", "row_count_as_reported"),
        ("payments", "control_totals_as_reported"),
        ("refunds", "fresh"),
        ("disputes", "batches_loaded"),
        ("payouts", "rows_accepted"),
        ("opportunities", "delivered"),
    }


def test_orphaned_invoice_lines_are_stored_whole_and_stated_in_money(faulty):
    result = failed(faulty)["invoice_lines", "reference_resolves_invoice_id"]
    assert (result["unexpected_rows"], result["amount_minor"], result["currency_code"]) == (ORPHANS, 300300, "EUR")
    rows = stored(faulty, result)
    assert rows.height == ORPHANS and rows["invoice_id"].n_unique() == ORPHANS
    for word in (f"{ORPHANS} of ", "invoice_id", "billing.invoices", "3,003.00 EUR", "BillingOps"):
        assert word in result["words"]
    assert result["owner_role"] == "BillingOps" and result["severity"] == "S1"


def test_a_row_delivered_twice_counts_once(faulty):
    """Otherwise the amount at stake would grow with every delivery."""
    result = failed(faulty)["invoice_lines", "reference_resolves_invoice_id"]
    landed = "select count(distinct (line_id, content_hash)) from landed.generic__billing__invoice_lines"
    assert result["evaluated_rows"] == scalar(faulty.con, landed)


def test_of_two_contents_of_one_key_the_one_that_does_not_count_is_named(faulty):
    rows = stored(faulty, failed(faulty)["invoice_lines", "copies_agree"])
    winner = scalar(
        faulty.con, "select min(content_hash) from landed.generic__billing__invoice_lines where line_id = 'TWICE'"
    )
    assert rows["line_id"].to_list() == ["TWICE"] and rows["content_hash"].to_list() != [winner]


def test_a_version_that_was_replaced_is_no_fault(faulty):
    rows = stored(faulty, failed(faulty)["invoices", "allowed_value_status"])
    assert rows["invoice_id"].to_list() == ["STATE"]


def test_the_parent_in_quarantine_is_the_fault_and_not_its_child(faulty):
    assert found(faulty, object="payments", expectation="reference_resolves_payout_id", status="passed")


def test_a_reference_into_a_refused_or_unconnected_system_is_not_testable_and_never_passed(faulty):
    (customer,) = found(faulty, object="invoices", expectation="reference_resolves_legal_entity_code")
    assert customer["status"] == "not_testable" and customer["success"] is None
    assert "erp.legal_entities" in customer["words"]


def test_every_failure_says_what_it_means_whose_it_is_and_what_next(faulty):
    for result in failed(faulty).values():
        assert f"{result['owner_role']}: " in result["words"] and len(result["words"].split(". ")) >= 3
        assert stored(faulty, result).height == result["unexpected_rows"]


def test_results_are_kept_as_json_with_what_great_expectations_said(faulty):
    path = faulty.settings.home / "runs" / "r1" / "expectations" / "boundary.billing.invoices" / "result.json"
    document = json.loads(path.read_text(encoding="utf-8"))
    said = {
        one["expectation_config"]["meta"]["name"]: one["success"] for one in document["great_expectations"]["results"]
    }
    assert said["allowed_value_status"] is False and said["keeps_contract"] is False
    assert said["key_present_invoice_id"] is True


def test_each_object_has_one_result_with_its_checks_for_the_orchestrator(faulty):
    by_key = {suite.asset_key: suite for suite in faulty.suites}
    checks = {check.name: check for check in by_key["billing", "invoice_lines"].checks}
    orphan = checks["reference_resolves_invoice_id"]
    assert not orphan.passed and not orphan.blocking and orphan.metadata["amount_minor"] == {"EUR": 300300}
    assert checks["columns_as_contracted"].blocking and checks["columns_as_contracted"].passed


def test_the_order_of_rows_and_deliveries_moves_no_result(judge, faulty):
    shuffled = judge(lambda made: plant(made, reverse=True))
    figures = ("object", "expectation", "status", "unexpected_rows", "amount_minor", "currency_code")

    def facts(made):
        per_batch = (
            "delivered",
            "batches_loaded",
            "rows_accepted",
            "row_count_as_reported",
            "no_breaking_drift",
            "fresh",
        )
        return sorted(
            (tuple(str(row[name]) for name in (*figures, "evaluated_rows", "words")))
            for row in results(made)
            if row["expectation"] not in per_batch
        )

    assert facts(shuffled) == facts(faulty)


def test_a_clean_world_passes_and_references_stay_within_linked_instances(judge):
    """Two engines with equal ids: an invoice of one must not be found in the other's books."""

    def prepare(made):
        made.land("billing", "invoices", [row("invoices", invoice_id="ONLY-US")], "us", batch="us")
        lines = [row("invoice_lines", line_id="X", invoice_id="ONLY-US")]
        made.land("billing", "invoice_lines", lines, "us", batch="us-lines")
        made.land("billing", "invoice_lines", lines, "eu", batch="eu-lines")

    made = judge(prepare, {"us": "billing", "eu": "billing"})
    bad = [row for row in results(made) if row["status"] == "failed"]
    assert [(row["source_instance"], row["expectation"]) for row in bad] == [("eu", "reference_resolves_invoice_id")]


def test_a_world_without_a_row_passes_where_nothing_is_required(judge, tmp_path):
    made = world(tmp_path, {"hub": "hub"})
    made.judge()
    statuses = {row["expectation"]: row["status"] for row in results(made)}
    assert statuses["copies_agree"] == "passed" and statuses["delivered"] == "failed"
    assert statuses["fresh"] == statuses["control_totals_as_reported"] == "not_testable"


def test_a_relation_of_another_shape_blocks_and_its_rows_are_not_judged(tmp_path):
    made = world(tmp_path, {"hub": "hub"})
    made.con.execute("alter table landed.generic__hub__messages alter sequence type varchar")
    (suite,) = made.judge()
    checks = {check.name: check for check in suite.checks}
    assert not checks["columns_as_contracted"].passed and checks["columns_as_contracted"].blocking
    assert checks["copies_agree"].metadata["status"] == "not_testable"
