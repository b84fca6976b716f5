"""A run of Dagster as others see it: its outcome from its own steps, its failure told, its trace under its run id."""

from __future__ import annotations

import dagster as dg
import pytest

from dagster_project import dagster_home
from dagster_project import settings as configuration
from dagster_project.defs.alerts import tell_that_it_stopped
from dagster_project.defs.observed import outcome_of
from dagster_project.defs.resources import RESOURCE_KEY, Tieout
from dagster_project.errors import InputError
from tests.dashboards import snapshots
from tests.observability.collected import spans, values
from tests.receiver import Receiver, receiving


@dg.asset
def sound(tieout: Tieout) -> None: ...


@dg.asset
def wrong(tieout: Tieout) -> None:
    from dagster_project.defs.faults import in_words

    with in_words():
        raise InputError("invoices.csv:7: net_amount = 'ten': expected a decimal")


@dg.asset
def stopped(tieout: Tieout) -> None:
    raise KeyboardInterrupt


@pytest.fixture
def receiver(monkeypatch):
    with receiving() as found:
        monkeypatch.setenv("TIEOUT_ALERTS_TEST", f"json://{found.address}/hook")
        yield found


def run(folder, receiver: Receiver, asset: dg.AssetsDefinition) -> tuple[str, str]:
    """Runs the asset as the close runs; returns run id and outcome."""
    file = snapshots.write(folder)
    with file.open("a", encoding="utf-8") as text:
        text.write(
            f"telemetry: {{otlp_endpoint: 'http://{receiver.address}'}}\nalerts: {{channels: [TIEOUT_ALERTS_TEST]}}\n"
        )
    definitions = dg.Definitions(
        assets=[asset],
        jobs=[dg.define_asset_job("close", dg.AssetSelection.all(), hooks={tell_that_it_stopped})],
        resources={RESOURCE_KEY: Tieout(config_path=str(file))},
    )
    home = dagster_home.prepare(configuration.load(file))
    with dagster_home.opened(home) as instance:
        result = definitions.resolve_job_def("close").execute_in_process(
            instance=instance,
            raise_on_error=False,
            run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
        )
        return result.run_id, outcome_of(instance, result.run_id)


def traced(receiver: Receiver) -> tuple[str, str]:
    """Trace id and outcome of the run's span."""
    (whole,) = (span for span in spans(receiver) if span.name == "run")
    return whole.trace_id.hex(), str(values(whole)["tieout.outcome"])


def test_a_sound_run_is_traced_under_its_run_id_and_calls_nobody(tmp_path, receiver):
    run_id, outcome = run(tmp_path, receiver, sound)
    assert outcome == "completed"
    assert traced(receiver) == (run_id.replace("-", ""), "completed")
    assert receiver.to("/hook") == []


def test_a_step_that_fails_is_told_in_its_own_words_and_marks_the_trace(tmp_path, receiver):
    _, outcome = run(tmp_path, receiver, wrong)
    assert outcome == traced(receiver)[1] == "failed"
    (told,) = (request.json() for request in receiver.to("/hook"))
    assert told["title"] == "Borealis S1: The run stopped at wrong"
    assert "Why: invoices.csv:7: net_amount = 'ten': expected a decimal" in told["message"]


def test_a_run_that_a_person_stopped_calls_nobody(tmp_path, receiver):
    """A Ctrl-C at eleven at night must page no one."""
    _, outcome = run(tmp_path, receiver, stopped)
    assert outcome == traced(receiver)[1] == "interrupted"
    assert receiver.to("/hook") == []
