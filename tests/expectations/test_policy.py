"""A failure that is routed to nobody, or to a role that does not exist, stays open."""

import pytest

from dagster_project.errors import ConfigurationError
from expectations.policy.data_quality import POLICY_PATH, load_policy
from expectations.suites.delivery_checks import RULES
from expectations.suites.outcome_checks import SQL_PATH, TABLES


def test_an_unknown_role_is_refused_with_its_place(tmp_path):
    text = POLICY_PATH.read_text(encoding="utf-8")
    wrong = tmp_path / "data_quality.yml"
    wrong.write_text(text.replace("billing.payments: AR", "billing.payments: Cashier"), encoding="utf-8")
    with pytest.raises(ConfigurationError, match=r"owners\.objects\.billing\.payments = 'Cashier'.*RevOps"):
        load_policy(wrong)


def test_an_unknown_key_is_refused(tmp_path):
    wrong = tmp_path / "data_quality.yml"
    wrong.write_text(POLICY_PATH.read_text(encoding="utf-8") + "\nextra: 1\n", encoding="utf-8")
    with pytest.raises(ConfigurationError, match="extra = 1"):
        load_policy(wrong)


def test_every_rule_is_used_and_every_check_has_one():
    policy = load_policy()
    rows = {
        "key_present", "copies_agree", "required_present", "allowed_value", "in_range", "well_formed",
        "decimals_fit_currency", "dates_in_order", "reference_resolves",
    }  # fmt: skip
    outcome = {rule.name for rules in TABLES.values() for rule in rules}
    assert set(policy.boundary) == rows | {rule.name for rule in RULES}
    assert set(policy.outcome) == outcome == {file.stem for file in SQL_PATH.glob("*.sql")}


def test_a_fault_of_a_source_never_stops_the_whole_close():
    blocking = {name for name, rule in load_policy().boundary.items() if rule.is_blocking}
    assert blocking == {"columns_as_contracted"}
