"""SIGKILL at every write of the run history: the next run begins and ends without a person, and the history says so."""

from __future__ import annotations

from pathlib import Path

import dagster as dg
import pytest

from dagster_project import dagster_home
from dagster_project.settings import load
from tests.faults import deliveries, processes, victims
from tests.faults.scale import some

pytestmark = pytest.mark.faults
ENDED = {dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE}
"""The next run waits for none of these."""


def test_a_kill_while_the_history_is_open_needs_nobody(tmp_path: Path, counted):
    passed = processes.run(victims.record_a_run, deliveries.configure(tmp_path / "undisturbed")).passed
    faults = []
    chosen = some(len(passed))
    for at in chosen:
        folder = deliveries.configure(tmp_path / str(at))
        assert processes.run(victims.record_a_run, folder, at).was_killed
        words = processes.run(victims.record_a_run, folder).words
        states = _states(folder)
        found = [words] if words else []
        found += [] if set(states) <= ENDED else [f"runs are left as {states}"]
        found += [] if len(states) in (1, 2) else ["the next run is not in the history"]
        faults += [f"boundary {at}, {passed[at]}: {fault}" for fault in found]
    counted("write boundaries", len(chosen))
    assert not faults, "\n".join(faults)


def _states(folder: Path) -> list[dg.DagsterRunStatus]:
    with dagster_home.opened(dagster_home.prepare(load(folder / "tieout.yml"))) as instance:
        return [run.status for run in instance.get_runs()]
