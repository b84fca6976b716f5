"""A conclusion that contradicts itself must never be published."""

import pytest

from expectations.suites.outcome import run_outcome, suites
from tests.expectations.world import World, default_row, found, results, world

RESULT = {
    "code": "R14", "source_instance": "billing", "match_key": "I1", "legal_entity_code": "US", "customer_id": "C1",
    "currency_code": "USD", "period": "2026-09", "left_value": 100, "right_value": 90, "delta_minor": 10,
    "delta_quantity": None, "status": "break", "cause_code": "C14", "failure_class": None, "reason": "differs by 0.10",
}  # fmt: skip
CELL = "'US' as legal_entity_code, 'C1' as customer_id, 'S1' as subscription_id, 'K' as sku, "
CELL += "date '2026-09-01' as service_period_start, 'USD' as currency_code"


def marts(made: World, rows, exceptions=None, summary_extra=0):
    """The public marts over these results; exceptions are the breaks unless given."""
    con = made.con
    con.execute("create schema if not exists marts")
    con.execute(
        "create or replace table marts.controls as select 'R14' as code, 'billing.invoices, erp.ar_documents' as objects "
        "union all select 'R38', 'billing.invoices'"
    )
    con.execute(
        "create or replace table marts.reconciliation_results (code varchar, source_instance varchar, match_key varchar, "
        "legal_entity_code varchar, customer_id varchar, currency_code varchar, period varchar, left_value decimal(38, 9), "
        "right_value decimal(38, 9), delta_minor bigint, delta_quantity decimal(38, 9), status varchar, cause_code varchar, "
        "failure_class varchar, reason varchar)"
    )
    for row in rows:
        marks = ", ".join("?" * len(RESULT))
        con.execute(f"insert into marts.reconciliation_results values ({marks})", list((RESULT | row).values()))
    con.execute(
        "create or replace table marts.exceptions as select *, 'S1' as severity, 'AR' as owner_role, 'new' as state "
        "from marts.reconciliation_results where status = 'break'"
    )
    if exceptions:
        con.execute(exceptions)
    counts = ", ".join(
        f"count(*) filter (where status = '{status}') as {name}"
        for status, name in (
            ("matched", "matched"), ("in_tolerance", "in_tolerance"), ("timing", "timing"), ("break", "breaks"),
            ("not_testable", "not_testable"),
        )
    )  # fmt: skip
    sums = ", ".join(
        f"cast(coalesce(sum({expression}) filter (where status = '{status}'), 0) + {extra} as decimal(38, 0)) as {name}"
        for name, expression, status, extra in (
            ("break_net_minor", "delta_minor", "break", summary_extra),
            ("break_absolute_minor", "abs(delta_minor)", "break", 0),
            ("tolerance_net_minor", "delta_minor", "in_tolerance", 0),
            ("tolerance_absolute_minor", "abs(delta_minor)", "in_tolerance", 0),
        )
    )
    con.execute(
        "create or replace table marts.reconciliation_summary as select code, source_instance, legal_entity_code, "
        f"currency_code, period, count(*) as compared, {counts}, {sums} from marts.reconciliation_results group by all"
    )
    con.execute(
        "create or replace table marts.completeness as select 'billing' as source_instance, 'billing' as domain, "
        "'invoices' as object, true as is_complete"
    )


def bridge(made: World, allocated=10):
    """One cell of 100 expected and 90 settled, explained by `allocated`."""
    made.con.execute(
        f"create or replace table marts.bridge_cells as select {CELL}, 100 as expected_minor, 100 as metered_minor, "
        "90 as billed_minor, 90 as posted_minor, 90 as settled_minor"
    )
    made.con.execute(
        f"create or replace table marts.bridge_allocation as select {CELL}, leg, 'X99' as cause_code, "
        f"case leg when 'B' then {allocated} else 0 end as amount_minor from (values ('A'), ('B'), ('C'), ('D')) as t(leg)"
    )


def staged(made: World, rows: int):
    """Landed invoices, of which staging holds `rows`."""
    from dagster_project.sources.contracts import load_contracts

    contract = load_contracts()["billing", "invoices"]
    made.land("billing", "invoices", [default_row(contract, invoice_id=f"I{n}") for n in range(3)])
    made.land("billing", "invoices", [default_row(contract, invoice_id="I0")], batch="again")
    made.con.execute("create schema if not exists staging")
    made.con.execute(
        "create or replace table staging.stg_generic__billing__invoices as select *, true as is_current "
        f"from landed.generic__billing__invoices where batch_id = 'b1' order by invoice_id limit {rows}"
    )
    made.con.execute("create schema if not exists canonical")
    null_total = "null" if rows < 3 else "1"
    made.con.execute(f"create or replace table canonical.invoice as select {null_total}::bigint as total_amount_minor")


def judge(home, fill):
    made = world(home)
    fill(made)
    made.suites = run_outcome(made.con, made.settings, home / "runs" / "r1" / "expectations")
    return made


def failures(made):
    return {row["expectation"]: row for row in results(made, "outcome_results") if row["status"] == "failed"}


def matched(key, **values):
    return {"match_key": key, "status": "matched", "delta_minor": 0, "cause_code": None, "reason": None} | values


def test_conclusions_that_agree_pass_every_check(tmp_path):
    def fill(made):
        marts(made, [{}, matched("I2"), matched("I3", status="not_testable", reason="no entity")])
        bridge(made)
        staged(made, 3)

    made = judge(tmp_path, fill)
    assert {row["status"] for row in results(made, "outcome_results")} == {"passed"}
    assert {suite.asset_key[1] for suite in made.suites} >= {"reconciliation_results", "exceptions", "bridge_cells"}
    assert all(suite.passed for suite in made.suites)


@pytest.fixture(scope="module")
def contradictory(tmp_path_factory):
    def fill(made):
        health = {"code": "R38", "match_key": "erp|ar_documents", "source_instance": "erp", "delta_minor": None}
        rows = [
            {"match_key": "silent", "reason": " ", "delta_minor": 500},
            {"match_key": "causeless", "cause_code": None},
            {"match_key": "twice"}, {"match_key": "twice", "delta_minor": 30},
            matched("hidden", delta_minor=7),
            {"match_key": "unknown money", "currency_code": "ZZQ"},
            {"match_key": "odd", "status": "maybe"},
            health,
        ]  # fmt: skip
        broken = "update marts.exceptions set owner_role = 'Nobody' where match_key = 'silent'; "
        broken += "delete from marts.exceptions where match_key = 'causeless'"
        marts(made, rows, exceptions=broken, summary_extra=1)
        bridge(made, allocated=9)
        staged(made, 2)
        made.con.execute("update marts.completeness set is_complete = false")

    return judge(tmp_path_factory.mktemp("home"), fill)


@pytest.mark.parametrize(
    ("check", "rows", "amount"),
    [
        ("result_is_complete", 1, 10),
        ("break_has_cause_and_reason", 2, 510),
        ("match_key_is_exclusive", 2, 40),
        ("matched_has_no_difference", 1, 7),
        ("no_break_on_inadmissible_data", 5, None),
        ("money_has_a_currency", 1, None),
        ("every_break_has_an_owner", 1, 500),
        ("exceptions_are_the_breaks", None, None),
        ("summary_equals_results", None, None),
        ("staging_is_complete", 1, None),
        ("canonical_is_complete", 1, None),
        ("no_money_is_null", 1, None),
        ("allocations_sum_to_leg", 1, 1),
        ("legs_sum_to_variance", 1, 1),
    ],
)
def test_a_contradiction_is_found_and_blocks(contradictory, check, rows, amount):
    found_rows = [
        row for row in found(contradictory, "outcome_results", expectation=check) if row["status"] == "failed"
    ]
    assert found_rows, f"{check} saw nothing"
    assert all(row["is_blocking"] and row["owner_role"] in row["words"] for row in found_rows)
    if rows is not None:
        assert sum(row["unexpected_rows"] for row in found_rows) == rows
    if amount is not None:
        assert sum(row["amount_minor"] for row in found_rows) == amount


def test_a_version_whose_currency_nobody_states_does_not_block_the_close(tmp_path):
    """The item of a subscription that was not delivered has no currency yet. The record is told as not convertible, its
    history keeps null: blocked by that, no figure of the whole company would be published."""

    def fill(made):
        marts(made, [{}])
        bridge(made)
        staged(made, 3)
        made.con.execute(
            "create table canonical.subscription_item_version as select null::bigint as minimum_amount_minor"
        )

    assert failures(judge(tmp_path, fill)) == {}


def test_marts_that_are_not_built_are_not_testable_and_never_passed(tmp_path):
    made = judge(tmp_path, lambda _: None)
    assert {row["status"] for row in results(made, "outcome_results")} == {"not_testable"}
    assert {suite.name for suite in made.suites} == {suite.name for suite in suites()}
