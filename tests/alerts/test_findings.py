"""What is told is what the published snapshot says: the right entity, the right money, whose it is, and nothing twice."""

from __future__ import annotations

from pathlib import Path

import pytest

from dagster_project import settings as configuration
from dagster_project.alerts.findings import read
from dagster_project.alerts.telling import context
from dagster_project.errors import InputError
from tests.dashboards import snapshots

LATER = "update config.parameters set as_of = '2026-10-12 05:00:00';"


def found(folder: Path, extra: str = ""):
    """The findings of the small snapshot with changes, by key."""
    read_ = read(configuration.load(snapshots.write(folder, extra=extra)))
    assert len({one.key for one in read_.findings}) == len(read_.findings)
    return {one.key: one for one in read_.findings}


def test_a_closed_gate_names_entity_period_money_cause_owner_and_the_page(tmp_path):
    gate = found(tmp_path)["gate_receivables|erp|US|2026-09"]
    assert (gate.kind, gate.severity, gate.state, gate.owner_role) == ("gate", "S1", "failed", "AR")
    assert gate.title == "Invoices do not tie to receivables"
    assert gate.where == "Borealis Inc (US), 2026-09"
    assert gate.amounts == (("USD", 50),)
    assert gate.reason == "The ERP holds 0.50 less than billing."
    assert gate.next_step == "Read the interface message, then resend."
    assert gate.page == "controls?control=R14&entity=US&period=2026-09"


def test_a_gate_that_could_not_be_tested_is_told_as_one_and_never_as_passed(tmp_path):
    gate = found(tmp_path)["gate_control_account|erp|JP|2026-09"]
    assert gate.state == "not_testable"
    assert gate.title.startswith("Could not be tested, so it blocks the close")


def test_a_passed_gate_and_a_running_period_are_nobodys_news(tmp_path):
    keys = set(found(tmp_path))
    assert not [key for key in keys if "|BH|" in key or "2026-10" in key]
    assert "gate_interface|erp|US|2026-09" not in keys


def test_a_hard_closed_period_calls_nobody_and_is_not_called_mended(tmp_path):
    extra = "update marts.close_status set readiness = 'blocked', gate_receivables = 'failed' where legal_entity_code = 'BH'"
    gate = found(tmp_path, extra)["gate_receivables|erp|BH|2026-09"]
    assert (gate.severity, gate.state) == ("S4", "hard_closed")
    assert gate.title == "The period was hard closed although invoices do not tie to receivables"


def test_the_unexplained_is_told_in_the_entitys_own_currency(tmp_path):
    gate = found(tmp_path)["gate_unexplained|erp|US|2026-09"]
    assert (gate.kind, gate.amounts) == ("unexplained", (("USD", 1234),))


def test_one_problem_that_shows_in_two_breaks_is_one_amount(tmp_path):
    """Rollforward and proof of revenue miss the same money: told twice it would look like twice the loss."""
    extra = """insert into marts.exceptions
        select md5('echo'), 'R16', source_instance, 'IN-1x', cause_code, delta_minor, delta_quantity, currency_code,
            legal_entity_code, customer_id, period, severity, owner_role, state, reason, next_step, failure_class, due_at,
            left_ref, right_ref, first_seen_at, root_exception_key, 'follows'
        from marts.exceptions where match_key = 'IN-1'"""
    gate = found(tmp_path, extra)["gate_open_s1|erp|US|2026-09"]
    assert gate.amounts == (("USD", 50),)
    assert gate.reason.startswith("2 breaks, the largest: ")


def test_what_belongs_to_no_period_or_entity_is_told_with_every_period_that_may_change(tmp_path):
    """A contract that was never set up holds the close, and its money was in no message."""
    extra = """insert into marts.exceptions by name
        select * replace (md5('K') as exception_key, 'R09' as code, 'K-1' as match_key, null as period, 700 as delta_minor,
            md5('K') as root_exception_key)
        from marts.exceptions where match_key = 'IN-1';
        insert into marts.exceptions by name
        select * replace (md5('P') as exception_key, 'R37' as code, 'SEAT' as match_key, null as period,
            null as legal_entity_code, null as delta_minor, null as currency_code, md5('P') as root_exception_key)
        from marts.exceptions where match_key = 'IN-1';
        update marts.close_status set readiness = 'blocked', gate_open_s1 = 'failed' where legal_entity_code = 'BH'"""
    gates = found(tmp_path, extra)
    assert gates["gate_open_s1|erp|US|2026-09"].amounts == (("USD", 750),)
    assert gates["gate_open_s1|erp|US|2026-09"].reason.startswith("3 breaks, ")
    assert gates["gate_open_s1|erp|JP|2026-09"].reason.startswith("2 breaks, ")
    assert gates["gate_open_s1|erp|BH|2026-09"].amounts == (), "hard closed: no later finding is about it"


def test_two_currencies_of_one_gate_stay_two_amounts(tmp_path):
    extra = """insert into marts.exceptions
        select md5('yen'), code, source_instance, 'IN-Y', cause_code, -7, delta_quantity, 'JPY', legal_entity_code, customer_id,
            period, severity, owner_role, state, reason, next_step, failure_class, due_at, left_ref, right_ref,
            first_seen_at, md5('yen'), null
        from marts.exceptions where match_key = 'IN-1'"""
    assert found(tmp_path, extra)["gate_receivables|erp|US|2026-09"].amounts == (("JPY", 7), ("USD", 50))


def test_source_data_that_blocks_many_entities_is_one_finding(tmp_path):
    extra = "update marts.close_status set gate_source_health = 'failed' where readiness = 'blocked'"
    gates = [one for one in found(tmp_path, extra).values() if one.key.startswith("gate_source_health")]
    assert [(one.where, one.owner_role) for one in gates] == [("JP, US, 2026-09", "ProductData")]


def test_nothing_is_overdue_before_its_clock_ran_out(tmp_path):
    on_time = "update config.parameters set as_of = '2026-10-12 04:00:00'"
    assert not [one for one in found(tmp_path, on_time).values() if one.kind == "sla"]


def test_an_overdue_problem_names_its_record_its_clock_and_what_goes_back_to_it(tmp_path):
    extra = (
        LATER
        + """insert into marts.exceptions
        select md5('echo'), 'R05', source_instance, 'IN-1x', cause_code, delta_minor, delta_quantity, currency_code,
            legal_entity_code, customer_id, period, 'S2', 'GL', state, reason, next_step, failure_class, due_at, left_ref,
            right_ref, first_seen_at, root_exception_key, 'follows'
        from marts.exceptions where match_key = 'IN-1'"""
    )
    overdue = [one for one in found(tmp_path, extra).values() if one.kind == "sla"]
    assert len(overdue) == 3, "the consequence is counted with its problem"
    one = next(one for one in overdue if "IN-1 " in one.title)
    assert (one.severity, one.owner_role, one.amounts) == ("S1", "AR", (("USD", 50),))
    assert one.reason == (
        "The ERP holds 0.50 less than billing. Was due 2026-10-12 04:00 UTC; 2 overdue breaks go back to it."
    )
    assert one.page == "controls?control=R14&record=IN-1&instance=billing"


def test_a_stale_source_names_its_objects_its_owner_and_what_depends_on_it(tmp_path):
    stale = found(tmp_path)["stale|erp"]
    assert (stale.state, stale.owner_role) == ("ar_documents", "AR")
    assert "30 hours old; the limit is 26 hours" in stale.reason
    assert "no entity that needs it can close" in stale.reason


def test_a_snapshot_of_an_earlier_version_is_words_and_no_traceback(tmp_path):
    file = snapshots.write(tmp_path, extra="alter table marts.source_health drop column is_stale")
    with pytest.raises(InputError, match="published by another version"):
        read(configuration.load(file))


def test_the_link_is_the_dashboards_where_it_is_known_else_the_command(tmp_path):
    settings = configuration.load(snapshots.write(tmp_path))
    at = settings.model_copy(
        update={"alerts": settings.alerts.model_copy(update={"dashboard_url": "https://tie.example"})}
    )
    assert context(at, read(at)).where_to_look("sources") == "https://tie.example/sources"
    assert context(settings, read(settings)).where_to_look("sources").startswith("tieout dashboard --config ")
