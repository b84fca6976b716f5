"""Reasons are read by people: a count agrees with its noun, and nothing is written as `invoice(s)`."""

from __future__ import annotations

import re

import duckdb
import pytest

from dagster_project.dbt.manifest import DBT_PROJECT
from tests.dbt.macro_sql import render

UNDECIDED = re.compile(r"\w\((?:s|es|ies)\)[ .,:;']")


def test_no_reason_leaves_to_the_reader_how_many_there_are():
    """`1 invoice(s)` in an auditor's pack says that nobody looked whether it is one."""
    code = [*(DBT_PROJECT / "models").rglob("*.sql"), *(DBT_PROJECT.parent / "dagster_project").rglob("*.py")]
    found = [
        f"{file.relative_to(DBT_PROJECT.parent)}: {line.strip()}"
        for file in code
        for line in file.read_text(encoding="utf-8").splitlines()
        if UNDECIDED.search(line)
    ]
    assert found == []


def test_no_reason_has_several_events_where_there_is_one():
    """`the valid events give 700 (1 events)` has the reader look whether the other events or the plural are wrong."""
    fixed = re.compile(r"\|\| '[ (]*(?:events|deliveries)\b")
    models = sorted((DBT_PROJECT / "models" / "reconciliation").rglob("*.sql"))
    assert [file.name for file in models if fixed.search(file.read_text(encoding="utf-8"))] == []


@pytest.mark.parametrize(
    ("expression", "words"),
    [
        ("{{ counted('0', 'invoice') }}", "0 invoices"),
        ("{{ counted('1', 'invoice') }}", "1 invoice"),
        ("{{ counted('2', 'key or message', 'keys or messages') }}", "2 keys or messages"),
        ("{{ listed(\"'A'\", 'invoice') }}", "invoice A"),
        ("{{ listed(\"'A, B'\", 'invoice') }} || {{ by_number(\"'A, B'\", ' repeats', ' repeat') }}", "invoices A, B repeat"),
        ("{{ listed('cast(null as varchar)', 'invoice') }}", None),
    ],
)  # fmt: skip
def test_a_noun_follows_its_number(expression, words):
    """A list of one document told as several sends the controller to look for the others."""
    with duckdb.connect() as con:
        assert con.execute(f"select {render(expression)}").fetchall() == [(words,)]
