"""One defect that shows in five controls is one problem: every consequence names the finding that it goes back to."""

from __future__ import annotations

import re

import duckdb
import pytest

from dagster_project.dbt.manifest import DBT_PROJECT
from tests.truth.score import read_truth

RULES = (DBT_PROJECT / "macros" / "echo_rules.sql").read_text(encoding="utf-8")
FINDINGS = re.findall(r"\('(\w+)', '(R\d\d)', ('[^']*'|none), (\d+)\)", RULES)
LINKS = re.findall(r"\('(R\w+)', '(R\w+)', '([\w=]+)', '", RULES)
SUBJECTS = "\n".join(
    file.read_text(encoding="utf-8")
    for file in (DBT_PROJECT / "models/reconciliation/echo").glob("exception_subject_*.sql")
)


def _open(closed) -> dict[str, tuple]:
    with duckdb.connect(str(closed.published), read_only=True) as con:
        rows = con.execute(
            "select exception_key, code, match_key, root_exception_key, root_reason from marts.exceptions"
        ).fetchall()
    return {row[0]: row for row in rows}


def test_every_control_of_the_catalogue_has_its_place_in_the_order_of_cause_and_consequence():
    """A control without a place could only ever be a problem of its own, and its echoes be counted twice."""
    listed = re.findall(r"'r(\d\d)_\w+'", (DBT_PROJECT / "macros" / "control_models.sql").read_text(encoding="utf-8"))
    assert {code for _, code, _, _ in FINDINGS} == {f"R{number}" for number in listed}, (
        "macros/echo_rules.sql: give every control of macros/control_models.sql a line in echo_findings"
    )


def test_a_rule_names_findings_and_subjects_that_exist():
    """A misspelt finding links nothing, silently."""
    names = {finding for finding, *_ in FINDINGS} | {code for _, code, *_ in FINDINGS}
    assert len(LINKS) > 60
    for consequence, origin, subject in LINKS:
        assert {consequence, origin} <= names, (consequence, origin)
        for end in subject.split("="):
            assert f"'{end}'" in SUBJECTS, f"nothing is ever a {end}"


def test_no_rule_can_only_run_from_a_consequence_to_a_later_finding():
    """Such a rule never applies: the origin must be able to come first."""
    places: dict[str, list[int]] = {}
    for finding, code, _, place in FINDINGS:
        places.setdefault(finding, []).append(int(place))
        places.setdefault(code, []).append(int(place))
    backward = [link for link in LINKS if link[0] != link[1] and min(places[link[1]]) >= max(places[link[0]])]
    assert backward == []


@pytest.mark.slow
def test_every_consequence_of_a_planted_defect_names_it(planted):
    """A controller who sees an echo as a problem of its own works twice, and the exposure is counted twice."""
    found = _open(planted)
    by_name = {(row[1], row[2]): row for row in found.values()}
    origins: dict[tuple[str, str], set] = {}
    for defect in read_truth(planted.folder / "truth.csv"):
        for echo in defect.echoes:
            origins.setdefault(echo, set()).add((defect.code, defect.match_key))
    open_origins = {echo: expected & set(by_name) for echo, expected in origins.items() if echo in by_name}
    checked = {echo: expected for echo, expected in open_origins.items() if expected}
    wrong = {
        echo: found[by_name[echo][3]][1:3]
        for echo, expected in checked.items()
        if found[by_name[echo][3]][1:3] not in expected
    }
    assert checked and wrong == {}


@pytest.mark.slow
def test_a_planted_defect_that_is_nobodys_consequence_is_a_problem_of_its_own(planted):
    """Hidden behind another finding, it would be closed with it."""
    found = _open(planted)
    truth = read_truth(planted.folder / "truth.csv")
    declared = {echo for defect in truth for echo in defect.echoes}
    own = {(defect.code, defect.match_key) for defect in truth} - declared
    assert {row[1:3]: row[4] for row in found.values() if row[1:3] in own and row[3] != row[0]} == {}


@pytest.mark.slow
def test_a_root_is_open_and_goes_back_to_nothing_else(planted):
    found = _open(planted)
    assert found
    for key, code, match_key, root, reason in found.values():
        assert root in found, f"{code} {match_key} goes back to a break that is not open"
        assert found[root][3] == root, f"{code} {match_key} goes back to a consequence"
        assert (reason is None) == (root == key), f"{code} {match_key}: {reason}"
