"""Facts of the run, and what there is to choose from."""

from __future__ import annotations

from dashboards.snapshot import Row, Snapshot


def run_facts(db: Snapshot) -> Row:
    """Company, as-of time and settings of the run; empty when the snapshot does not say."""
    if not db.has("config.parameters", "marts.controls", "marts.reconciliation_summary"):
        return {}
    return db.row("select company, as_of, reporting_currency, authority_model from config.parameters")


def entities(db: Snapshot) -> dict[str, str]:
    """Code and name of every legal entity that has results or books."""
    if not db.has("canonical.legal_entity"):
        rows = db.rows(
            "select distinct legal_entity_code as code, legal_entity_code as name from marts.reconciliation_summary"
            " where legal_entity_code is not null order by code"
        )
    else:
        rows = db.rows(
            "select legal_entity_code as code, min(name) as name from canonical.legal_entity group by all order by code"
        )
    return {row["code"]: row["name"] or row["code"] for row in rows}


def periods(db: Snapshot) -> list[str]:
    """Periods with results, newest first."""
    rows = db.rows(
        "select distinct period from marts.reconciliation_summary where period is not null order by period desc"
    )
    return [row["period"] for row in rows]


def currencies(db: Snapshot) -> list[str]:
    """Currencies with results."""
    rows = db.rows(
        "select distinct currency_code from marts.reconciliation_summary where currency_code is not null order by 1"
    )
    return [row["currency_code"] for row in rows]


def customer_names(db: Snapshot, customers: list[str]) -> dict[str, str]:
    """Names of these billing customers; the id where the name is unknown."""
    if not customers or not db.has("canonical.billing_customer"):
        return {}
    rows = db.rows(
        "select customer_id, min(name) as name from canonical.billing_customer"
        " where customer_id in (select unnest(cast(? as varchar[]))) group by customer_id",
        (list(customers),),
    )
    return {row["customer_id"]: row["name"] for row in rows}


def service_months(db: Snapshot) -> list[str]:
    """Months in which a service was given, newest first."""
    rows = db.rows(
        "select distinct strftime(service_period_start, '%Y-%m') as month from marts.bridge_cells order by 1 desc"
    )
    return [row["month"] for row in rows]
