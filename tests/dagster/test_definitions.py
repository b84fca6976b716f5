"""What Dagster loads is what was declared: a check on an asset that does not exist is left out without a word, and a gate
that nobody notices missing lets wrong figures through."""

from __future__ import annotations

import subprocess
import sys

import dagster as dg
import pytest

from dagster_project.dbt import manifest
from dagster_project.definitions import defs
from dagster_project.defs import gates, jobs, resources
from dagster_project.defs.landed import landed_key
from dagster_project.defs.translator import asset_key
from dagster_project.settings import PROJECT_ROOT
from dagster_project.sources.contracts import load_contracts
from expectations.policy.data_quality import load_policy
from expectations.suites import outcome

DOMAINS = ["billing", "crm", "erp", "hub", "product"]


@pytest.fixture(scope="module")
def graph():
    return defs.resolve_asset_graph()


@pytest.fixture(scope="module")
def parsed():
    return manifest.parsed().as_dict()


def test_every_object_of_the_contracts_is_an_asset_of_its_domain(graph):
    for domain, name in load_contracts():
        assert graph.get(dg.AssetKey([domain, name])).group_name == domain


def test_every_object_names_who_answers_for_it(graph):
    """A file that was refused at night, on a page that does not say whose it is, waits until somebody knows."""
    for domain, name in load_contracts():
        owner = f"team:{load_policy().owner_of(domain, name)}"
        for key in (dg.AssetKey([domain, name]), landed_key("generic", domain, name)):
            assert graph.get(key).owners == [owner], key.to_user_string()


def test_every_model_file_is_an_asset_in_the_group_of_its_layer(graph):
    models = PROJECT_ROOT / "dbt_project" / "models"
    for file in models.rglob("*.sql"):
        layer = file.relative_to(models).parts[0]
        assert graph.get(dg.AssetKey([layer, file.stem])).group_name == layer


def test_every_relation_that_dbt_reads_is_made_by_an_asset(graph, parsed):
    """Otherwise the lineage of a figure ends in a table that nobody claims."""
    made = set(graph.materializable_asset_keys) | {gates.BOUNDARY_RESULTS, gates.OUTCOME_RESULTS}
    read = {asset_key(node) for node in parsed["sources"].values()}
    assert read - made == set()


def test_staging_depends_on_the_source_object_that_it_renames(graph):
    for domain, name in load_contracts():
        staging = dg.AssetKey(["staging", f"stg_generic__{domain}__{name}"])
        landed = landed_key("generic", domain, name)
        assert landed in graph.get(staging).parent_keys
        assert dg.AssetKey([domain, name]) in graph.get(landed).parent_keys


def test_every_declared_check_is_loaded_on_an_asset_that_exists(graph, parsed):
    declared = {spec.key for spec in gates.boundary_specs(load_contracts())}
    declared |= {
        dg.AssetCheckKey(gates.outcome_key(suite.asset_key), check.name)
        for suite in outcome.suites()
        for check in suite.checks
    }
    generic = [
        node for node in parsed["nodes"].values() if node["resource_type"] == "test" and node.get("attached_node")
    ]
    declared |= {
        dg.AssetCheckKey(asset_key(parsed["nodes"][node["attached_node"]]), node["name"])
        for node in generic
        if node["attached_node"] in parsed["nodes"]
    }
    assert len(generic) > 20, "the dbt project lost its tests"
    assert declared - set(graph.asset_check_keys) == set()
    known = set(graph.get_all_asset_keys())
    assert {key.asset_key for key in graph.asset_check_keys} <= known


def test_every_dbt_test_is_a_check_and_not_only_an_observation(graph, parsed):
    """A test over several models needs `meta.dagster.ref`, or its failure is a note that nobody reads."""
    tests = {node["name"] for node in parsed["nodes"].values() if node["resource_type"] == "test"}
    assert tests - {key.name for key in graph.asset_check_keys} == set()


def test_gates_hold_back_what_follows_them(graph):
    """Books are built after the boundary was judged, and nothing is published before the outcome was."""
    for key in graph.asset_check_keys:
        if key.asset_key.path[0] in ("landed", "marts") and key.name in BLOCKING:
            assert graph.get(key).blocking, key


BLOCKING = {gates.DELIVERED, gates.KEEPS_CONTRACT} | {
    check.name for suite in outcome.suites() for check in suite.checks
}


def test_the_snapshot_is_published_after_every_mart_and_the_pack_after_the_snapshot(graph):
    snapshot, pack = dg.AssetKey(["published", "snapshot"]), dg.AssetKey(["evidence", "pack"])
    marts = {key for key in graph.get_all_asset_keys() if key.path[0] == "marts"}
    assert marts <= graph.get(snapshot).parent_keys
    assert graph.get(pack).parent_keys == {snapshot}
    assert graph.get(pack).partitions_def.name == "accounting_period"


def test_jobs_schedules_and_sensors_are_these():
    repository = defs.get_repository_def()
    named = {job.name for job in repository.get_all_jobs()} - {"__ASSET_JOB"}
    assert named == {"close", "evidence", "snapshot", *(f"snapshot_{domain}" for domain in DOMAINS)}
    schedules = {one.name: (one.cron_schedule, one.job_name, one.default_status) for one in repository.schedule_defs}
    assert schedules == {"continuous": ("0 * * * *", "close", dg.DefaultScheduleStatus.STOPPED)}
    sensors = {one.name: (one.job_name, one.default_status) for one in repository.sensor_defs}
    assert sensors == {"new_files": ("close", dg.DefaultSensorStatus.STOPPED)}


def test_the_close_runs_everything_and_a_snapshot_only_sources(graph):
    close = defs.resolve_job_def(jobs.CLOSE).asset_layer
    assert close.executable_asset_keys == graph.materializable_asset_keys
    snapshot = defs.resolve_job_def("snapshot_billing").asset_layer
    assert {key.path[0] for key in snapshot.executable_asset_keys} == {"billing"}


def test_whatever_writes_is_in_the_writers_pool_and_only_the_pack_is_not(graph):
    """A second worker would otherwise be given what must wait."""
    pools = {key: graph.get(key).pools for key in graph.materializable_asset_keys}
    assert {key for key, found in pools.items() if found != {resources.WRITER_POOL}} == {resources.PACK}


def test_one_process_does_the_work():
    """DuckDB has one writer: steps in processes of their own would lock each other out."""
    assert defs.resolve_job_def(jobs.CLOSE).executor_def.name == "in_process"


def test_definitions_load_without_a_configuration_or_a_network(tmp_path):
    code = (
        "import socket\n"
        "def refuse(*a, **k): raise AssertionError('the network was used')\n"
        "socket.socket.connect = refuse; socket.create_connection = refuse\n"
        "from dagster_project.definitions import defs\n"
        "print(len(list(defs.resolve_asset_graph().get_all_asset_keys())))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        env={"HOME": str(tmp_path)},
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert int(done.stdout) > 100
    assert list(tmp_path.iterdir()) == []


def test_every_check_of_the_outcome_says_what_it_holds_what_its_failure_costs_and_what_next(graph):
    """Of a red check its name alone was told before it ran: nobody knew what not to trust."""
    specs = gates.outcome_specs(graph.materializable_asset_keys)
    told = {spec.name: spec.description or "" for spec in specs}
    assert len(told) > 5
    assert [name for name, words in told.items() if "Where that fails: " not in words or "Next: " not in words] == []
    assert [name for name, words in told.items() if "{" in words] == [], "nothing has run that could fill it in"
    assert told["every_break_has_an_owner"].startswith("Every open exception has an owner, a severity and a reason.")
