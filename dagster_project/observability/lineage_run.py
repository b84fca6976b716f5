"""Builds and sends the events of one run with the OpenLineage client. Imported only when they are switched on."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from openlineage.client import OpenLineageClient
from openlineage.client.event_v2 import InputDataset, Job, OutputDataset, Run, RunEvent, RunState
from openlineage.client.facet_v2 import (
    JobFacet,
    RunFacet,
    error_message_run,
    job_type_job,
    nominal_time_run,
    processing_engine_run,
    set_producer,
)
from openlineage.client.transport import Transport
from openlineage.client.transport.file import FileConfig, FileTransport
from openlineage.client.transport.http import ApiKeyTokenProvider, HttpConfig, HttpTransport, TokenProvider

from dagster_project.observability import lineage_datasets, lineage_models
from dagster_project.observability.telemetry import Outcome
from dagster_project.settings import Settings, environment

PRODUCER = f"urn:tieout:{version('tieout')}"
_STATES = {"completed": RunState.COMPLETE, "failed": RunState.FAIL, "interrupted": RunState.ABORT}
_NO_RETRY = {"total": 0, "read": 0, "connect": 0}
"""A receiver that does not answer must cost one timeout, not six with pauses between them."""


def begin(settings: Settings, run_id: str, job: str) -> None:
    """Sends START, with the source objects that the run is going to read. Raises what the transport raises."""
    set_producer(PRODUCER)
    client = _client(settings)
    inputs = lineage_datasets.configured(settings)
    client.emit(_event(settings, RunState.START, run_id, job, _run_facets(settings), inputs, []))
    client.close()


def end(settings: Settings, run_id: str, job: str, outcome: Outcome, published: Path | None) -> None:
    """Sends COMPLETE, FAIL or ABORT; of a run that published also what it read and wrote, and its models if wanted."""
    set_producer(PRODUCER)
    client = _client(settings)
    inputs = lineage_datasets.delivered(settings, published) if published else lineage_datasets.configured(settings)
    outputs = lineage_datasets.marts(settings, published) if published else []
    facets = _run_facets(settings)
    if outcome == "failed":
        facets["errorMessage"] = error_message_run.ErrorMessageRunFacet(
            message="A step of the run failed; the log of this run says which and why", programmingLanguage="PYTHON"
        )
    if published and settings.openlineage.models:
        for event in lineage_models.events(settings, run_id, job, PRODUCER):
            client.emit(event)
    client.emit(_event(settings, _STATES[outcome], run_id, job, facets, inputs, outputs))
    client.close()


def _event(
    settings: Settings,
    state: RunState,
    run_id: str,
    job: str,
    facets: dict[str, RunFacet],
    inputs: Sequence[InputDataset],
    outputs: Sequence[OutputDataset],
) -> RunEvent:
    kind: dict[str, JobFacet] = {
        "jobType": job_type_job.JobTypeJobFacet(processingType="BATCH", integration="TIEOUT", jobType="JOB")
    }
    return RunEvent(
        eventType=state,
        eventTime=datetime.now(UTC).isoformat(),
        run=Run(runId=run_id, facets=facets),
        job=Job(namespace=settings.openlineage.namespace, name=job, facets=kind),
        inputs=list(inputs),
        outputs=list(outputs),
        producer=PRODUCER,
    )


def _run_facets(settings: Settings) -> dict[str, RunFacet]:
    clock = (settings.as_of or datetime.now(UTC)).isoformat()
    return {
        "nominalTime": nominal_time_run.NominalTimeRunFacet(nominalStartTime=clock),
        "processing_engine": processing_engine_run.ProcessingEngineRunFacet(version=version("tieout"), name="tieout"),
    }


def _client(settings: Settings) -> OpenLineageClient:
    return OpenLineageClient(transport=_transport(settings))


def _transport(settings: Settings) -> Transport:
    options = settings.openlineage
    if options.transport == "file":
        path = settings.home / options.path
        path.parent.mkdir(parents=True, exist_ok=True)
        return FileTransport(FileConfig(log_file_path=str(path), append=True))
    key = environment(options.api_key_variable) if options.api_key_variable else None
    auth = ApiKeyTokenProvider({"api_key": key}) if key else TokenProvider({})
    return HttpTransport(HttpConfig(url=str(options.url), timeout=options.timeout_seconds, auth=auth, retry=_NO_RETRY))
