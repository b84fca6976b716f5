"""A step that is taken as done must have been done, of these inputs, to its end, and what it made must still stand."""

from __future__ import annotations

import duckdb
import pytest

from dagster_project.warehouse import steps


class Killed(BaseException):
    """Stands for a kill: nothing after it runs."""


@pytest.fixture
def con():
    with duckdb.connect() as con:
        yield con


def ran(con, inputs="one", **how) -> bool:
    """Whether the step ran."""
    return steps.once(con, "boundary", inputs, make=lambda: f'"{inputs}"', **how).unchanged_since is None


def test_a_step_runs_once_for_the_same_inputs_and_again_for_others(con):
    assert [ran(con), ran(con), ran(con, "two"), ran(con)] == [True, False, True, True]
    assert steps.once(con, "boundary", "one", make=lambda: "never").json == '"one"'


def test_a_step_runs_again_when_asked_or_when_what_it_made_is_gone(con):
    assert ran(con)
    assert ran(con, again=True)
    assert ran(con, stands=lambda made: made != '"one"')
    assert not ran(con, stands=lambda made: made == '"one"')


def test_a_step_that_was_killed_runs_again_even_for_the_inputs_before_it(con):
    """It may have written half of what it makes over what it had made."""
    ran(con)

    def die() -> str:
        raise Killed

    with pytest.raises(Killed):
        steps.once(con, "boundary", "two", make=die)
    assert ran(con), "what was judged before the kill was taken for what stands"


def test_books_that_were_built_again_are_new_to_the_outcome_and_not_to_the_boundary(con, tmp_path):
    con.execute("create schema landed; create schema config; create schema state")
    con.execute("create table landed.batches as select 1 as n; create table config.first_seen as select 1 as n")
    con.execute("create table state.nodes (unique_id varchar, content varchar)")

    def both() -> tuple[str, str]:
        return tuple(steps.fingerprint(con, tmp_path, with_books=books) for books in (False, True))

    boundary, outcome = both()
    con.execute("insert into state.nodes values ('model.mart', 'a')")
    assert both()[0] == boundary and both()[1] != outcome
    con.execute("update config.first_seen set n = 2")
    assert both()[0] == boundary
    con.execute("update landed.batches set n = 2")
    assert both()[0] != boundary
