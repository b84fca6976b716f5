"""The authority policy says which side of a difference is wrong: a rule that is ignored, or two owners of one field, would
send people to correct the right system."""

from datetime import date
from pathlib import Path

import pytest

from dagster_project import settings
from dagster_project.errors import ConfigurationError
from expectations.policy.authority import MODELS, Overlay, policy_rows
from expectations.policy.authority.rules import vocabulary
from tests.unit.test_settings import SMALLEST, write

OWN_TERMS = "{domain: account, field: payment_terms_days, owner: erp, effective_from: 2026-03-01, approver: CFO}"


def owner(rows, domain: str, field: str, on: date, entity: str | None = None) -> str:
    """The owner by the rule that wins: the lowest rank of those in force."""
    found = [
        row
        for row in rows
        if (row.domain, row.field) == (domain, field)
        and row.legal_entity_code in (None, entity)
        and row.valid_from <= on
        and (row.valid_to is None or on < row.valid_to)
    ]
    return min(found, key=lambda row: row.rank).owner_name


def authority(folder: Path, text: str) -> list:
    loaded = settings.load(write(folder, SMALLEST + text))
    return policy_rows(loaded.authority_model, loaded.authority)


@pytest.mark.parametrize(
    ("domain", "field", "owners"),
    [
        ("account", "name", ("crm", "crm", "crm", "crm")),
        ("account", "tax_id", ("crm", "crm", "erp", "crm")),
        ("hierarchy", "parent_account_id", ("crm", "crm", "crm", "crm")),
        ("catalogue", "item", ("crm", "billing", "erp", "catalogue")),
        ("price", "price", ("crm", "billing", "billing", "catalogue")),
        ("contract", "price", ("crm", "crm", "crm", "crm")),
        ("contract", "status", ("crm", "billing", "crm", "crm")),
        ("subscription", "status", ("crm", "billing", "billing", "billing")),
        ("entitlement", "limit_quantity", ("crm", "billing", "billing", "hub")),
        ("raw_usage", "quantity", ("product",) * 4),
        ("invoice_state", "status", ("billing", "billing", "erp", "billing")),
        ("revenue", "amount", ("erp",) * 4),
        ("payment", "amount", ("psp", "billing", "erp", "psp")),
        ("application", "amount", ("erp",) * 4),
    ],
)
def test_the_four_models_name_the_owners_of_the_methodology(domain, field, owners):
    on = date(2026, 1, 1)
    found = {model: owner(policy_rows(model, Overlay()), domain, field, on) for model in MODELS}
    assert found == dict(zip(("crm_led", "billing_led", "erp_led", "event_hub"), owners, strict=True))


@pytest.mark.parametrize("model", MODELS)
def test_every_field_has_exactly_one_owner_at_every_rank_on_any_day(model):
    overlay = Overlay.model_validate(
        {
            "changes": [{"model": "erp_led", "effective_from": "2026-06-01", "approver": "CFO"}],
            "overrides": [
                {"domain": "account", "field": "tax_id", "owner": "billing", "effective_from": day, "approver": "CFO"}
                for day in ("2026-03-01", "2026-07-01")
            ],
        }
    )
    rows = policy_rows(model, overlay)
    for on in (date(2026, 2, 28), date(2026, 3, 1), date(2026, 5, 31), date(2026, 6, 1), date(2026, 7, 1)):
        held = [row for row in rows if row.valid_from <= on and (row.valid_to is None or on < row.valid_to)]
        owners: dict[tuple, set] = {}
        for row in held:
            owners.setdefault((row.domain, row.field, row.legal_entity_code, row.rank), set()).add(row.owner_system)
        assert all(len(found) == 1 for found in owners.values())
        for domain, known in vocabulary().domains.items():
            assert all((domain, field, None, 4) in owners for field in known.fields)


def test_an_override_holds_from_its_date_and_leaves_the_past_alone(tmp_path):
    rows = authority(tmp_path, f"authority:\n  overrides:\n    - {OWN_TERMS}\n")
    assert owner(rows, "account", "payment_terms_days", date(2026, 2, 28)) == "crm"
    assert owner(rows, "account", "payment_terms_days", date(2026, 3, 1)) == "erp"
    assert owner(rows, "account", "name", date(2026, 3, 1)) == "crm"


def test_the_most_specific_rule_wins_whatever_its_place_in_the_file(tmp_path):
    rows = authority(
        tmp_path,
        "authority:\n  overrides:\n"
        "    - {legal_entity: DE, domain: account, field: tax_id, owner: billing, effective_from: 2026-01-01, approver: CFO}\n"
        "    - {domain: account, field: tax_id, owner: erp, effective_from: 2026-01-01, approver: CFO}\n"
        "    - {domain: account, owner: billing, effective_from: 2026-01-01, approver: CFO}\n",
    )
    on = date(2026, 5, 1)
    assert owner(rows, "account", "tax_id", on, "DE") == "billing"
    assert owner(rows, "account", "tax_id", on, "US") == "erp"
    assert owner(rows, "account", "name", on, "US") == "billing"


def test_a_change_of_model_is_dated_and_never_rewrites_history(tmp_path):
    rows = authority(
        tmp_path, "authority:\n  changes:\n    - {model: erp_led, effective_from: 2026-07-01, approver: CFO}\n"
    )
    assert owner(rows, "account", "tax_id", date(2026, 6, 30)) == "crm"
    assert owner(rows, "account", "tax_id", date(2026, 7, 1)) == "erp"


def test_a_follower_without_a_lag_of_its_own_has_that_of_its_domain_or_model(tmp_path):
    rows = authority(tmp_path, "")
    lags = {
        (row.domain, row.follower_system): row.allowed_lag_minutes
        for row in rows
        if row.rank == 3 and row.field in ("name", "existence", "effective_date")
    }
    assert lags[("account", "billing")] == 60
    assert lags[("account", "erp")] == 240
    assert lags[("contract", "billing")] == 1440
    assert lags[("amendment", "erp")] is None  # until soft close


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("authority_model: crm\n", 6, ("authority_model", "crm", "billing_led")),
        ("authority: {overides: []}\n", 6, ("overides", "overrides")),
        (f"authority:\n  overrides:\n    - {OWN_TERMS.replace('account', 'acount')}\n", 8, ("domain", "'acount'", "account")),
        (f"authority:\n  overrides:\n    - {OWN_TERMS.replace('terms_days', 'days')}\n", 8, ("field", "payment_days", "tax_id")),
        (f"authority:\n  overrides:\n    - {OWN_TERMS.replace('owner: erp', 'owner: sap')}\n", 8, ("owner", "'sap'", "erp")),
        (f"authority:\n  overrides:\n    - {OWN_TERMS.replace('2026-03-01', 'soon')}\n", 8, ("effective_from", "soon")),
        (f"authority:\n  overrides:\n    - {OWN_TERMS.replace(', approver: CFO', '')}\n", 8, ("approver", "missing")),
        (f"authority:\n  overrides:\n    - {OWN_TERMS.replace('erp,', 'erp, allowed_lag: soon,')}\n", 8, ("allowed_lag", "soon", "24 h")),
        (f"authority:\n  overrides:\n    - {OWN_TERMS}\n    - {OWN_TERMS.replace('erp', 'crm')}\n", 9, ("'crm'", "one owner")),
        (f"authority:\n  overrides:\n    - {OWN_TERMS.replace('erp,', 'erp, followers: [crm, erp],')}\n", 8, ("circle", "erp")),
        (
            "authority:\n  overrides:\n    - domain: account\n      owner: crm\n      effective_from: 2026-01-01\n      approver: CFO\n"
            "      followers:\n        billing: {from: erp}\n        erp: {from: billing}\n",
            12,
            ("circle", "billing <- erp <- billing"),
        ),
        (f"authority:\n  overrides:\n    - {OWN_TERMS.replace('{', '{legal_entity: DE, ').replace('field: payment_terms_days, ', '')}\n",
         8, ("legal_entity", "'DE'", "field")),
        (
            "authority:\n  changes:\n    - {model: erp_led, effective_from: 2026-07-01, approver: CFO}\n"
            "    - {model: crm_led, effective_from: 2026-07-01, approver: CFO}\n",
            9,
            ("effective_from", "one model per date"),
        ),
    ],
)  # fmt: skip
def test_a_fault_of_the_policy_names_its_line_value_and_expectation(tmp_path, text, line, words):
    file = write(tmp_path, SMALLEST + text)
    with pytest.raises(ConfigurationError) as caught:
        settings.load(file)
    message = str(caught.value)
    assert message.startswith(f"{file}:{line}:"), message
    for word in words:
        assert word in message
