"""A control with other columns than the rest is named itself."""

from __future__ import annotations

import duckdb

from dagster_project.dbt import manifest
from dagster_project.defs.control_shape import misshapen

SHAPE = (
    "code, source_instance, match_key, legal_entity_code, customer_id, currency_code, period, left_value, right_value,"
    " delta_minor, delta_quantity, status, cause_code, failure_class, reason, left_ref, right_ref, due_at"
)


def test_a_control_that_lacks_columns_is_named_with_them():
    """Blamed is else `inadmissible_scope`, which only reads it: `Binder Error: Referenced column ... not found`."""
    contents = manifest.parsed().as_dict()
    with duckdb.connect() as con:
        con.execute("create schema reconciliation")
        for control, columns in {
            "r14_invoice_to_receivable": SHAPE.replace("source_instance, ", "").replace(", due_at", ", due"),
            "r15_tax_to_tax": SHAPE,
            "invoice_part": "invoice_id",
        }.items():
            selected = ", ".join(f"1 as {name.strip()}" for name in columns.split(","))
            con.execute(f"create table reconciliation.{control} as select {selected}")
        (words,) = misshapen(con, contents)
    assert words.startswith("control r14_invoice_to_receivable (models/reconciliation/r14_invoice_to_receivable.sql)")
    assert "lacks source_instance, due_at; expected the columns of reconciliation_results" in words
