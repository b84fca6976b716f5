"""A suite that lags behind its contract lets through what the contract forbids."""

from dataclasses import replace
from decimal import Decimal

import pytest

from dagster_project.sources.contracts import Column, load_contracts
from expectations.policy import load_policy
from expectations.suites.boundary import check_names
from expectations.suites.delivery_checks import RULES
from expectations.suites.row_checks import row_suite

CONTRACTS = load_contracts()


def names(contract):
    return {check.name for check in row_suite(contract).checks}


@pytest.mark.parametrize("key", CONTRACTS, ids=".".join)
def test_every_promise_of_a_contract_is_checked(key):
    contract = CONTRACTS[key]
    promised = {f"key_present_{name}" for name in contract.key} | {"copies_agree"}
    for column in contract.columns:
        if column.required and column.name not in contract.key:
            promised.add(f"required_present_{column.name}")
        if column.allowed:
            promised.add(f"allowed_value_{column.name}")
        if column.references:
            promised.add(f"reference_resolves_{column.name}")
        if column.kind in ("money", "percent") or column.minimum is not None or column.maximum is not None:
            promised.add(f"in_range_{column.name}")
        if column.kind in ("currency", "period", "json"):
            promised.add(f"well_formed_{column.name}")
        if column.currency_column:
            promised.add(f"decimals_fit_currency_{column.name}")
    assert promised <= names(contract)


def test_names_are_unique_within_an_object_and_known_before_anything_runs():
    for contract in CONTRACTS.values():
        announced = check_names(contract)
        assert len(set(announced)) == len(announced)
        assert set(announced) == names(contract) | {rule.name for rule in RULES}


def test_a_changed_contract_changes_the_suite():
    contract = CONTRACTS["billing", "skus"]
    added = Column(name="weight", kind="quantity", required=True, minimum=Decimal(0))
    changed = replace(contract, columns=(*contract.columns, added))
    assert names(changed) - names(contract) == {"required_present_weight", "in_range_weight"}


def test_a_new_allowed_value_is_no_longer_a_fault():
    contract = CONTRACTS["billing", "skus"]
    columns = tuple(
        replace(column, allowed=(*column.allowed, "bundle")) if column.name == "kind" else column
        for column in contract.columns
    )
    before, after = row_suite(contract), row_suite(replace(contract, columns=columns))

    def allowed(suite):
        (check,) = [check for check in suite.checks if check.name == "allowed_value_kind"]
        return check.expectation.arguments["value_set"], "'bundle'" in check.failing_sql

    assert allowed(before) == (["recurring", "usage", "one_time"], False)
    assert allowed(after) == (["recurring", "usage", "one_time", "bundle"], True)


def test_every_object_has_an_owner_and_every_amount_is_a_money_column():
    policy = load_policy()
    for (domain, name), contract in CONTRACTS.items():
        assert policy.owner_of(domain, name)
        amount = policy.amount_of(domain, name)
        kinds = {column.name: column.kind for column in contract.columns}
        assert amount is None or {kinds[part] for part in amount.split(" - ")} == {"money"}
    assert set(policy.amounts) <= {".".join(key) for key in CONTRACTS}
    assert set(policy.owners.objects) <= {".".join(key) for key in CONTRACTS}
