"""A delivery that is truncated, stale or retyped is R38's, and nothing that depends on it is called matched or reported as
missing. A source that does not answer costs its own controls and the exit code, not the close of everything else."""

from __future__ import annotations

import csv
import shutil
import socket
from functools import partial
from pathlib import Path

import duckdb
import pytest
import yaml

import sample_data
from tests.command import tieout

pytestmark = pytest.mark.slow

DEPENDANTS = {"truncated_erp": {"R33"}, "stale_extract": {"R24"}, "retyped_column": {"R24", "R33"}}
SILENT = "crm_elsewhere"


def faulty(variant: str, folder: Path) -> None:
    """A small clean company with the one fault, beside a CRM that lies behind a port where nobody listens."""
    sample_data.generate(folder, size="ci", seed=1, events=6000, customers=60, clean=True, variant=variant)
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    file = folder / "tieout.yml"
    document = yaml.safe_load(file.read_text(encoding="utf-8"))
    names = {source["domain"]: source["name"] for source in document["sources"]}
    for source in document["sources"]:
        if source["domain"] == "crm":
            source["links"] = [name for domain, name in names.items() if domain != "crm"]
    objects = {name: {"path": f"/{name}"} for name in ("accounts", "contracts", "contract_lines")}
    quick = {"first_wait_seconds": 0.01, "longest_wait_seconds": 0.01}
    rest = {"type": "rest", "url": f"http://127.0.0.1:{port}/v1", "objects": objects, "retry": quick}
    document["sources"].append({"name": SILENT, "domain": "crm", "vendor": "generic", "connector": rest})
    file.write_text(yaml.safe_dump(document, sort_keys=False), encoding="utf-8")


IN_EVERY_RUN = "truncated_erp"


@pytest.fixture(
    scope="module",
    params=[IN_EVERY_RUN, *(pytest.param(one, marks=pytest.mark.soak) for one in DEPENDANTS if one != IN_EVERY_RUN)],
)
def variant(request) -> str:
    return request.param


@pytest.fixture(scope="module")
def closed(worlds, variant):
    return worlds(variant, partial(faulty, variant))


def rows(closed, query: str) -> list[tuple]:
    with duckdb.connect(str(closed.published), read_only=True) as con:
        return con.execute(query).fetchall()


def test_a_source_fault_is_one_break_and_its_dependants_are_not_testable(closed, variant):
    with (closed.folder / "truth.csv").open(encoding="utf-8") as file:
        expected = {(row["code"], row["match_key"], row["cause"]) for row in csv.DictReader(file)}
    found = rows(
        closed,
        f"select code, match_key, cause_code from marts.exceptions where source_instance is distinct from '{SILENT}'",
    )
    statuses = rows(closed, "select distinct code, status from marts.reconciliation_results")
    assert set(found) == expected
    for code in DEPENDANTS[variant]:
        assert {status for one, status in statuses if one == code} == {"not_testable"}


def test_a_source_that_does_not_answer_ends_the_run_with_3_and_only_its_objects_are_not_tested(closed):
    assert closed.run.code == 3, closed.run.text
    said = [line for line in closed.run.err.splitlines() if "a source failed" in line]
    assert len(said) == 1, "one failure is told once, not once per object"
    assert "cannot be reached (Connection refused)" in said[0]
    theirs = f"from marts.exceptions where source_instance = '{SILENT}'"
    assert rows(closed, f"select distinct code {theirs}") == [("R38",)]
    matched = "select distinct code from marts.reconciliation_results where status = 'matched'"
    assert {"R01", "R05", "R09"} <= {code for (code,) in rows(closed, matched)}, (
        "the other CRM's contracts tie all the same"
    )


def test_a_landing_folder_that_is_gone_ends_the_run_with_3_and_what_came_before_counts(clean, tmp_path):
    """A share that is not mounted would look like a day on which nothing happened."""
    folder = tmp_path / "company"
    shutil.copytree(clean.folder, folder, symlinks=True)
    (folder / "data" / "crm").rename(folder / "unmounted")
    ran = tieout("run", "--config", folder / "tieout.yml")
    assert ran.code == 3, ran.text
    said = [line for line in ran.err.splitlines() if "a source failed" in line]
    assert len(said) == 1, ran.err
    assert "source 'crm'" in said[0] and "does not exist" in said[0]
    assert "no open break" in ran.out, "the close goes on with what the archive holds"
