"""The close of the sample company through the command, as a controller runs it."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import dagster as dg
import duckdb
import pytest
from dagster._core.definitions.data_version import CachingStaleStatusResolver
from dagster._core.loader import LoadingContextForTest

from dagster_project import definitions
from dagster_project.dbt import manifest
from dagster_project.defs.published import PACK, SNAPSHOT
from dagster_project.defs.translator import asset_key
from tests.command import tieout
from tests.marts import mart_hashes
from tests.truth.catalogue import CONTROLS

pytestmark = pytest.mark.slow


def test_the_demo_is_completed_says_what_it_found_and_what_to_open(planted):
    assert planted.run.code == 0, planted.run.text
    for code in CONTROLS:
        assert code in planted.run.out
    for word in ("dashboard", "dagster", "evidence"):
        assert f" {word} --config" in planted.run.out


def test_the_clean_company_ties_out(clean):
    assert clean.run.code == 0, clean.run.text
    with duckdb.connect(str(clean.published), read_only=True) as con:
        assert con.execute("select count(*) from marts.exceptions").fetchall() == [(0,)]
        tested = con.execute(
            "select distinct code from marts.reconciliation_results where status = 'matched'"
        ).fetchall()
    assert {code for (code,) in tested} == set(CONTROLS), "a control that compared nothing proves nothing"


def test_every_break_says_what_why_whose_and_what_next(planted):
    with duckdb.connect(str(planted.published), read_only=True) as con:
        silent = con.execute(
            "select code, match_key from marts.exceptions where coalesce(length(trim(reason)), 0) < 20"
            " or coalesce(trim(owner_role), '') = '' or coalesce(trim(next_step), '') = '' or cause_code is null"
            " or severity is null or state <> 'new' or first_seen_at is null"
        ).fetchall()
    assert silent == []


@pytest.fixture(scope="module")
def again(planted, tmp_path_factory) -> Path:
    """The folder of the planted company, closed a second time."""
    folder = Path(shutil.copytree(planted.folder, tmp_path_factory.mktemp("again") / "company", symlinks=True))
    assert tieout("run", "--config", folder / "tieout.yml").code == 1
    return folder


@pytest.fixture(scope="module")
def history(again) -> Iterator[dg.DagsterInstance]:
    """The run history of both runs."""
    with dg.DagsterInstance.from_config(str(again / ".tieout" / "dagster"), "command.yaml") as opened:
        yield opened


def test_a_second_run_over_the_same_warehouse_computes_nothing_and_says_the_same(planted, again):
    """Only first_seen is new to it: the breaks that the first run published. A rebuilt warehouse: tests/faults/test_whole_runs.py."""
    assert mart_hashes(_published(again)) == mart_hashes(planted.published)
    built = _built(again)
    computed = [name for name, at in built.items() if at == max(built.values())]
    assert 0 < len(computed) < len(built) / 10, "only what reads when a break was first seen"
    with duckdb.connect(str(again / ".tieout" / "warehouse" / "tieout.duckdb"), read_only=True) as con:
        judged = con.execute("select distinct run_id from quality.boundary_results").fetchall()
    with duckdb.connect(str(planted.published), read_only=True) as con:
        assert con.execute("select distinct run_id from quality.boundary_results").fetchall() == judged


def test_the_run_history_names_the_run_that_made_each_table_not_the_last_that_left_it_as_it_was(history, again):
    """Who asks when a figure was computed, and by what code, must find the run that computed it; what follows from
    tables that were left alone, the snapshot, is made all the same."""
    second, first = (record.dagster_run.run_id for record in history.get_run_records(limit=2))
    nodes = manifest.parsed().as_dict()["nodes"]
    built = {name: at for name, at in _built(again).items() if nodes[name]["resource_type"] != "test"}
    expected = {asset_key(nodes[name]): first if at < max(built.values()) else second for name, at in built.items()}
    expected[SNAPSHOT] = second
    told = [record.asset_entry for record in history.get_asset_records([*expected])]
    assert {entry.asset_key: entry.last_materialization.run_id for entry in told} == expected


def test_what_was_left_as_it_was_is_neither_out_of_date_nor_unchecked_in_the_history(history):
    """An engineer who sees four hundred tables marked as out of date computes them again, and no longer heeds the mark."""
    graph = definitions.defs.resolve_asset_graph()
    now = CachingStaleStatusResolver(history, graph, loading_context=LoadingContextForTest(history))
    books = [key for key in graph.materializable_asset_keys if key != PACK]
    assert {key: now.get_status(key).value for key in books} == dict.fromkeys(books, "FRESH")
    checks = history.event_log_storage.get_latest_asset_check_execution_by_key([*graph.asset_check_keys])
    assert checks.keys() == set(graph.asset_check_keys)
    assert {check.status.value for check in checks.values()} <= {"SUCCEEDED", "FAILED"}


def _built(folder: Path) -> dict[str, datetime]:
    """When each model, seed and data test was last built."""
    with duckdb.connect(str(folder / ".tieout" / "warehouse" / "tieout.duckdb"), read_only=True) as con:
        return dict(con.execute("select unique_id, built_at from state.nodes").fetchall())


def _published(folder: Path) -> Path:
    return (folder / ".tieout" / "published" / "current.duckdb").resolve()


def test_status_repeats_what_the_run_found(planted):
    ran = tieout("status", "--config", planted.config)
    assert ran.code == 1
    for code in CONTROLS:
        assert code in ran.out


def test_a_narrow_terminal_loses_counts_of_what_ties_and_no_amount(planted):
    """Cut off at the edge, the amounts of the breaks were gone without a word."""
    amounts = re.compile(r"[\d,]+(?:\.\d+)? (?:USD|EUR|GBP|JPY|BHD)")
    wide = tieout("status", "--config", planted.config, COLUMNS="140").out
    for width in ("80", "100", "119"):
        narrow = tieout("status", "--config", planted.config, COLUMNS=width).out
        assert amounts.findall(narrow.split("Close of")[0]) == amounts.findall(wide.split("Close of")[0]), width
        assert max(len(line) for line in narrow.splitlines()) <= int(width)
        assert "in a terminal of 120 columns" in narrow


def test_status_says_which_entities_cannot_close_and_why(planted):
    """Who reads the controls alone does not see that the books stay open."""
    with duckdb.connect(str(planted.published), read_only=True) as con:
        held = con.execute(
            "select legal_entity_code from marts.close_status where readiness = 'blocked' and period = '2026-09'"
        ).fetchall()
    assert held
    told = tieout("status", "--config", planted.config).out.split("Close of 2026-09")[1]
    for (entity,) in held:
        assert re.search(rf"│ {entity} +│ cannot close +│ .*S1", told.replace("\n", " ")), entity
