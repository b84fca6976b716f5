"""An evidence pack that verifies although a figure in it was changed is worse than none."""

from __future__ import annotations

import html
import json
import re
import shutil
import zipfile

import duckdb
import pytest

from dagster_project.errors import InputError
from dagster_project.evidence import contents, verify_pack, write_pack
from dagster_project.evidence.sheets import SHEETS
from dagster_project.evidence.tables import TableWriter
from tests.command import tieout
from tests.evidence.forger import PERIOD, reseal


def test_a_pack_verifies_from_itself_alone(pack, tmp_path):
    moved = shutil.copytree(pack.path, tmp_path / "elsewhere")
    report = verify_pack(moved)
    assert report.faults == ()
    assert report.totals > 8
    assert report.root_hash == pack.root_hash


def test_the_same_snapshot_gives_the_same_pack(settings, pack):
    assert write_pack(settings, period=PERIOD).root_hash == pack.root_hash


def test_the_pack_holds_every_population_of_every_control(pack):
    for code in ("R03", "R05", "R06", "R14", "R16", "R24", "R33", "R38"):
        for status in ("matched", "in_tolerance", "timing", "break", "not_testable"):
            assert (pack.path / "populations" / code / f"{status}.parquet").exists()
    sql = {file.stem for file in (pack.path / "logic" / "sql").rglob("*.sql")}
    assert {"reconciliation_results", "bridge_cells"} <= sql
    assert list((pack.path / "sources" / "manifests").rglob("*.json"))


def test_a_changed_byte_is_named(copy):
    file = copy / "exceptions.csv"
    file.write_bytes(file.read_bytes() + b" ")
    assert any("exceptions.csv" in fault and "changed" in fault for fault in verify_pack(copy).faults)


@pytest.mark.parametrize("name", ["exceptions.csv", "populations/R14/break.parquet"])
def test_a_missing_file_is_named(copy, name):
    (copy / name).unlink()
    assert any(name in fault and "missing" in fault for fault in verify_pack(copy).faults)


def test_an_added_file_is_named(copy):
    (copy / "populations" / "R14" / "extra.parquet").write_bytes(b"")
    assert any("extra.parquet" in fault for fault in verify_pack(copy).faults)


def test_a_forged_amount_is_found_although_every_hash_agrees(copy):
    file = copy / "populations" / "R14" / "break.parquet"
    with duckdb.connect() as con:
        con.execute(f"create table t as from '{file}'")
        assert con.execute("select count(*) from t").fetchall()[0][0] > 0
        con.execute("update t set delta_minor = delta_minor + 1 where match_key = (select min(match_key) from t)")
        con.execute(f"copy t to '{file}' (format parquet)")
    reseal(copy)
    assert any("control_totals" in fault for fault in verify_pack(copy).faults)


def test_a_forged_cause_in_the_bridge_is_found(copy):
    file = copy / "bridge" / "bridge_allocation.parquet"
    with duckdb.connect() as con:
        con.execute(f"create table t as from '{file}'")
        con.execute("update t set amount_minor = amount_minor + 1 where rowid = 0")
        con.execute(f"copy t to '{file}' (format parquet)")
    reseal(copy)
    faults = verify_pack(copy).faults
    assert any(fault.startswith("bridge:") for fault in faults)


FORGED = {
    "bridge/bridge_tax": ("amount_minor = amount_minor + 1", "bridge_tax_totals"),
    "bridge/bridge_reporting": ("reporting_minor = reporting_minor + 1", "bridge_reporting_totals"),
    "bridge/bridge_periods": ("amount_minor = amount_minor + 1", "bridge_period_totals"),
    "bridge/bridge_rollforward": ("closing_minor = closing_minor + 1", "does not roll"),
    "results/business_transactions": ("late_count = late_count + 1", "does not follow from its steps"),
    "results/tolerance_budget": ("net_minor = net_minor - 1", "is not what was tolerated"),
    "results/in_tolerance": ("delta_minor = -delta_minor", "tolerance_totals"),
    "results/lineage_edges": ("relation = 'guessed'", "lineage_totals"),
}


@pytest.mark.parametrize("name", FORGED)
def test_a_forged_figure_of_any_bridge_rollforward_or_budget_is_found_although_every_hash_agrees(copy, name):
    change, words = FORGED[name]
    file = copy / f"{name}.parquet"
    with duckdb.connect() as con:
        con.execute(f"create table t as from '{file}'")
        con.execute(f"update t set {change} where rowid = 0")
        con.execute(f"copy t to '{file}' (format parquet)")
    reseal(copy)
    assert any(words in fault for fault in verify_pack(copy).faults)


def test_a_table_that_totals_rest_on_cannot_be_left_out(copy):
    (copy / "bridge" / "bridge_periods.parquet").unlink()
    reseal(copy)
    assert any("bridge_periods.parquet: is missing" in fault for fault in verify_pack(copy).faults)


def test_the_pack_of_an_entity_holds_its_rows_and_the_history_of_its_timing_items(settings):
    entity = write_pack(settings, period=PERIOD, entity="UK")
    assert verify_pack(entity.path).faults == ()
    with duckdb.connect() as con:
        for name in ("bridge_tax", "bridge_reporting", "bridge_periods", "bridge_rollforward"):
            file = entity.path / "bridge" / f"{name}.parquet"
            assert con.execute(f"select distinct legal_entity_code from '{file}'").fetchall() == [("UK",)]
        file = entity.path / "bridge" / "bridge_rollforward.parquet"
        ((first, last),) = con.execute(f"select min(period), max(period) from '{file}'").fetchall()
    assert first < last == PERIOD


def test_the_period_s_postings_are_followed_back_to_contracts_and_usage(pack):
    with duckdb.connect() as con:
        query = f"select distinct from_type from '{pack.path / 'results' / 'lineage_edges.parquet'}'"
        found = {kind for (kind,) in con.execute(query).fetchall()}
    assert {"ar_document", "invoice", "invoice_line", "metered_usage", "usage_month", "contract_line"} <= found


def test_the_workbook_has_a_sheet_for_everything_that_a_controller_signs(pack):
    with zipfile.ZipFile(pack.path / "workbook.xlsx") as book:
        names = re.findall(r'<sheet name="([^"]+)"', book.read("xl/workbook.xml").decode())
    assert names == ["Cover", "Totals", "Breaks", "Earlier breaks", "Bridge", "Tax bridge", "Bridge, group", "Bridge by period", "Timing items",
                     "Tolerances", "Transactions", "Sources"]  # fmt: skip


@pytest.mark.parametrize("sheet", SHEETS, ids=lambda sheet: sheet.name)
def test_no_heading_of_the_workbook_is_cut_by_its_column_or_the_filter_s_arrow(sheet):
    assert [column.heading for column in sheet.columns if len(column.heading) + 3 > column.width] == []


def test_the_workbook_says_causes_stages_owners_and_statuses_in_words(pack):
    with zipfile.ZipFile(pack.path / "workbook.xlsx") as book:
        texts = set(re.findall(r"<t[^>]*>([^<]*)</t>", book.read("xl/sharedStrings.xml").decode()))
    assert {"Settlement, unexplained (D99)", "D: Posted to paid", "Accounts receivable", "In tolerance"} <= texts
    with duckdb.connect() as con:
        steps = con.execute(f"select distinct next_step from '{pack.path / 'exceptions.parquet'}'").fetchall()
    assert {html.escape(step, quote=False) for (step,) in steps} <= texts, "a break that does not say what to do next"
    codes = {"D99", "D", "AR", "in_tolerance", "invoice_to_posting", "not_testable", "partial orchestration"}
    assert not codes & texts


def test_a_pack_of_another_version_is_refused_in_words(copy):
    document = json.loads((copy / "manifest.json").read_text())
    (copy / "manifest.json").write_text(json.dumps(document | {"schema_version": "1"}))
    with pytest.raises(InputError, match="schema_version is 1, expected 3"):
        verify_pack(copy)


def test_a_changed_manifest_is_found(copy):
    document = json.loads((copy / "manifest.json").read_text())
    document["facts"]["as_of"] = "2027-01-01T00:00:00Z"
    (copy / "manifest.json").write_text(json.dumps(document))
    assert any("root hash" in fault for fault in verify_pack(copy).faults)


def test_a_folder_that_is_no_pack_is_refused_in_words(tmp_path):
    with pytest.raises(InputError, match="manifest"):
        verify_pack(tmp_path)


def test_an_unknown_period_or_entity_is_refused_with_the_known_ones(settings):
    with pytest.raises(InputError, match=PERIOD):
        write_pack(settings, period="1999-01")
    with pytest.raises(InputError, match="--entity"):
        write_pack(settings, period=PERIOD, entity="NOWHERE")


def test_the_command_writes_and_verifies(planted, settings):
    written = tieout("evidence", "--config", settings.config_path, "--period", PERIOD)
    assert written.code == 0, written.text
    assert tieout("verify", written.out.splitlines()[0]).code == 0


def test_text_that_a_spreadsheet_takes_for_a_formula_is_neutralised_in_csv_only(tmp_path):
    with duckdb.connect() as con:
        tables = TableWriter(con, tmp_path)
        tables.write("t", "select '=1+1' as name, -5 as amount_minor union all select 'plain', 7")
        assert tables.neutralised_cells == 1
        assert "'=1+1,-5" in (tmp_path / "t.csv").read_text()
        assert ("=1+1", -5) in con.execute(f"from '{tmp_path / 't.parquet'}'").fetchall()


def test_a_pack_of_a_fiscal_period_holds_its_days_whatever_it_is_called():
    """Read as months, fiscal labels would put another quarter's bridge into the pack that the auditor is shown."""
    con = duckdb.connect()
    con.execute("create schema marts; create schema canonical")
    con.execute(
        """create table canonical.accounting_period as from (values
            ('erp', 'UK', '2026-01', date '2025-10-01', date '2025-10-31'),
            ('erp', 'UK', '2026-04', date '2026-01-01', date '2026-01-31'),
            ('erp', 'DE', '2026-01', date '2026-01-01', date '2026-01-28'),
            ('erp', 'DE', '2026-02', date '2026-01-29', date '2026-02-25')
        ) as rows (source_instance, legal_entity_code, period, start_date, end_date)"""
    )
    con.execute(
        """create table marts.bridge_cells as from (values
            ('UK', date '2025-10-01'), ('UK', date '2026-01-01'), ('DE', date '2026-01-28'), ('DE', date '2026-01-29'),
            ('US', date '2026-01-31'), ('US', date '2025-10-01')
        ) as rows (legal_entity_code, service_period_start)"""
    )
    con.execute(
        """create table marts.bridge_rollforward as from (values
            ('UK', '2025-09'), ('UK', '2025-10'), ('UK', '2025-11'), ('US', '2026-01'), ('US', '2026-02')
        ) as rows (legal_entity_code, period)"""
    )
    con.execute("create table marts.business_transactions as from marts.bridge_rollforward")
    con.execute(contents._CALENDAR, ["2026-01"])
    scopes = contents.BRIDGES | contents.TRANSACTIONS
    assert {
        table: [
            (entity, str(when))
            for entity, when in con.execute(
                f"from marts.{table} where {scopes[table]} order by all", ["2026-01", None, None]
            ).fetchall()
        ]
        for table in ("bridge_cells", "bridge_rollforward", "business_transactions")
    } == {
        "bridge_cells": [("DE", "2026-01-28"), ("UK", "2025-10-01"), ("US", "2026-01-31")],
        "bridge_rollforward": [("UK", "2025-09"), ("UK", "2025-10"), ("US", "2026-01")],
        "business_transactions": [("UK", "2025-10"), ("US", "2026-01")],
    }
