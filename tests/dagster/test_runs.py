"""What a run leaves behind: its faults in words, its history, and nothing that a killed run could block."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
import uuid

import dagster as dg
import duckdb
import pytest
import yaml

from dagster_project import abandoned, dagster_home, pipeline
from dagster_project.archive.report import ObjectReport
from dagster_project.definitions import defs
from dagster_project.defs import sources
from dagster_project.defs.faults import in_words
from dagster_project.errors import InputError, StoreError
from dagster_project.settings import CONFIG_VARIABLE
from dagster_project.sources.contracts import contracts_of
from tests.dagster.test_decisions import NOON, settings_of
from tests.ingestion.company import company


@dg.asset(key=["landed", "x"])
def landed() -> None: ...


@dg.asset_check(asset=["landed", "x"], blocking=True, name="columns")
def gate() -> dg.AssetCheckResult:
    return dg.AssetCheckResult(passed=False, metadata={"words": "three columns are missing"})


@dg.asset(deps=[["landed", "x"]])
def books() -> None: ...


@dg.asset
def wrong_input() -> None:
    with in_words():
        raise InputError("invoices.csv:7: net_amount = 'ten': expected a decimal")


@dg.asset
def full_disk() -> None:
    with in_words():
        raise OSError(28, "No space left on device", "/home/x.duckdb")


@dg.asset
def our_own_fault() -> None:
    raise ZeroDivisionError("by zero")


def outcome(tmp_path, *assets, checks=()):
    return pipeline.report(execute(*assets, checks=checks), NOON, "2026-09", tmp_path / "log.txt")


def execute(*assets, checks=()):
    definitions = dg.Definitions(
        assets=list(assets), asset_checks=list(checks), jobs=[dg.define_asset_job("j", dg.AssetSelection.all())]
    )
    with dg.DagsterInstance.ephemeral() as instance:
        return definitions.resolve_job_def("j").execute_in_process(
            instance=instance,
            raise_on_error=False,
            run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
        )


def test_a_closed_gate_says_which_check_on_what_and_what_it_means(tmp_path):
    report = outcome(tmp_path, landed, books, checks=[gate])
    assert [fault.message for fault in report.faults] == ["gate closed on landed/x: three columns are missing"]
    assert report.exit_code(0) == 3


@dg.asset_check(asset=["landed", "x"], blocking=True, name="references")
def finding() -> dg.AssetCheckResult:
    words = {"words": "two documents name an invoice that does not exist"}
    return dg.AssetCheckResult(passed=False, severity=dg.AssetCheckSeverity.WARN, metadata=words)


def test_a_finding_about_the_data_closes_no_gate(tmp_path):
    """A fictitious document is what a reconciliation is there to find: it must reach the results."""
    report = outcome(tmp_path, landed, books, checks=[finding])
    assert report.faults == ()


def test_wrong_input_ends_with_two_and_the_words_of_whoever_found_it(tmp_path):
    report = outcome(tmp_path, wrong_input)
    assert [(fault.message, fault.exit_code) for fault in report.faults] == [
        ("invoices.csv:7: net_amount = 'ten': expected a decimal", 2)
    ]
    assert report.exit_code(0) == 2


def test_a_full_disk_ends_with_three_and_names_the_file(tmp_path):
    report = outcome(tmp_path, full_disk)
    assert report.exit_code(0) == 3
    assert "/home/x.duckdb" in report.faults[0].message
    assert "No space left" in report.faults[0].message


def test_a_fault_of_our_own_is_one_line_and_never_exit_code_zero(tmp_path):
    report = outcome(tmp_path, our_own_fault)
    assert report.exit_code(0) == 3
    assert "ZeroDivisionError: by zero" in report.faults[0].message
    assert "\n" not in report.faults[0].message


def _taken(name: str) -> dg.AssetsDefinition:
    """The asset of a billing object after a delivery into `misc/`, which may be meant for any of them."""
    note = "source 'billing': misc/: not read"
    report = ObjectReport("billing", "billing", "generic", name, False, 0.1, notes=(note,))

    @dg.asset(key=["billing", name])
    def taken() -> dg.MaterializeResult:
        return dg.MaterializeResult(metadata=sources.describe([report], []))

    return taken


def test_a_file_that_was_not_read_is_told_once_and_stops_nothing(tmp_path):
    """A misspelt folder is a delivery that is missing from every figure: whoever runs the close must see it."""
    report = outcome(tmp_path, _taken("invoices"), _taken("payments"))
    assert report.notes == ("source 'billing': misc/: not read",)
    assert report.faults == ()


def test_deliveries_of_a_system_that_is_not_connected_are_told_with_its_objects(tmp_path):
    """A second engine whose folder no source names is in no total, and every control of the first ties."""
    firm = company(tmp_path, "billing")
    firm.deliver("billing_emea/invoices/a.csv", "invoice_id\n")
    firm.deliver("product/usage_events/a.csv", "event_id\n")
    for domain, name, place in (("billing", "invoices", "billing_emea"), ("product", "usage_events", "product")):
        (told,) = sources.snapshot(firm.settings, domain, [name], is_whole=False)[name][sources.NOT_READ]
        assert told.startswith(f"data/{place}: not read; it holds {name} of {domain}, and no source")


@dg.asset
def stopped() -> None:
    raise KeyboardInterrupt


def test_a_run_that_the_user_stopped_is_told_from_one_that_failed(tmp_path):
    """130 and not 3: a scheduler must not page anybody for a Ctrl-C."""
    assert pipeline.was_interrupted(execute(stopped))
    assert not pipeline.was_interrupted(execute(our_own_fault))


def _stop_soon() -> None:
    threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGTERM)).start()


@dg.asset
def stopped_in_the_engine() -> None:
    """DuckDB tells an error of its own: `RuntimeError: Query interrupted`."""
    with in_words(), duckdb.connect() as con:
        _stop_soon()
        con.execute("select sum(hash(a.range + b.range)) from range(10000000) as a, range(1000) as b").fetchall()


@dg.asset
def stopped_while_tables_are_copied() -> None:
    """What is put away afterwards fails, as a connection does that its threads still use."""
    with in_words():
        try:
            _stop_soon()
            time.sleep(30)
        finally:
            raise StoreError("the connection is busy")


@pytest.mark.parametrize("asset", [stopped_in_the_engine, stopped_while_tables_are_copied])
def test_an_interrupt_that_an_error_hides_is_an_interrupt(asset):
    """A SIGTERM while publishing or writing the pack would be told as a crash of the step, with 3, and page somebody."""
    assert pipeline.was_interrupted(execute(asset))


def test_telemetry_is_off_and_one_run_writes_at_a_time(tmp_path):
    folder = dagster_home.prepare(settings_of(tmp_path))
    for name in (dagster_home.UI_FILE, dagster_home.COMMAND_FILE):
        content = yaml.safe_load((folder / name).read_text())
        assert content["telemetry"] == content["nux"] == {"enabled": False}
        assert content["concurrency"]["runs"]["max_concurrent_runs"] == 1


@pytest.fixture
def instance(tmp_path):
    with dagster_home.opened(dagster_home.prepare(settings_of(tmp_path))) as found:
        yield found


def test_a_killed_run_is_ended_and_a_living_one_is_left_alone(instance):
    """The queue of the UI starts nothing while a run seems to be at work: a killed close would block every later one."""
    ended = subprocess.Popen(["true"])
    ended.wait()
    living = subprocess.Popen(["sleep", "60"])
    states, machine = dg.DagsterRunStatus, abandoned.MACHINE_TAG
    runs = {
        "killed": (states.STARTED, {abandoned.PROCESS_TAG: str(ended.pid)}),
        "killed while it was stopped": (states.CANCELING, {abandoned.PROCESS_TAG: str(ended.pid)}),
        "living": (states.STARTED, {abandoned.PROCESS_TAG: str(living.pid)}),
        "elsewhere": (states.STARTED, {abandoned.PROCESS_TAG: str(ended.pid), machine: "another"}),
        "not known": (states.STARTED, {}),
    }
    try:
        for name, (status, tags) in runs.items():
            instance.add_run(dg.DagsterRun(job_name=name, run_id=str(uuid.uuid4()), status=status, tags=tags))
        abandoned.end_abandoned(instance)
        found = {run.job_name: run.status for run in instance.get_runs()}
    finally:
        living.kill()
        living.wait()
    failed = {name for name, status in found.items() if status == states.FAILURE}
    assert failed == {"killed", "killed while it was stopped"}
    assert {found[name] for name in runs.keys() - failed} == {states.STARTED}


def test_a_worker_is_known_by_its_process_and_what_it_writes_last_arrives(tmp_path, monkeypatch):
    """It lets go of the history's connections before the run has ended: an end that is not written blocks the queue."""
    one = company(tmp_path, "crm")
    one.settings.config_path.write_text(
        "company: Borealis\nhome: home\nreporting_currency: USD\nsources:\n"
        "  - {name: crm, domain: crm, connector: {type: files, path: data/crm}}\n",
        encoding="utf-8",
    )
    monkeypatch.setenv(CONFIG_VARIABLE, str(one.settings.config_path))
    folder = dagster_home.prepare(one.settings)
    with dg.DagsterInstance.from_config(str(folder), dagster_home.UI_FILE) as instance:
        done = defs.resolve_job_def("snapshot_crm").execute_in_process(instance=instance)
    with dg.DagsterInstance.from_config(str(folder), dagster_home.UI_FILE) as instance:
        (run,) = instance.get_runs()
        kinds = [record.dagster_event_type for record in instance.all_logs(run.run_id) if record.is_dagster_event]
    assert (run.run_id, run.status) == (done.run_id, dg.DagsterRunStatus.SUCCESS)
    assert abandoned.this_process().items() <= run.tags.items()
    assert kinds[-1] == dg.DagsterEventType.RUN_SUCCESS
    assert kinds.count(dg.DagsterEventType.ASSET_MATERIALIZATION) == len(contracts_of("crm"))
