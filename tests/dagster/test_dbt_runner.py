"""dbt in this process, on a project of four models: what is parsed again, what fails, and what is let go of."""

from __future__ import annotations

import shutil
from pathlib import Path

import duckdb
import pytest

from dagster_project.dbt import manifest, runner
from dagster_project.defs.models import words_of

PROFILE = "tieout: {target: duckdb, outputs: {duckdb: {type: duckdb, path: nowhere, schema: main, threads: 2}}}\n"
PROJECT = "name: mini\nversion: 1.0.0\nprofile: tieout\nmodels: {mini: {+materialized: table}}\n"
TESTS = "models: [{name: invoice, columns: [{name: invoice_id, data_tests: [unique]}]}]\n"


def write(project: Path, invoices: str) -> Path:
    (project / "models").mkdir(parents=True, exist_ok=True)
    (project / "dbt_project.yml").write_text(PROJECT)
    (project / "profiles.yml").write_text(PROFILE)
    (project / "models" / "invoice.sql").write_text(invoices)
    (project / "models" / "total.sql").write_text("select count(*) as n from {{ ref('invoice') }}")
    (project / "models" / "tests.yml").write_text(TESTS)
    return project


@pytest.fixture(scope="module")
def good(tmp_path_factory):
    folder = tmp_path_factory.mktemp("good")
    parsed = manifest.parsed(write(folder / "project", "select 1 as invoice_id union all select 2"))
    return folder, parsed, [build(folder, parsed) for _ in range(2)]


def build(folder: Path, parsed: manifest.ParsedProject, **more: object) -> runner.BuildOutcome:
    return runner.build(parsed, folder / "wh" / "tieout.duckdb", folder / "dbt", folder / "logs", **more)


def test_a_build_twice_in_one_process_gives_the_same_and_lets_go_of_the_file(good):
    folder, _, outcomes = good
    for outcome in outcomes:
        assert outcome.success, outcome
        assert sorted(event["info"]["name"] for event in outcome.events) == ["LogModelResult"] * 2 + ["LogTestResult"]
    with duckdb.connect(str(folder / "wh" / "tieout.duckdb"), config={"threads": 1}) as con:
        assert con.execute("select n from total").fetchall() == [(2,)]


def test_the_same_content_is_parsed_once_and_changed_content_again(good):
    """Time stamps lie after a clone or a restore; running yesterday's SQL over today's project misstates every mart."""
    _, parsed, _ = good
    for file in parsed.project.rglob("*.sql"):
        file.touch()
    assert manifest.parsed(parsed.project).folder == parsed.folder
    copy = parsed.project.parent / "copy"
    shutil.copytree(parsed.project, copy, ignore=shutil.ignore_patterns("target"))
    assert manifest.fingerprint(copy) == manifest.fingerprint(parsed.project)
    (copy / "models" / "total.sql").write_text("select 7 as n from {{ ref('invoice') }}")
    assert manifest.fingerprint(copy) != manifest.fingerprint(parsed.project)


def test_a_failed_test_holds_back_what_depends_on_it_and_is_told_in_words(tmp_path):
    parsed = manifest.parsed(write(tmp_path / "project", "select 1 as invoice_id union all select 1"))
    outcome = build(tmp_path, parsed)
    assert not outcome.success
    assert outcome.skipped == ("model.mini.total",)
    words = words_of(outcome)
    assert "invoice.invoice_id must be unique" in words
    assert "held back" in words


def test_an_amount_that_does_not_fit_is_told_with_the_control_that_it_ended(tmp_path):
    """The engine names two numbers and no record: whoever reads that does not know what to do next."""
    project = write(tmp_path / "project", "select cast(4000000000 as bigint) * 4000000000 as invoice_id")
    described = "models: [{name: invoice, config: {meta: {code: R99, title: Invoices in full}}}]\n"
    (project / "models" / "tests.yml").write_text(described)
    words = words_of(build(tmp_path, manifest.parsed(project)))
    assert "model invoice, R99 Invoices in full, (models/invoice.sql) failed: " in words
    assert "is wider than it can hold. Nothing was published" in words


def test_a_project_that_does_not_parse_is_one_fault_with_the_file(tmp_path):
    with pytest.raises(manifest.DbtProjectFault, match=r"invoice\.sql"):
        manifest.parsed(write(tmp_path / "project", "select {{ ref('nowhere') }}"))
    assert not list((tmp_path / "project" / "target" / "parsed").glob("*"))


def test_an_interrupted_build_says_so(good, monkeypatch):
    folder, parsed, _ = good

    def stop(event):
        raise KeyboardInterrupt

    monkeypatch.setattr("dbt.task.build.BuildTask.run", lambda self: stop(None))
    with pytest.raises(KeyboardInterrupt):
        build(folder, parsed)
