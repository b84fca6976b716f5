"""The first run of a company that has little to show: a clean word about nothing, and a command that fails, are believed."""

from __future__ import annotations

import re

import pytest

from tests.command import tieout

CONFIG = """\
company: Corvus
home: .tieout
as_of: 2026-11-29T00:00:00Z
reporting_currency: USD
sources:
  - {name: billing, domain: billing, connector: {type: files, path: data/billing}}
"""
INVOICES = """\
invoice_id,number,series,customer_id,legal_entity_code,currency,issue_date,status,net_amount,tax_amount,total_amount,updated_at
I1,INV-1,INV,C1,US,USD,2026-09-01,open,100.00,0.00,100.00,2026-09-01T00:00:00Z
"""


@pytest.fixture(scope="module")
def first(worlds):
    """Invoices of September alone, read at the end of November."""

    def make(folder):
        landing = folder / "data" / "billing" / "invoices"
        landing.mkdir(parents=True)
        (landing / "invoices.csv").write_text(INVOICES, encoding="utf-8")
        (folder / "tieout.yml").write_text(CONFIG, encoding="utf-8")

    return worlds("first_run", make)


def test_no_open_break_is_not_said_without_how_many_controls_tested_nothing(first):
    """Of one system hardly anything can be tied out: `no open break` alone was taken for books that tie."""
    assert first.run.code == 0, first.run.text
    said = first.run.out.splitlines()
    told = re.fullmatch(
        r"(\d+) of 38 controls could test nothing of what was delivered", said[said.index("no open break") + 1].strip()
    )
    assert told and int(told[1]) > 30, first.run.out[-2000:]


def test_the_pack_that_is_offered_can_be_written(first):
    """The last month that has ended holds nothing yet: the command that the run offered ended with exit code 2."""
    offered = re.search(r"evidence --config \S+ --period (\S+)", first.run.out)
    written = tieout("evidence", "--config", first.config, "--period", offered[1])
    assert written.code == 0, written.text
