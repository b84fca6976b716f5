"""Of a step with many outputs Dagster records the same, however often it asks: what each followed from, and in order."""

import dagster as dg
from hypothesis import given, settings
from hypothesis import strategies as st

from dagster_project.defs.asked_once import ask_once
from dagster_project.defs.table_checks import CheckOfTable

OUTSIDE = "outside"


@st.composite
def graphs(draw) -> list[tuple[str, list[str]]]:
    """Assets in an order in which parents come first, each with the parents it follows from."""
    names = [f"a{at}" for at in range(draw(st.integers(1, 7)))]
    return [
        (name, draw(st.lists(st.sampled_from([OUTSIDE, *names[:at]]), unique=True))) for at, name in enumerate(names)
    ]


def step_of(graph, prepare, order=None):
    specs = [dg.AssetSpec(name, deps=parents, skippable=True) for name, parents in graph]

    @dg.multi_asset(specs=specs)
    def books(context):
        prepare(context)
        for name, _ in order or graph:
            yield dg.Output(None, output_name=name, data_version=dg.DataVersion(f"{context.run_id}-{name}"))

    return books


@dg.asset(name=OUTSIDE, code_version="1")
def outside() -> None: ...


def runs_of(graph, prepare, instance) -> list[dict[str, dict[str, str]]]:
    """What is recorded of each asset's origin by two runs, with the second's own names in place of what differs."""
    told = []
    for run in ("first", "second"):
        result = dg.materialize([outside, step_of(graph, prepare)], instance=instance)
        tags = {
            event.asset_key.to_user_string(): dict(event.materialization.tags or {})
            for event in result.get_asset_materialization_events()
        }
        told.append(
            {
                asset: {tag: value.replace(result.run_id, run) for tag, value in found.items()}
                for asset, found in tags.items()
            }
        )
    return told


@given(graph=graphs())
@settings(max_examples=15, deadline=None)
def test_provenance_is_what_dagster_itself_records_parent_by_parent(graph):
    with dg.DagsterInstance.ephemeral() as ours, dg.DagsterInstance.ephemeral() as theirs:
        assert runs_of(graph, ask_once, ours) == runs_of(graph, lambda context: None, theirs)


def test_a_table_names_the_materialization_of_its_parent_in_this_run_and_not_in_the_last():
    with dg.DagsterInstance.ephemeral() as instance:
        _, second = runs_of([("a", []), ("b", ["a"]), ("c", ["a", "b"])], ask_once, instance)
    assert second["c"]["dagster/input_data_version/b"] == "second-b"


def test_a_child_told_before_its_parent_still_stops_the_run():
    graph = [("parent", []), ("child", ["parent"])]
    with dg.DagsterInstance.ephemeral() as instance:
        result = dg.materialize(
            [step_of(graph, ask_once, reversed(graph))], instance=instance, raise_on_error=False, selection="*"
        )
    [failure] = [event for event in result.all_events if event.is_step_failure]
    assert "topological order" in failure.step_failure_data.error.message


def test_what_the_step_itself_told_is_read_back_many_at_a_time(monkeypatch):
    asked = []
    graph = [*((f"parent_{at}", []) for at in range(20)), *((f"child_{at}", [f"parent_{at}"]) for at in range(20))]
    with dg.DagsterInstance.ephemeral() as instance:
        ask = instance.get_asset_records
        monkeypatch.setattr(instance, "get_asset_records", lambda keys: asked.append(keys) or ask(keys))
        dg.materialize([step_of(graph, ask_once)], instance=instance)
    assert len(asked) < 5, "a question for each of its parents is what an empty close paid a twentieth for"


@dg.asset(partitions_def=dg.StaticPartitionsDefinition(["2026-09"]))
def pack() -> None: ...


@dg.multi_asset(
    specs=[dg.AssetSpec("table")], check_specs=[dg.AssetCheckSpec("ties", asset="table")], name="table_and_its_check"
)
def checked():
    yield dg.Output(None, output_name="table")
    yield CheckOfTable.of(dg.AssetCheckResult(passed=False, asset_key="table", check_name="ties", description="why"))


def test_a_check_names_the_materialization_that_it_judged_also_in_the_run_of_a_period():
    """The UI could not say on which rows a control failed."""
    with dg.DagsterInstance.ephemeral() as instance:
        result = dg.materialize([checked, pack], instance=instance, partition_key="2026-09")
        materialized = instance.get_latest_materialization_event(dg.AssetKey("table"))
    [found] = result.get_asset_check_evaluations()
    assert (found.passed, found.description) == (False, "why")
    assert found.target_materialization_data is not None
    assert found.target_materialization_data.run_id == materialized.run_id
