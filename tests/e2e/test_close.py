"""The close of the sample company through the command, as a controller runs it."""

from __future__ import annotations

import shutil
from pathlib import Path

import duckdb
import pytest

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


def test_a_second_run_over_the_same_warehouse_computes_nothing_and_says_the_same(planted, tmp_path):
    """Only first_seen is new to it: the breaks that the first run published. A rebuilt warehouse: tests/faults/test_whole_runs.py."""
    folder = _copy(planted.folder, tmp_path)
    assert tieout("run", "--config", folder / "tieout.yml").code == 1
    assert mart_hashes(_published(folder)) == mart_hashes(planted.published)
    with duckdb.connect(str(folder / ".tieout" / "warehouse" / "tieout.duckdb"), read_only=True) as con:
        first, again = con.execute(
            "select count(*) filter (where built_at < last), count(*) filter (where built_at = last)"
            " from state.nodes, (select max(built_at) as last from state.nodes)"
        ).fetchall()[0]
        judged = con.execute("select distinct run_id from quality.boundary_results").fetchall()
    assert 0 < again < first / 10, "only what reads when a break was first seen"
    with duckdb.connect(str(planted.published), read_only=True) as con:
        assert con.execute("select distinct run_id from quality.boundary_results").fetchall() == judged


def _copy(folder: Path, to: Path) -> Path:
    return Path(shutil.copytree(folder, to / "again", symlinks=True))


def _published(folder: Path) -> Path:
    return (folder / ".tieout" / "published" / "current.duckdb").resolve()


def test_status_repeats_what_the_run_found(planted):
    ran = tieout("status", "--config", planted.config)
    assert ran.code == 1
    for code in CONTROLS:
        assert code in ran.out
