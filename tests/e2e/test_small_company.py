"""A company as one begins: files written by hand from docs/landing.md, no CRM, no sidecars, objects that it has none of."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from dagster_project.evidence.cells import read_cells
from tests.command import tieout

pytestmark = pytest.mark.slow

CONFIG = """\
company: Alder
home: .tieout
as_of: 2026-10-20T00:00:00Z
reporting_currency: JPY
sources:
  - {name: product, domain: product, connector: {type: files, path: data/product}}
  - {name: billing, domain: billing, connector: {type: files, path: data/billing}}
  - {name: erp, domain: erp, connector: {type: files, path: data/erp}}
"""
SEEN = "2026-09-01T00:00:00Z"
FILES = {
    "billing/customers": f"""\
customer_id,name,legal_entity_code,currency,country,payment_terms_days,created_at,updated_at
C1,Birch,JP,JPY,JP,30,{SEEN},{SEEN}
""",
    "billing/skus": f"sku,name,kind,unit,updated_at\nPLAN,Plan,recurring,seat,{SEEN}\n",
    "billing/prices": f"""\
price_id,sku,currency,scheme,unit_amount,effective_from,updated_at
P1,PLAN,JPY,per_unit,2000,2026-01-01,{SEEN}
""",
    "billing/subscriptions": f"""\
subscription_id,customer_id,status,currency,billing_interval,start_date,updated_at
S1,C1,active,JPY,month,2026-09-01,{SEEN}
""",
    "billing/subscription_items": f"""\
item_id,subscription_id,sku,price_id,quantity,discount_percent,included_quantity,minimum_amount,effective_from,updated_at
I1,S1,PLAN,P1,10,0,0,0,2026-09-01,{SEEN}
""",
    "billing/invoices": f"""\
invoice_id,number,series,customer_id,legal_entity_code,currency,issue_date,finalized_at,status,net_amount,tax_amount,total_amount,updated_at
IN-1,1,A,C1,JP,JPY,2026-09-01,{SEEN},open,20000,2000,22000,{SEEN}
""",
    "billing/invoice_lines": """\
line_id,invoice_id,subscription_id,item_id,sku,kind,quantity,unit_amount,discount_amount,amount,tax_code,tax_rate,tax_amount,service_start,service_end,is_proration
L1,IN-1,S1,I1,PLAN,recurring,10,2000,0,20000,S10,10,2000,2026-09-01,2026-10-01,false
""",
    "product/tenants": f"tenant_id,name,region,is_test,created_at,updated_at\nT1,Birch,jp,false,{SEEN},{SEEN}\n",
    "erp/legal_entities": f"""\
legal_entity_code,name,base_currency,country,timezone,updated_at
JP,Alder KK,JPY,JP,Asia/Tokyo,{SEEN}
""",
    "erp/accounting_periods": f"""\
legal_entity_code,period,start_date,end_date,status,updated_at
JP,2026-09,2026-09-01,2026-09-30,open,{SEEN}
JP,2026-10,2026-10-01,2026-10-31,open,{SEEN}
""",
}


def written(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "tieout.yml").write_text(CONFIG, encoding="utf-8")
    for name, text in FILES.items():
        file = folder / "data" / name / "all.csv"
        file.parent.mkdir(parents=True)
        file.write_text(text, encoding="utf-8")


@pytest.fixture(scope="module")
def small(worlds):
    return worlds("small_company", written)


def rows(folder: Path, sql: str) -> list[tuple]:
    with duckdb.connect(str((folder / ".tieout/published/current.duckdb").resolve()), read_only=True) as con:
        return con.execute(sql).fetchall()


def reasons(folder: Path, code: str) -> set[str]:
    found = rows(folder, f"select status, reason from marts.reconciliation_results where code = '{code}'")
    assert found and {status for status, _ in found} == {"not_testable"}, (code, found)
    return {reason for _, reason in found}


def test_what_never_came_is_told_with_what_to_do_about_it(small):
    """`mend the source` sends an engineer to look for a fault; a company without refunds has none to look for."""
    assert reasons(small.folder, "R26") == {
        "Not tested: never delivered: cash_receipts of erp, credit_notes of billing, payments of billing, refunds of"
        " billing: deliver the object, with a header alone where there are no rows; then run again"
    }


def test_a_system_that_is_not_connected_is_not_told_as_an_object_that_never_came(small):
    """Who then delivers entitlements runs again and is told the same of the CRM."""
    for code in ("R09", "R10", "R30", "R36"):
        assert reasons(small.folder, code) == {
            "Not tested: no source of domain crm is connected; connect it under sources: in tieout.yml"
        }, code


def test_a_health_gate_says_that_nobody_vouched_for_age_and_completeness(small):
    """`Source data complete and fresh: passed` of files without a sidecar would be a promise that nothing holds."""
    notes = rows(small.folder, "select distinct note from marts.close_status")
    assert notes == [("Not tested for age and completeness, for want of a sidecar: 10 objects (R38).",)]
    assert "for want of a sidecar: 10 objects" in " ".join(small.run.out.replace("│", " ").split())


def test_the_cover_of_a_pack_says_so_too_and_no_word_of_the_program_s(small):
    """`None: every gate passes`, and `Known at: None`, above figures that no source stood for."""
    (pack,) = (small.folder / ".tieout" / "evidence").glob("2026-09-*")
    cover = {place: text for place, text in read_cells(pack / "workbook.xlsx").items() if place.startswith("Cover!")}
    assert "Not known: no file has a sidecar" in cover.values()
    assert any(text.endswith("for want of a sidecar: 10 objects (R38).") for text in cover.values())
    assert "None" not in cover.values()


@pytest.mark.parametrize("command", ["verify", "retention"])
def test_no_figure_is_cut_off_in_a_terminal_of_80_columns(small, command):
    """`6,1…` bytes, rows or faults is no figure."""
    ran = tieout("archive", command, "--config", small.folder / "tieout.yml", COLUMNS="80")
    assert ran.code == 0, ran.text
    assert "…" not in ran.out
    assert max(map(len, ran.out.splitlines()[:5])) <= 80
