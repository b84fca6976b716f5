"""The contracts hold together: what refers to something refers to something that exists."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from dagster_project.archive.parsing.currencies import exponents
from dagster_project.close import first_seen
from dagster_project.errors import ConfigurationError
from dagster_project.sources.contracts import CONTRACTS_PATH, load_contracts
from tests.ingestion.company import Company, company


def test_every_reference_names_a_column_of_the_same_type():
    contracts = load_contracts()
    for contract in contracts.values():
        for column in contract.columns:
            for reference in column.references:
                domain, name, target = reference.split(".")
                assert contracts[domain, name].column(target).sql_type == column.sql_type, reference


def test_upsert_rows_have_a_version_and_keys_are_never_null():
    for contract in load_contracts().values():
        names = {column.name for column in contract.columns}
        assert contract.mode != "upsert" or "updated_at" in names, contract.name
        assert all(contract.column(name).required for name in contract.key), contract.name


def test_a_money_column_of_an_object_with_a_currency_is_bound_to_it_or_said_not_to_be():
    """Base amounts are in the entity's currency, which the row does not name; all others must not exceed its decimals."""
    unbound = {
        f"{contract.domain}.{contract.name}.{column.name}"
        for contract in load_contracts().values()
        for column in contract.columns
        if column.kind == "money"
        and column.currency_column is None
        and "currency" in {c.name for c in contract.columns}
    }
    assert unbound == {"erp.journal_lines.base_debit", "erp.journal_lines.base_credit"}


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ("required: true, primaryKey", "requird: true, primaryKey", "requird"),
        (
            "physicalType: VARCHAR, required: true, primaryKey",
            "physicalType: TEXT, required: true, primaryKey",
            "is stored as VARCHAR",
        ),
        ("schema:", "schema: [", "not valid YAML"),
    ],
)
def test_a_contract_that_breaks_the_standard_names_file_and_key(tmp_path: Path, old, new, fault):
    text = (CONTRACTS_PATH / "hub.yml").read_text(encoding="utf-8")
    assert old in text
    (tmp_path / "hub.yml").write_text(text.replace(old, new), encoding="utf-8")
    with pytest.raises(ConfigurationError, match=fault) as raised:
        load_contracts(tmp_path)
    assert "hub.yml" in str(raised.value)


def test_decimals_of_currencies_are_those_of_the_standard():
    assert {code: exponents()[code] for code in ("USD", "JPY", "BHD", "CLF", "UYW", "KRW", "EUR")} == {
        "USD": 2, "JPY": 0, "BHD": 3, "CLF": 4, "UYW": 4, "KRW": 0, "EUR": 2,
    }  # fmt: skip


def test_a_break_keeps_the_time_at_which_it_was_first_seen(borealis: Company):
    seen = first_seen.FirstSeen("R14", "billing", "inv-1", datetime(2026, 9, 1, tzinfo=UTC))
    first_seen.record(borealis.settings, [seen])
    first_seen.record(borealis.settings, [seen._replace(first_seen_at=datetime(2026, 10, 1, tzinfo=UTC))])
    first_seen.record(borealis.settings, [])
    assert borealis.query("select first_seen_at from config.first_seen") == [{"first_seen_at": datetime(2026, 9, 1)}]


def test_references_resolve_in_linked_instances_and_without_links_in_all(tmp_path: Path):
    one = company(tmp_path, "billing", "acquired:billing", "erp_eu:erp", "erp_us:erp", "crm")
    linked = [
        source.model_copy(update={"links": ("erp_us",)}) if source.name == "billing" else source
        for source in one.settings.sources
    ]
    one.settings = one.settings.model_copy(update={"sources": tuple(linked)})
    rows = one.query(
        "select source_instance, linked_instance from config.instance_links where domain in ('erp', 'billing')"
    )
    links = {(row["source_instance"], row["linked_instance"]) for row in rows}
    assert {target for source, target in links if source == "billing"} == {"billing", "erp_us"}
    assert {target for source, target in links if source == "acquired"} == {"acquired", "erp_eu", "erp_us"}
    assert {target for source, target in links if source == "erp_us"} == {"erp_us", "billing"}, "links are symmetric"
    assert {target for source, target in links if source == "crm"} == {"billing", "acquired", "erp_eu", "erp_us"}
