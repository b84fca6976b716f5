"""The clean sample company has no fault: a control that fails on it would cry wolf at every close."""

import duckdb


def ask(closed, query):
    with duckdb.connect(str(closed.published), read_only=True) as con:
        return con.execute(query).fetchall()


def test_every_control_at_the_boundary_passes_or_says_why_it_cannot_be_tested(clean):
    failed = "select expectation, source_instance, object, words from quality.boundary_results where status = 'failed'"
    assert ask(clean, failed) == []
    untested = "select distinct expectation from quality.boundary_results where status = 'not_testable'"
    # objects without a money column report no control total
    assert ask(clean, untested) == [("control_totals_as_reported",)]


def test_every_configured_object_is_judged(clean):
    missing = (
        "select source_instance, object from config.source_objects "
        "anti join quality.boundary_results using (source_instance, object)"
    )
    assert ask(clean, missing) == []


def test_every_control_on_the_outcome_passes(clean, planted):
    for closed in (clean, planted):
        rows = ask(closed, "select expectation, status, words from quality.outcome_results where status <> 'passed'")
        assert rows == []
        assert ask(closed, "select count(*) from quality.outcome_results") > [(8,)]
