"""The same customers, products and contracts under each authority model: the model alone says which side is wrong, and a
wrong answer sends people to correct the system that was right."""

from __future__ import annotations

from typing import Any

import duckdb
import pytest

from dagster_project.dbt.manifest import DBT_PROJECT, parsed
from dagster_project.dbt.runner import build
from dagster_project.warehouse import configuration
from expectations.policy.authority import MODELS, Overlay
from tests.dbt.dbt_in_process import rows
from tests.dbt.document_world import AS_OF, NEW_YEAR, DocumentWorld, settings_of

CONTROLS = ("r09_contract_to_subscription", "r36_customer_drift", "r37_catalogue_drift")
FOLLOWING = ("customer_value_version", "customer_drift", "hub_check", *CONTROLS)
BILLING_OWNS_QUANTITY = {
    "overrides": [
        {"domain": "contract", "field": "quantity", "owner": "billing", "effective_from": "2026-01-01", "approver": "CFO"},
        {"legal_entity": "DE", "domain": "account", "field": "tax_id", "owner": "billing", "effective_from": "2026-01-01",
         "approver": "CFO"},
    ],
    "changes": [{"model": "erp_led", "effective_from": "2026-02-15", "approver": "CFO"}],
}  # fmt: skip


def _account(world: DocumentWorld, key: str, written: str = NEW_YEAR, entity: str = "US", **erp: object) -> None:
    """One customer in CRM, billing and ERP; the ERP's row, written on its own day, differs by `erp`."""
    row = {"name": f"Customer {key}", "legal_entity_code": entity, "currency": "USD", "country": "US", "tax_id": "US 1",
           "payment_terms_days": 30, "updated_at": NEW_YEAR}  # fmt: skip
    world.add("crm", "crm", "accounts", row | {"account_id": key, "status": "active"})
    world.add(
        "main", "billing", "customers",
        row | {"customer_id": f"C-{key}", "crm_account_id": key, "created_at": NEW_YEAR, "tax_id": "us-1"},
    )  # fmt: skip
    world.add(
        "erp", "erp", "customers",
        row | {"erp_customer_id": f"E-{key}", "billing_customer_id": f"C-{key}", "updated_at": written} | erp,
    )  # fmt: skip


def _fill(world: DocumentWorld) -> None:
    _account(world, "tax", tax_id="US 2")
    _account(world, "tax_after", tax_id="US 2", written="2026-03-01 00:00")
    _account(world, "tax_de", tax_id="US 2", entity="DE", written="2026-03-01 00:00")
    _account(world, "country", country="CA")
    world.add("main", "billing", "skus", {
        "sku": "SEAT", "name": "Seat", "kind": "recurring", "unit": "seat", "updated_at": NEW_YEAR,
    })  # fmt: skip
    world.add("main", "billing", "prices", {
        "price_id": "P", "sku": "SEAT", "currency": "USD", "scheme": "per_unit", "unit_amount": 5,
        "effective_from": "2026-01-01", "updated_at": NEW_YEAR,
    })  # fmt: skip
    for item in ("I1", "I2"):
        world.add("erp", "erp", "items", {
            "item_code": item, "effective_from": "2026-01-01", "sku": "SEAT", "revenue_account": "4000",
            "updated_at": NEW_YEAR,
        })  # fmt: skip
    world.add("crm", "crm", "contracts", {
        "contract_id": "K", "version": 1, "account_id": "tax", "status": "signed", "currency": "USD",
        "start_date": "2026-01-01", "end_date": "2027-01-01", "signed_at": NEW_YEAR, "business_transaction_id": "T",
        "updated_at": NEW_YEAR,
    })  # fmt: skip
    world.add("main", "billing", "subscriptions", {
        "subscription_id": "S", "customer_id": "C-tax", "contract_id": "K", "status": "active", "currency": "USD",
        "billing_interval": "month", "start_date": "2026-01-01", "end_date": "2027-01-01", "updated_at": NEW_YEAR,
    })  # fmt: skip
    terms = {"sku": "SEAT", "price_id": "P", "discount_percent": 0, "included_quantity": 0, "minimum_amount": 0,
             "effective_from": "2026-01-01", "updated_at": NEW_YEAR}  # fmt: skip
    world.add("crm", "crm", "contract_lines", terms | {
        "contract_line_id": "L", "contract_id": "K", "version": 1, "quantity": 3,
    })  # fmt: skip
    world.add("main", "billing", "subscription_items", terms | {
        "item_id": "S-1", "subscription_id": "S", "contract_line_id": "L", "quantity": 2,
    })  # fmt: skip


@pytest.fixture(scope="module")
def judged(tmp_path_factory):
    """{name of the policy: {(code, match key): (status, cause, reason)}}; the world is landed once, only config changes."""
    work = tmp_path_factory.mktemp("authority")
    path = work / "tieout.duckdb"
    world = DocumentWorld(path, work / "home")
    _fill(world)
    world.close()
    policies: dict[str, dict[str, Any]] = {model: {"authority_model": model} for model in MODELS}
    policies["changed"] = {
        "authority_model": "billing_led", "authority": Overlay.model_validate(BILLING_OWNS_QUANTITY),
    }  # fmt: skip
    found: dict[str, dict] = {}
    for name, more in policies.items():
        with duckdb.connect(str(path)) as connection:
            configuration.write(connection, settings_of(work / "home", **more), AS_OF)
        wanted = tuple(f"+{control}" for control in CONTROLS) if not found else FOLLOWING
        outcome = build(parsed(DBT_PROJECT), path, work, work / "logs", select=wanted, exclude=("test_type:data",))
        assert outcome.success, [f"{one.name}: {one.message}" for one in outcome.failures] or outcome.error
        query = " union all ".join(
            f"select code, match_key, status, cause_code, reason from reconciliation.{control} where source_instance <> 'second'"
            for control in CONTROLS
        )
        found[name] = {(code, key): tuple(rest) for code, key, *rest in rows(path, query)}
    return found


@pytest.mark.parametrize(
    ("model", "owner", "wrong"),
    [
        ("crm_led", "the CRM", "the ERP (E-tax) holds US 2"),
        ("billing_led", "the CRM", "the ERP (E-tax) holds US 2"),
        ("erp_led", "the ERP", "the CRM (tax) holds US 1"),
        ("event_hub", "the CRM", "the ERP (E-tax) holds US 2"),
    ],
)
def test_the_model_says_which_tax_id_is_wrong(judged, model, owner, wrong):
    status, cause, reason = judged[model]["R36", "tax|tax_id"]
    assert (status, cause) == ("break", "rogue write")
    assert f"is owned by {owner} ({model}" in reason and wrong in reason and "S1" in reason


@pytest.mark.parametrize("model", MODELS)
def test_a_country_is_the_crm_s_under_every_model(judged, model):
    status, cause, reason = judged[model]["R36", "country|country"]
    assert (status, cause) == ("break", "rogue write")
    assert "the ERP (E-country) holds CA" in reason and "S1" not in reason
    assert judged[model]["R36", "country|tax_id"][:2] == ("in_tolerance", "semantic")


@pytest.mark.parametrize(
    ("model", "words"),
    [
        ("crm_led", "the CRM owns the mapping (crm_led), so the ERP is wrong"),
        ("billing_led", "billing owns the mapping (billing_led), so the ERP is wrong"),
        ("erp_led", "the ERP owns the mapping (erp_led), so billing is wrong"),
        ("event_hub", "the catalogue owns the mapping (event_hub, via hub), so the ERP is wrong"),
    ],
)
def test_the_model_says_who_mends_a_product_with_two_items(judged, model, words):
    status, cause, reason = judged[model]["R37", "SEAT"]
    assert (status, cause) == ("break", "twice mapped") and words in reason


@pytest.mark.parametrize("model", MODELS)
def test_a_signed_quantity_is_the_crm_s_unless_the_company_says_otherwise(judged, model):
    assert "the CRM owns quantity, so billing is wrong" in judged[model]["R09", "K"][2]
    assert "billing owns quantity, so the CRM is wrong" in judged["changed"]["R09", "K"][2]


def test_a_change_of_model_judges_what_was_written_before_it_by_the_old_one(judged):
    assert "is owned by the CRM (billing_led)" in judged["changed"]["R36", "tax|tax_id"][2]
    assert "is owned by the ERP (erp_led)" in judged["changed"]["R36", "tax_after|tax_id"][2]
    assert "is owned by billing (erp_led)" in judged["changed"]["R36", "tax_de|tax_id"][2]


def test_the_checks_of_the_hub_appear_with_its_model_alone_and_say_that_it_has_no_messages(judged):
    for model in MODELS:
        found = {key: status for (_, key), (status, _, _) in judged[model].items() if key.startswith("hub|")}
        assert set(found.values()) == ({"not_testable"} if model == "event_hub" else set())
        assert len(found) == (3 if model == "event_hub" else 0)
