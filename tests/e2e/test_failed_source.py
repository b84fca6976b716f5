"""A source that does not answer costs its own controls and the exit code, not the close of everything else."""

from __future__ import annotations

import socket
from pathlib import Path

import duckdb
import pytest
import yaml

import sample_data

pytestmark = pytest.mark.slow


def without_crm(folder: Path) -> None:
    """A small company whose CRM lies behind a port where nobody listens."""
    sample_data.generate(folder, size="ci", seed=1, events=6000, customers=60, clean=True)
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    file = folder / "tieout.yml"
    document = yaml.safe_load(file.read_text(encoding="utf-8"))
    objects = {name: {"path": f"/{name}"} for name in ("accounts", "contracts", "contract_lines")}
    quick = {"first_wait_seconds": 0.01, "longest_wait_seconds": 0.01}
    rest = {"type": "rest", "url": f"http://127.0.0.1:{port}/v1", "objects": objects, "retry": quick}
    for source in document["sources"]:
        if source["domain"] == "crm":
            source["connector"] = rest
    file.write_text(yaml.safe_dump(document, sort_keys=False), encoding="utf-8")


def test_a_source_that_does_not_answer_ends_the_run_with_3_and_its_objects_are_not_tested(worlds):
    closed = worlds("crm_down", without_crm)
    assert closed.run.code == 3, closed.run.text
    said = [line for line in closed.run.err.splitlines() if "a source failed" in line]
    assert len(said) == 1, "one failure is told once, not once per object"
    assert "cannot be reached (Connection refused)" in said[0]
    with duckdb.connect(str(closed.published), read_only=True) as con:
        found = con.execute(
            "select distinct code from marts.exceptions where source_instance like 'crm%' and code = 'R38'"
        ).fetchall()
        tested = con.execute("select count(*) from marts.reconciliation_results where status = 'matched'").fetchone()
    assert found == [("R38",)]
    assert tested is not None
    assert tested[0] > 0
