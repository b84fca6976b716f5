"""Runs whose process is no more: the queue would wait for them for ever, and the UI show them as at work."""

from __future__ import annotations

import os
import socket
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import dagster as dg

PROCESS_TAG, MACHINE_TAG = "tieout/pid", "tieout/machine"


def this_process() -> dict[str, str]:
    """The tags of a run that says which process it is."""
    return {PROCESS_TAG: str(os.getpid()), MACHINE_TAG: socket.gethostname()}


def end_abandoned(instance: dg.DagsterInstance) -> None:
    """Marks as failed the runs whose process was killed, of this machine: of another's nothing can be known."""
    import dagster as dg

    states = dg.DagsterRunStatus
    begun = [states.NOT_STARTED, states.STARTING, states.STARTED, states.CANCELING]
    for found in instance.get_runs(filters=dg.RunsFilter(statuses=begun)):
        process, machine = found.tags.get(PROCESS_TAG), found.tags.get(MACHINE_TAG)
        if process is None or machine not in (None, socket.gethostname()):
            continue
        if int(process) == os.getpid() or not Path(f"/proc/{process}").exists():
            instance.report_run_failed(found, "the process of this run ended before the run did")
