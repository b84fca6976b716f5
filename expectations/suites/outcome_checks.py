"""The checks over the public marts: what must hold of every conclusion, whatever the data were.

A failure here is a fault of a model, not of a source: it blocks publishing, because the figures could be wrong.
Each is one query in `outcome_sql/`, written from the contract of the public tables, not from the models that fill them.
`{batch}` in it is the suite's mart, always as `(select * from {batch})`: GX adds an alias of its own, or none.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from dagster_project.settings import PROJECT_ROOT
from expectations.policy import load_policy
from expectations.suites.model import Check, Expectation, Suite

SQL_PATH = Path(__file__).with_name("outcome_sql")
MARTS_PATH = PROJECT_ROOT / "dbt_project" / "models" / "marts"


@dataclass(frozen=True)
class TableRule:
    """A check on a mart: its query's name, what it looks at, and where its failing rows keep instance and money."""

    name: str
    evaluated: str = "count(*)"
    evaluated_relation: str = "{batch}"
    has_instance: bool = True
    amount_minor: str | None = "f.delta_minor"


TABLES = {
    "reconciliation_results": (
        TableRule("result_is_complete"),
        TableRule("break_has_cause_and_reason", "count(*) filter (where status = 'break')"),
        TableRule("match_key_is_exclusive"),
        TableRule("matched_has_no_difference", "count(*) filter (where status = 'matched')"),
        TableRule("no_break_on_inadmissible_data", "count(*) filter (where status = 'break')"),
        TableRule("money_has_a_currency", "count(*) filter (where coalesce(delta_minor, 0) <> 0)"),
    ),
    "exceptions": (TableRule("every_break_has_an_owner"), TableRule("exceptions_are_the_breaks")),
    "reconciliation_summary": (TableRule("summary_equals_results"),),
    "completeness": (
        TableRule("staging_is_complete", evaluated_relation="outcome_staging", amount_minor=None),
        TableRule("canonical_is_complete", amount_minor=None),
        TableRule("no_money_is_null", "sum(rows)", "outcome_null_money", has_instance=False, amount_minor=None),
    ),
    "bridge_cells": (
        TableRule("cell_is_complete", has_instance=False, amount_minor="f.expected_minor - f.settled_minor"),
        TableRule("allocations_sum_to_leg", "4 * count(*)", has_instance=False),
        TableRule("legs_sum_to_variance", has_instance=False),
    ),
}


def suites() -> tuple[Suite, ...]:
    """The suites of the marts that this release builds: a suite waits for its mart's model."""
    return tuple(suite for suite in all_suites() if any(MARTS_PATH.rglob(f"{suite.asset_key[1]}.sql")))


def all_suites() -> tuple[Suite, ...]:
    """The suite of every public mart that has one, whether this release builds the mart or not."""
    return tuple(
        Suite(f"outcome.{table}", f"marts.{table}", tuple(_check(table, rule) for rule in rules))
        for table, rules in TABLES.items()
    )


def _check(table: str, rule: TableRule) -> Check:
    routing = load_policy().outcome[rule.name]
    failing = (SQL_PATH / f"{rule.name}.sql").read_text(encoding="utf-8").strip()
    has_money = rule.amount_minor is not None
    return Check(
        name=rule.name,
        rule=rule.name,
        expectation=Expectation(rule.name, "no_rows", {"unexpected_rows_query": failing}),
        failing_sql=failing,
        asset_key=("marts", table),
        routing=routing,
        owner_role=str(routing.owner_role),
        instance="f.source_instance" if rule.has_instance else "cast(null as varchar)",
        amount_minor=rule.amount_minor or "cast(null as decimal(38, 0))",
        currency_code="f.currency_code" if has_money else "cast(null as varchar)",
        evaluated_sql=f"select cast(null as varchar), {rule.evaluated} from {rule.evaluated_relation}",
    )
