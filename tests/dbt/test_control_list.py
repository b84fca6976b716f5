"""The lists of controls that dbt needs written down agree with the models themselves."""

from __future__ import annotations

import re
import shlex
from types import SimpleNamespace

import pytest
from dbt.cli.main import cli

from dagster_project.dbt.manifest import DBT_PROJECT
from dagster_project.settings import PROJECT_ROOT
from tests.dbt.macro_sql import render

MODELS = DBT_PROJECT / "models" / "reconciliation"


def test_the_list_of_controls_is_the_folder_of_controls():
    """A control that is missing in the list would be computed and never reported."""
    folder = {file.stem for file in MODELS.rglob("r[0-9][0-9]_*.sql")}
    text = (DBT_PROJECT / "macros" / "control_models.sql").read_text(encoding="utf-8")
    listed = set(re.findall(r"'(r\d\d_\w+)'", text))
    assert listed == folder, (
        "macros/control_models.sql and models/reconciliation differ: add a new control to the list, or remove a model that"
        f" is gone (only in the list: {sorted(listed - folder)}; only in the folder: {sorted(folder - listed)})"
    )


def test_every_control_that_grades_its_rows_is_asked_for_the_grade():
    """A severity that nobody reads leaves a blocking difference at its control's two days."""
    grading = {file.stem for file in MODELS.glob("r*.sql") if "severity=true" in file.read_text(encoding="utf-8")}
    macro = (DBT_PROJECT / "macros" / "reconcile.sql").read_text(encoding="utf-8")
    listed = macro.split("macro control_models_with_severity()")[1].split("endmacro")[0]
    assert grading == set(re.findall(r"'(r\d\d_\w+)'", listed))


def test_the_recipe_for_a_new_control_is_one_that_works():
    """Whoever follows it must end with a control that is computed, reported and placed among causes."""
    page = (PROJECT_ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    recipe = page.split("\nTo add one")[1].split("\n## ")[0]
    for file in re.findall(r"`(macros/\S+\.sql)`", recipe):
        assert (DBT_PROJECT / file).exists(), file
    for file in re.findall(r"(tests/\S+\.py)", recipe):
        assert (PROJECT_ROOT / file).exists(), file
    (arguments,) = re.findall(r"bin/dbt test (.*?)\n```", recipe, flags=re.DOTALL)
    words = shlex.split(arguments.replace("\\\n", " "))
    known = {option for one in cli.commands["test"].params for option in one.opts}
    assert {word for word in words if word.startswith("--")} <= known
    assert (MODELS / f"{words[words.index('--select') + 1].split(',')[0]}.sql").exists()


def _refuse(words: str) -> None:
    raise ValueError(words)


@pytest.mark.parametrize(
    ("argument", "words"),
    [
        ("measure='quantty'", "reconcile of R99: measure is amount or quantity, not 'quantty'"),
        ("tolerance='T9'", "reconcile of R99: tolerance is T0, T1, T2, T3 or T4, not 'T9'"),
    ],
)
def test_an_unknown_measure_or_tolerance_is_refused(argument, words):
    """Taken for an amount, a quantity without terms has no delta in money, and every difference would be matched."""
    with pytest.raises(ValueError, match=words):
        render(
            "{{ reconcile('compared', code='R99', " + argument + ") }}",
            exceptions=SimpleNamespace(raise_compiler_error=_refuse),
        )


def test_no_control_files_its_results_under_a_calendar_month():
    """A close looks for a break under its entity's own label: under the month, the gate of a fiscal period stays open."""
    filed = re.compile(r"month_key\(.*\}\} as period\b")
    by_month = [
        f"{file.name}: {line.strip()}"
        for file in (*sorted(MODELS.glob("r[0-9][0-9]_*.sql")), *sorted((DBT_PROJECT / "macros").glob("*.sql")))
        for line in file.read_text(encoding="utf-8").splitlines()
        if filed.search(line) and "coalesce(" not in line
    ]
    assert by_month == [], (
        "give reconcile `filed_on` with by_date=true, or take the period from canonical.entity_period"
    )
