"""Rows that kept the contract are not judged again, and no fault hides behind that."""

from __future__ import annotations

import pytest

from dagster_project.sources.contracts import load_contracts
from expectations.suites import clean
from tests.expectations.test_boundary_faults import plant, row
from tests.expectations.world import default_row, land_defaults, results, world

SOURCES = {"billing": "billing", "crm": "crm"}


def _world(home, sources=SOURCES):
    made = world(home, sources)
    land_defaults(made)
    return made


def _facts(made) -> list[tuple]:
    made.judge()
    names = (
        "suite",
        "expectation",
        "source_instance",
        "status",
        "evaluated_rows",
        "unexpected_rows",
        "amount_minor",
        "words",
    )
    return sorted(tuple(str(row[name]) for name in names) for row in results(made))


def _still_to_judge(made) -> set[str]:
    """The objects all of whose rows would be judged."""
    kept = {name for (name,) in made.con.execute("select object from state.boundary_clean").fetchall()}
    return {f"{row['domain']}.{row['object']}" for row in results(made)} - kept


def _lose_a_parent(made) -> None:
    made.con.execute("delete from landed.generic__billing__invoices")
    made.con.execute("delete from landed.batches where object = 'invoices'")
    made.land("billing", "invoices", [row("invoices", invoice_id="OTHER")], batch="other")


def _contradict_an_old_row(made) -> None:
    made.land("billing", "invoice_lines", [row("invoice_lines", amount="0.01")], batch="contradicts")


def _quarantine_a_parent(made) -> None:
    made.quarantine("billing", "payouts", None)


def _link_another_way(made) -> None:
    made.con.execute("delete from config.instance_links where source_instance = 'billing' and domain = 'crm'")


CHANGES = [plant, _lose_a_parent, _contradict_an_old_row, _quarantine_a_parent, _link_another_way]


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)
def test_a_fault_that_comes_after_a_clean_run_is_found_as_if_all_were_judged(change, tmp_path):
    """A new file must not be able to make an old row wrong unseen."""
    growing, whole = _world(tmp_path / "growing"), _world(tmp_path / "whole")
    clean_run = _facts(growing)
    assert not any("failed" in fact for fact in clean_run)
    for made in (growing, whole):
        change(made)
    assert _facts(growing) == _facts(whole)
    assert _facts(growing) == _facts(whole), "once more, after the faults were seen"


def test_only_what_kept_every_rule_is_left_alone_and_all_is_judged_when_asked(tmp_path):
    made = _world(tmp_path)
    made.judge()
    assert {"billing.invoice_lines", "billing.skus"}.isdisjoint(_still_to_judge(made))
    assert "billing.invoices" in _still_to_judge(made), "it names legal entities, and no ERP is there to hold them"
    plant(made)
    made.judge()
    assert "billing.invoice_lines" in _still_to_judge(made)
    assert "billing.skus" not in _still_to_judge(made)
    clean.forget(made.con)
    assert clean.CleanRows(made.con).unjudged(load_contracts()["billing", "skus"]) is None


def test_an_old_row_is_not_read_for_its_rules_again(tmp_path):
    """Else nothing would be gained: a row changed behind the archive's back, which its hashes exclude, stays unseen."""
    made = _world(tmp_path)
    made.judge()
    made.con.execute("update landed.generic__billing__skus set name = null")
    made.land("billing", "skus", [row("skus", sku="NEW")], batch="new")
    made.judge()
    (judged,) = (
        one for one in results(made) if one["object"] == "skus" and one["expectation"] == "required_present_name"
    )
    assert (judged["status"], judged["evaluated_rows"]) == ("passed", 2)


@pytest.mark.parametrize("ingested_at", ["2026-09-30T11:00:00Z", "2026-09-30T13:00:00Z"], ids=["before", "after"])
def test_an_event_that_a_later_file_contradicts_is_judged_though_its_own_file_was(tmp_path, ingested_at):
    """Usage that another delivery corrects would pass for certain, because nobody reads its file again."""
    event = default_row(load_contracts()["product", "usage_events"], quantity="2", ingested_at=ingested_at)
    growing, whole = (_world(tmp_path / name, {"product": "product", "billing": "billing"}) for name in ("a", "b"))
    assert not any("failed" in fact for fact in _facts(growing))
    assert "product.usage_events" not in _still_to_judge(growing)
    for made in (growing, whole):
        made.land("product", "usage_events", [event], batch="later")
    found = _facts(growing)
    assert found == _facts(whole)
    assert [fact[1] for fact in found if "failed" in fact and "usage_events" in fact[0]] == ["copies_agree"]
