"""The unit tests of the dbt models, all in one invocation, and that every control has one."""

from __future__ import annotations

import shutil
from collections import Counter

import pytest
import yaml

from dagster_project.dbt.manifest import DBT_PROJECT, parsed
from tests.dbt.dbt_in_process import run_unit_tests

CONTROLS = sorted((DBT_PROJECT / "models" / "reconciliation").rglob("r[0-9][0-9]_*.sql"))
UNIT_TESTS = [
    (file.parent, test)
    for file in sorted((DBT_PROJECT / "models").rglob("*.yml"))
    for test in (yaml.safe_load(file.read_text(encoding="utf-8")) or {}).get("unit_tests") or []
]


@pytest.mark.slow
def test_every_unit_test_of_a_model_passes(clean, tmp_path):
    """Mocked inputs take their columns from a warehouse in which every model was built: a copy of the clean company's."""
    warehouse = tmp_path / "tieout.duckdb"
    shutil.copyfile(clean.folder / ".tieout" / "warehouse" / "tieout.duckdb", warehouse)
    outcome = run_unit_tests(warehouse, tmp_path)
    assert {name: message for name, message in outcome.items() if message} == {}
    assert set(outcome) == {f"{test['model']}.{test['name']}" for _, test in UNIT_TESTS}


def test_every_control_is_described_beside_its_model_and_has_a_unit_test_there():
    """A control whose edges nobody wrote down may judge them either way, and no figure would show it."""
    lacking = []
    for control in CONTROLS:
        beside = control.with_suffix(".yml")
        held = yaml.safe_load(beside.read_text(encoding="utf-8")) if beside.exists() else {}
        described = {model["name"] for model in held.get("models") or []}
        tested = {test["model"] for test in held.get("unit_tests") or []}
        if control.stem not in described & tested:
            lacking.append(beside.name)
    assert CONTROLS and lacking == [], (
        "a control needs a .yml of its name beside its model, with its description and at least one of its unit_tests"
        f' (docs/architecture.md, "One control, one model"); missing or incomplete: {lacking}'
    )


def test_a_unit_test_gives_every_model_that_its_own_reads():
    """dbt says so only when it runs it, after a whole close; a model that reads one more is then found late."""
    manifest = parsed().as_dict()
    models = {one["name"]: one for one in manifest["nodes"].values() if one["resource_type"] in ("model", "seed")}
    lacking = []
    for test in manifest["unit_tests"].values():
        given = {one["input"] for one in test["given"]}
        reads = [manifest["nodes"].get(node) for node in models[test["model"]]["depends_on"]["nodes"]]
        read = {one["name"] for one in reads if one}
        lacking += [f"{test['name']}: {name}" for name in sorted(read & set(models)) if f"ref('{name}')" not in given]
    assert lacking == []


def test_a_unit_test_has_a_name_of_its_own_and_says_what_would_be_misstated():
    """Of two with one name dbt would run one; without the damage in words nobody knows what a failing one protects."""
    names = Counter((test["model"], test["name"]) for _, test in UNIT_TESTS)
    assert [name for name, count in names.items() if count > 1] == []
    assert [test["name"] for _, test in UNIT_TESTS if not test.get("description")] == []
