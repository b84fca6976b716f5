"""A chain is followed to its ends and no further, whatever the links look like."""

from __future__ import annotations

import re

import duckdb
import pytest

from dagster_project.dbt.manifest import DBT_PROJECT
from dagster_project.lineage.breaks import OpenBreaks
from dagster_project.lineage.chain import Step, follow
from dagster_project.lineage.kinds import KINDS
from dagster_project.lineage.records import Record, find, near


@pytest.fixture
def snapshot():
    """Invoices of two billing engines with equal ids: A replaced by B and B by A; C with nine payments; D was never delivered."""
    con = duckdb.connect(":memory:")
    con.execute(
        """
        create schema canonical; create schema marts; create schema config;
        create table canonical.invoice as
            select source_instance, invoice_id, 'N-' || invoice_id as number, 'open' as status, 100 as total_amount_minor,
                'USD' as currency_code, timestamp '2026-03-01' as finalized_at, null::varchar as correlation_id,
                'h' || invoice_id as content_hash
            from (values ('east', 'A'), ('east', 'B'), ('east', 'C'), ('west', 'A')) as t (source_instance, invoice_id);
        create table canonical.payment as
            select 'east' as source_instance, 'P' || n as payment_id, 'succeeded' as status, 10 * n as amount_minor,
                'USD' as currency_code, timestamp '2026-03-02' as received_at, null::varchar as reference, 'h' as content_hash
            from range(1, 10) as t (n);
        create table marts.lineage_edges as
            select 'invoice' as from_type, 'east' as from_instance, f as from_id, k as to_type, 'east' as to_instance, t as to_id,
                r as relation
            from (values ('A', 'invoice', 'B', 'replaced'), ('B', 'invoice', 'A', 'replaced'), ('A', 'invoice', 'D', 'replaced'))
                as t (f, k, t, r)
            union all
            select 'invoice', 'east', 'C', 'payment', 'east', payment_id, 'paid' from canonical.payment;
        create table config.instance_links as select * from (values ('east', 'east'), ('west', 'west')) as t (source_instance, linked_instance);
        create table marts.exceptions (exception_key varchar, code varchar, source_instance varchar, match_key varchar,
            cause_code varchar, delta_minor bigint, currency_code varchar, reason varchar, left_ref varchar, right_ref varchar,
            root_reason varchar);
        insert into marts.exceptions values
            ('1', 'R14', 'west', 'A', 'C02', 100, 'USD', 'not posted', 'invoice:A', null, null),
            ('2', 'R24', 'east', 'P1', 'D05', 10, 'USD', 'elsewhere', 'payment:P1', 'invoice:B, C', null),
            ('3', 'R19', 'east', 'invoices|B', null, null, null, 'twice', null, null, null);
        """
    )
    yield con
    con.close()


def _walk(steps: list[Step]) -> list[Record]:
    return [one.record for step in steps for one in step.records] + [
        record for step in steps for record in _walk(step.steps)
    ]


def test_a_chain_that_comes_back_to_its_start_ends_there(snapshot):
    """Without a guard two invoices that replace each other would be followed for ever."""
    steps = follow(snapshot, Record("invoice", "east", "A"), upward=False)
    assert _walk(steps) == [Record("invoice", "east", "B")]
    (below_b,) = next(step for step in steps if step.records).steps
    assert below_b.seen == [Record("invoice", "east", "A")] and not below_b.steps


def test_a_record_that_was_never_delivered_is_told_as_missing(snapshot):
    """Left out, a broken chain would read as a whole one."""
    steps = follow(snapshot, Record("invoice", "east", "A"), upward=False)
    assert [step.missing for step in steps if step.missing] == [[Record("invoice", "east", "D")]]


def test_a_wide_fan_is_one_step_with_every_record_in_it(snapshot):
    (step,) = follow(snapshot, Record("invoice", "east", "C"), upward=False, fan=8)
    assert len(step.records) == 9 and sum(one.amount_minor or 0 for one in step.records) == 450
    assert len(follow(snapshot, Record("invoice", "east", "C"), upward=False, fan=9)) == 9


def test_equal_ids_of_two_engines_are_two_records(snapshot):
    """One shown for the other would explain an amount with another company's documents."""
    assert find(snapshot, "A") == [Record("invoice", "east", "A"), Record("invoice", "west", "A")]
    assert find(snapshot, "A", "west") == [Record("invoice", "west", "A")]
    assert find(snapshot, "N-C") == find(snapshot, "invoice:C") == [Record("invoice", "east", "C")]
    assert find(snapshot, "payment:C") == []


def test_an_exception_is_shown_at_every_record_that_it_names_and_at_no_other_engines(snapshot):
    breaks = OpenBreaks(snapshot)
    assert [one.code for one in breaks.of(Record("invoice", "west", "A"))] == ["R14"]
    assert breaks.of(Record("invoice", "east", "A")) == []
    assert [one.code for one in breaks.of(Record("invoice", "east", "B"))] == ["R19", "R24"]
    assert [one.code for one in breaks.of(Record("invoice", "east", "C"))] == ["R24"]


def test_ids_that_read_alike_are_offered(snapshot):
    assert near(snapshot, "N-B") == [] and near(snapshot, "P11")[0].id == "P1"


def test_every_kind_that_a_link_names_can_be_described():
    """A kind without a description would be told as never delivered."""
    folder = DBT_PROJECT / "models" / "reconciliation" / "lineage"
    text = "\n".join(file.read_text(encoding="utf-8") for file in folder.glob("*.sql"))
    named = set(re.findall(r"'(\w+)' as (?:from|to)_type", text))
    assert named and named <= set(KINDS)
