"""Two workers on one machine over PostgreSQL: what only reads goes together, what writes waits, and no run is lost."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import Request, urlopen

import dagster as dg
import pytest

from dagster_project import archive, dagster_home
from dagster_project.defs.resources import PACK
from dagster_project.evidence import verify_pack, write_pack
from dagster_project.settings import Settings, load
from tests.command import COMMAND
from tests.dagster.conftest import PASSWORD, VARIABLE
from tests.marts import mart_hashes

pytestmark = pytest.mark.slow
PATIENCE_SECONDS = 300
PERIODS = ["2026-07", "2026-08"]
LAUNCH = """
mutation launch($given: LaunchBackfillParams!) {
  launchPartitionBackfill(backfillParams: $given) {
    __typename
    ... on LaunchBackfillSuccess { backfillId }
    ... on PythonError { message }
  }
}"""


@dataclass(frozen=True)
class Ui:
    """The UI of `tieout dagster`, as a browser talks to it."""

    port: int

    def ask(self, query: str, **variables: Any) -> dict[str, Any]:
        """The answer to a GraphQL query."""
        body = json.dumps({"query": query, "variables": variables}).encode()
        address = f"http://127.0.0.1:{self.port}/graphql"
        with urlopen(Request(address, body, {"Content-Type": "application/json"}), timeout=60) as answer:
            found = json.load(answer)
        assert not found.get("errors"), found
        return found["data"]

    def backfill(self, **what: Any) -> str:
        """Launches a backfill over PERIODS and returns its id."""
        came = self.ask(LAUNCH, given={"partitionNames": PERIODS, **what})["launchPartitionBackfill"]
        assert "backfillId" in came, came
        return came["backfillId"]

    def is_there(self) -> bool:
        """Whether it answers and has loaded the definitions."""
        try:
            return "close" in json.dumps(self.ask("{ repositoriesOrError { __typename ... on RepositoryConnection"
                                                  " { nodes { jobs { name } } } } }"))  # fmt: skip
        except (URLError, ConnectionError, TimeoutError):
            return False


@pytest.fixture(scope="module")
def settings(planted, postgres, tmp_path_factory) -> Settings:
    """The closed sample company, its history of runs begun anew in PostgreSQL, with two workers."""
    folder = tmp_path_factory.mktemp("workers") / "company"
    shutil.copytree(planted.folder, folder, symlinks=True)
    with (folder / "tieout.yml").open("a", encoding="utf-8") as file:
        url = postgres.with_password("workers", PASSWORD, "workers")
        file.write(f"dagster: {{workers: 2, storage: {{postgres_url: '{url}', password_env: {VARIABLE}}}}}\n")
    return load(folder / "tieout.yml")


@pytest.fixture(scope="module")
def instance(settings) -> Iterator[dg.DagsterInstance]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(VARIABLE, PASSWORD)
        with dagster_home.opened(dagster_home.prepare(settings)) as found:
            yield found


@pytest.fixture(scope="module")
def ui(settings, instance) -> Iterator[Ui]:
    """`tieout dagster` as an operator starts it."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    log = settings.home / "ui.log"
    with log.open("wb") as out:
        command = [*COMMAND, "dagster", "--config", str(settings.config_path), "--port", str(port)]
        process = subprocess.Popen(
            command, stdout=out, stderr=subprocess.STDOUT, env={**os.environ, VARIABLE: PASSWORD}
        )
    try:
        served = Ui(port)
        until(served.is_there, log)
        yield served
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(120) == 0
        until(lambda: not processes_of(settings), log)  # a daemon that outlived it would begin runs nobody asked for
        assert PASSWORD not in log.read_text(encoding="utf-8", errors="replace")


def until(holds: Callable[[], bool], log: Path) -> None:
    """Waits until it holds; fails with the last words of the UI."""
    for _ in range(PATIENCE_SECONDS * 2):
        if holds():
            return
        time.sleep(0.5)
    pytest.fail(f"not within {PATIENCE_SECONDS} s; {log.read_text(errors='replace')[-4000:]}")


def runs(instance: dg.DagsterInstance, backfill: str) -> list[dg.RunRecord]:
    return list(instance.get_run_records(dg.RunsFilter(tags={"dagster/backfill": backfill})))


def states(instance: dg.DagsterInstance, backfill: str) -> list[str]:
    return sorted(record.dagster_run.status.value for record in runs(instance, backfill))


def told_by_processes(what: str) -> dict[str, bytes]:
    """`cmdline` or `environ` of every process that may be read, by its id."""
    told = {}
    for file in Path("/proc").glob(f"[0-9]*/{what}"):
        with suppress(OSError):  # it has ended meanwhile
            told[file.parent.name] = file.read_bytes()
    return told


def processes_of(settings: Settings) -> list[str]:
    """The processes over the home that `tieout dagster` has begun."""
    mark = f"DAGSTER_HOME={settings.home / 'dagster'}".encode()
    return [process for process, environ in told_by_processes("environ").items() if mark in environ]


@pytest.fixture(scope="module")
def alone(settings) -> Path:
    """The pack of the first of PERIODS as `tieout evidence` makes it; named by its content."""
    return write_pack(settings, PERIODS[0]).path


@pytest.fixture(scope="module")
def backfilled(settings, instance, alone, ui) -> dict[str, list[dg.RunRecord]]:
    """Two backfills over two periods each, of packs and of closes, begun while a command has the home."""
    log = settings.home / "ui.log"
    with archive.exclusive(settings):  # as `tieout replay` has it
        packs = ui.backfill(assetSelection=[{"path": PACK.path}])
        until(lambda: states(instance, packs) == ["STARTED", "STARTED"], log)
        origin = {"repositoryName": "__repository__", "repositoryLocationName": "dagster_project.definitions"}
        closes = ui.backfill(selector={"partitionSetName": "close_partition_set", "repositorySelector": origin})
        until(lambda: states(instance, closes) == ["QUEUED", "QUEUED"], log)
        lines = told_by_processes("cmdline").values()
    assert any(b"dagster_project.definitions" in line for line in lines)
    assert not any(PASSWORD.encode() in line for line in lines)
    until(lambda: all(record.dagster_run.is_finished for one in (packs, closes) for record in runs(instance, one)), log)
    return {"packs": runs(instance, packs), "closes": runs(instance, closes)}


def test_every_period_of_a_backfill_is_made(settings, instance, backfilled):
    """A partition that failed, or was never begun, would be a month without evidence that looks as if it had some."""
    for records in backfilled.values():
        assert sorted(record.dagster_run.tags["dagster/partition"] for record in records) == PERIODS
        assert [record.dagster_run.status for record in records] == [dg.DagsterRunStatus.SUCCESS] * 2
    assert set(PERIODS) <= set(instance.get_materialized_partitions(PACK))


def test_packs_are_made_together_and_closes_one_after_the_other(backfilled):
    """Two closes at once would both append to the chain; packs that wait for each other cost the auditor an evening."""
    one, two = backfilled["packs"]
    assert max(one.start_time, two.start_time) < min(one.end_time, two.end_time)
    first, second = sorted(backfilled["closes"], key=lambda record: record.start_time)
    assert second.start_time >= first.end_time


def test_the_packs_and_books_of_backfills_are_those_of_single_runs(settings, planted, instance, alone, backfilled):
    paths = set()
    for record in backfilled["packs"]:
        (made,) = instance.get_records_for_run(
            record.dagster_run.run_id, of_type=dg.DagsterEventType.ASSET_MATERIALIZATION
        ).records
        path = Path(made.asset_materialization.metadata["path"].value)
        assert verify_pack(path).faults == ()
        paths.add(path)
    assert alone in paths
    assert mart_hashes(settings.published_path / "current.duckdb") == mart_hashes(planted.published)


def test_the_password_is_in_no_file_of_the_home(settings, backfilled):
    files = [settings.config_path, *(file for file in settings.home.rglob("*") if file.is_file())]
    assert [str(file) for file in files if PASSWORD.encode() in file.read_bytes()] == []
