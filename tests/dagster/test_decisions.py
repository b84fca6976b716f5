"""The decisions of the orchestration that need neither Dagster's machinery nor a warehouse."""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import dagster as dg
import pytest

from dagster_project import pipeline, progress
from dagster_project.archive.manifest import Manifest
from dagster_project.cli.run import check_period, moment
from dagster_project.defs import gates, jobs, models, periods, resources, sources, translator
from dagster_project.defs.watch import changes
from dagster_project.errors import ConfigurationError
from dagster_project.pipeline import Fault, RunReport
from dagster_project.settings import Settings
from expectations.suites.model import CheckResult

NOON = datetime(2026, 10, 12, 12, tzinfo=UTC)


def settings_of(tmp_path: Path, **more: object) -> Settings:
    source = {"name": "billing", "domain": "billing", "connector": {"type": "files", "path": tmp_path / "data"}}
    return Settings(company="Borealis", home=tmp_path / "home", reporting_currency="USD", sources=(source,), **more)


def report(published: bool, *codes: int) -> RunReport:
    faults = tuple(Fault("step", "words", code) for code in codes)
    return RunReport("1", NOON, "2026-09", Path("x") if published else None, None, (), faults, Path("log"))


@pytest.mark.parametrize(
    ("published", "codes", "breaks", "expected"),
    [
        (True, (), 0, 0),
        (True, (), 3, 1),
        (False, (2,), 0, 2),
        (False, (3,), 0, 3),
        (False, (2, 3), 0, 3),
        (True, (2,), 0, 3),
        (True, (3,), 7, 3),
    ],
)
def test_exit_code_says_clean_breaks_wrong_input_or_failed_store(published, codes, breaks, expected):
    """A scheduler reads the code: breaks taken for a crash, or a crash for a clean close, misstate the close."""
    assert report(published, *codes).exit_code(breaks) == expected


@pytest.mark.parametrize(
    ("as_of", "period"),
    [("2026-10-12", "2026-09"), ("2026-01-31", "2025-12"), ("2026-03-01", "2026-02"), ("2028-03-31", "2028-02")],
)
def test_a_close_without_a_period_is_about_the_month_that_ended_last(as_of, period):
    assert periods.last_ended(datetime.fromisoformat(f"{as_of}T00:00:00+00:00")) == period


def test_the_clock_asked_for_comes_before_that_of_the_file_and_that_before_the_wall(tmp_path):
    """Two clocks in one run would age the same invoice differently in two controls."""
    plain, dated = settings_of(tmp_path), settings_of(tmp_path, as_of=datetime(2026, 1, 1, tzinfo=UTC))
    assert resources.resolve(plain, "", NOON).as_of == NOON
    assert resources.resolve(dated, "", NOON).as_of == datetime(2026, 1, 1, tzinfo=UTC)
    assert resources.resolve(dated, "2026-05-01T02:00:00+02:00", NOON).as_of == datetime(2026, 5, 1, tzinfo=UTC)


def test_a_run_that_looks_back_measures_at_that_moment_unless_a_clock_is_asked_for(tmp_path):
    """Today's clock over yesterday's data would call everything stale and overdue."""
    then = datetime(2026, 2, 1, tzinfo=UTC)
    looking_back = settings_of(tmp_path, known_at=then)
    assert (looking_back.clock, resources.resolve(looking_back, "", NOON).as_of) == (then, then)
    asked = resources.resolve(settings_of(tmp_path), "", NOON, "2026-02-01T01:00:00+01:00")
    assert (asked.as_of, asked.known_at) == (then, then)
    assert resources.resolve(looking_back, "2026-05-01T00:00:00Z", NOON).as_of == datetime(2026, 5, 1, tzinfo=UTC)
    config = pipeline.run_config(looking_back, then)["resources"][resources.RESOURCE_KEY]["config"]
    assert config["known_at"] == then.isoformat()


def test_as_of_without_an_offset_is_refused_with_an_example():
    with pytest.raises(ConfigurationError, match="2026-10-12T00:00:00Z"):
        moment("2026-10-12T00:00:00")
    with pytest.raises(ConfigurationError, match="expected an ISO time"):
        moment("yesterday")


@pytest.mark.parametrize("text", ["2026-13", "september", "2026", "2026-9-1"])
def test_a_period_that_is_no_month_is_refused(text):
    with pytest.raises(ConfigurationError, match="accounting period"):
        check_period(text)


def test_new_changed_and_removed_files_ask_for_one_run_each(tmp_path):
    settings = settings_of(tmp_path)
    folder = tmp_path / "data" / "invoices"
    assert changes(settings, None) is None, "nothing has landed: there is nothing to close"
    folder.mkdir(parents=True)
    (folder / "a.csv").write_text("x\n")
    first = changes(settings, None)
    assert first is not None
    assert first.files == 1
    assert changes(settings, first.cursor) is None
    (folder / "a.csv").write_text("xy\n")
    second = changes(settings, first.cursor)
    assert second is not None
    assert second.cursor != first.cursor
    (folder / ".part").write_text("half a file that is still being written")
    assert changes(settings, second.cursor) is None


def test_a_request_names_period_and_state_so_that_one_state_runs_once():
    request = jobs.close_request(None, NOON, run_key="abc")
    assert (request.partition_key, request.run_key) == ("2026-09", "abc")
    assert periods.DEFAULTED_TAG in request.tags


def check(name: str, passed: bool, blocking: bool = False, severity: str = "S2", **metadata: object) -> CheckResult:
    facts = {"status": "passed" if passed else "failed", "owner_role": "AR", "unexpected_rows": 0 if passed else 2}
    return CheckResult(name, passed, blocking, severity, f"{name} in words.", {**facts, **metadata})


def test_a_question_fails_with_the_worst_of_its_checks_and_keeps_the_money():
    folded = gates.fold(
        "q", [check("a", True), check("b", False, severity="S1", amount_minor={"JPY": 5}), check("c", False)]
    )
    assert not folded.passed
    assert not folded.blocking
    assert folded.severity == "S1"
    assert folded.words == "b in words.\nc in words."
    assert folded.metadata["at stake: b"] == {"JPY": 5}
    assert folded.metadata["unexpected_rows"] == 4


def test_only_a_structural_check_that_failed_closes_the_gate():
    """Bad data of one object is a finding (R38); a gate that closed on it would keep all other figures from the close."""
    spec = dg.AssetCheckSpec("q", asset=dg.AssetKey(["landed", "x"]), blocking=True)
    structural_holds = gates.fold("q", [check("columns", True, blocking=True), check("fresh", False)])
    assert gates.check_result(spec, structural_holds).severity == dg.AssetCheckSeverity.WARN
    structural_fails = gates.fold("q", [check("columns", False, blocking=True)])
    assert gates.check_result(spec, structural_fails).severity == dg.AssetCheckSeverity.ERROR


def test_what_a_check_found_is_read_without_a_click():
    """The UI folds lists and amounts away, and empty ones look like the others."""
    spec = dg.AssetCheckSpec("q", asset=dg.AssetKey(["landed", "x"]))
    folded = gates.fold("q", [check("a", False, amount_minor={"JPY": 5000, "BHD": -7}), check("b", True)])
    facts = {name: fact.value for name, fact in gates.check_result(spec, folded).metadata.items()}
    assert facts["at stake: a"] == "5,000 minor units of JPY, -7 minor units of BHD"
    assert (facts["failed"], facts["not testable"], facts["owner_role"]) == ("a", "none", "AR")
    assert (facts["checks"], facts["unexpected_rows"], facts["words"]) == (2, 2, "a in words.")


def test_an_object_that_is_not_configured_passes_and_says_so():
    spec = dg.AssetCheckSpec("q", asset=dg.AssetKey(["landed", "x"]))
    result = gates.check_result(spec, None)
    assert result.passed
    assert "Not configured" in str(result.metadata["words"].value)


def test_control_totals_are_exact_and_leave_refused_files_out():
    """Ten million cents summed as floats drift; a refused file's total would tie to rows that are in no figure."""
    common = {
        "kind": "batch",
        "previous_sha256": None,
        "source_instance": "b",
        "domain": "billing",
        "vendor": "generic",
    }
    common |= {"object": "payments", "file_name": "f", "received_at": NOON, "contract_version": "1"}
    links = [
        Manifest(**common, sequence=1, batch_id="1", received_totals={"amount": "0.1000"}),
        Manifest(**common, sequence=2, batch_id="2", received_totals={"amount": "0.2000"}),
        Manifest(**common, sequence=3, batch_id="3", state="refused", received_totals={"amount": "9"}),
    ]
    assert sources.control_totals(links) == {"amount": "0.3000"}


def test_a_model_says_its_grain_and_question_from_its_opening_comment():
    sql = "-- One row per invoice.\n-- What is owed?\n{{ config() }}\nselect 1 -- not this"
    assert translator.opening_comment(sql) == "One row per invoice. What is owed?"
    assert translator.opening_comment("{# grain\n question #}\nselect 1") == "grain question"
    assert translator.opening_comment("select 1") == ""


def test_owner_and_severity_of_a_control_reach_its_asset():
    node = {
        "config": {"meta": {"owner_role": "AR", "severity": "S1", "code": "R14", "title": "T"}},
        "resource_type": "model",
    }
    assert translator.owners(translator.meta_of(node)) == ["team:AR"]
    assert translator.LayerTranslator().get_tags(node) == {"tieout/code": "R14", "tieout/severity": "S1"}


@pytest.mark.parametrize(
    ("job", "assets", "reads"),
    [
        ("evidence", None, True),
        ("__ASSET_JOB", [resources.PACK], True),
        ("__ASSET_JOB", [resources.PACK, dg.AssetKey(["published", "snapshot"])], False),
        ("close", None, False),
        ("snapshot", None, False),
    ],
)
def test_a_run_of_packs_alone_only_reads_and_any_other_has_the_home_for_itself(job, assets, reads):
    """What is not known to read writes: a writer beside another would lose a delivery."""
    run = dg.DagsterRun(job_name=job, run_id="1", asset_selection=None if assets is None else frozenset(assets))
    assert resources.only_reads(run) is reads


def test_the_books_are_being_built_until_the_last_of_them_is_done():
    invoice, control = {"resource_type": "model", "schema": "canonical"}, {"resource_type": "model", "schema": "marts"}
    test = {"resource_type": "test", "schema": "tests"}
    assert models.stage_of([control, invoice]) == progress.BOOKS
    assert models.stage_of([control, test]) == progress.CONTROLS


def test_threads_that_end_models_at_once_do_not_end_the_run():
    """A line of progress must never be what fails a close."""
    names = [f"model.tieout.m{number}" for number in range(400)]
    nodes = {name: {"resource_type": "model", "schema": "marts", "name": name} for name in names}
    follow, heard = models.announcing(nodes, names), []
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        with progress.listening(heard.append), ThreadPoolExecutor(8) as pool:
            list(pool.map(lambda name: follow({"data": {"node_info": {"unique_id": name}}}), names))
    finally:
        sys.setswitchinterval(before)
    assert sorted(step.done for step in heard) == list(range(1, 401))
