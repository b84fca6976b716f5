"""The OpenTelemetry SDK at work for one run. Imported only when a collector is configured.

Its providers are the run's own and never made the process's: libraries that trace themselves must not find them, their
spans may hold SQL and values.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from uuid import UUID

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader, MetricExporter, MetricExportResult
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.sdk.trace.id_generator import RandomIdGenerator

from dagster_project.observability import measures
from dagster_project.observability.telemetry import Attribute, Outcome
from dagster_project.progress import Step
from dagster_project.settings import Settings, environment

QUEUE = 16_384
"""Spans that wait at most; a company that delivers more files at once sees the newest ones."""
_log = logging.getLogger("tieout.telemetry")


def exporters(settings: Settings) -> tuple[SpanExporter | None, MetricExporter | None]:
    """Exporters to the collector of the settings, else to that of OpenTelemetry's own variables; None for what has no
    address there: its default would be some other program's port on this machine."""
    timeout = settings.telemetry.timeout_seconds
    traces, metrics = (_address(settings, signal) for signal in ("traces", "metrics"))
    return (
        OTLPSpanExporter(endpoint=traces, timeout=timeout) if traces else None,
        OTLPMetricExporter(endpoint=metrics, timeout=timeout) if metrics else None,
    )


class Tracing:
    """The trace of one run: a span of the run, below it one per stage, below those the ones opened in it."""

    def __init__(self, run_id: str, job: str, spans: SpanExporter | None, metrics: MetricExporter | None) -> None:
        resource = Resource.create(_identity())
        self._spans, self._metrics = _GivingUp(spans), metrics
        self._provider = TracerProvider(resource=resource, id_generator=_RunId(run_id), shutdown_on_exit=False)
        self._provider.add_span_processor(BatchSpanProcessor(self._spans, max_queue_size=QUEUE))
        self._tracer = self._provider.get_tracer("tieout", version("tieout"))
        self._reader = InMemoryMetricReader()
        self._meters = MeterProvider(metric_readers=[self._reader], resource=resource, shutdown_on_exit=False)
        self._meter = self._meters.get_meter("tieout", version("tieout"))
        self._began = time.monotonic()
        self._run = self._tracer.start_span("run", attributes={"tieout.run_id": run_id, "tieout.job": job})
        self._stage: tuple[str, trace.Span] | None = None
        self._open: list[trace.Span] = []

    def hear(self, step: Step) -> None:
        """Follows the run's own progress: a stage that begins ends the one before it."""
        if self._stage is None or self._stage[0] != step.stage:
            self._end_stage()
            span = self._tracer.start_span(f"stage {step.stage}", context=trace.set_span_in_context(self._run))
            self._stage = (step.stage, span)

    @contextmanager
    def span(self, name: str, attributes: Mapping[str, Attribute]) -> Iterator[_Noted]:
        """See `telemetry.span`."""
        span = self._tracer.start_span(name, context=self._context(), attributes=_named(attributes))
        self._open.append(span)
        try:
            yield _Noted(span)
        except BaseException as error:
            span.set_attribute("error.type", type(error).__name__)
            span.set_status(trace.StatusCode.ERROR)
            raise
        finally:
            self._open.remove(span)
            span.end()

    def past(
        self, name: str, began: datetime, ended: datetime, is_good: bool, attributes: Mapping[str, Attribute]
    ) -> None:
        """A span of something that has ended already."""
        span = self._tracer.start_span(
            name, context=self._context(), attributes=_named(attributes), start_time=_nanoseconds(began)
        )
        if not is_good:
            span.set_status(trace.StatusCode.ERROR)
        span.end(_nanoseconds(ended))

    def measure(self, published: Path) -> None:
        """See `telemetry.measure`."""
        for one in measures.of(published):
            gauge = self._meter.create_gauge(one.name, unit=one.unit, description=one.description)
            for value, attributes in one.values:
                gauge.set(value, _named(attributes))

    def end(self, outcome: Outcome) -> None:
        """Ends the run's span and sends what was not sent yet; a collector that does not answer costs one timeout."""
        self._end_stage()
        self._run.set_attribute("tieout.outcome", outcome)
        if outcome == "failed":
            self._run.set_status(trace.StatusCode.ERROR)
        self._run.end()
        seconds = round(time.monotonic() - self._began)
        self._meter.create_gauge("tieout.run.duration", unit="s", description=measures.RUN).set(
            seconds, {"tieout.outcome": outcome}
        )
        self._provider.shutdown()
        if self._spans.has_given_up or not self._are_measures_sent():
            _log.warning("the collector did not take everything: %d spans and the measures are lost", self._spans.lost)
        self._meters.shutdown()

    def _are_measures_sent(self) -> bool:
        data = self._reader.get_metrics_data()
        if self._metrics is None or data is None:
            return True
        try:
            return self._metrics.export(data) is MetricExportResult.SUCCESS
        finally:
            self._metrics.shutdown()

    def _context(self) -> Context:
        above = self._open[-1] if self._open else self._stage[1] if self._stage else self._run
        return trace.set_span_in_context(above)

    def _end_stage(self) -> None:
        if self._stage is not None:
            self._stage[1].end()
            self._stage = None


class _Noted:
    def __init__(self, span: trace.Span) -> None:
        self._span = span

    def note(self, **attributes: Attribute) -> None:
        self._span.set_attributes(_named(attributes))


class _RunId(RandomIdGenerator):
    """The run id as trace id: who knows one finds the other."""

    def __init__(self, run_id: str) -> None:
        self._run = UUID(run_id).int

    def generate_trace_id(self) -> int:
        return self._run

    def is_trace_id_random(self) -> bool:
        return False


class _GivingUp(SpanExporter):
    """Sends through another exporter until it fails once: a dead collector must cost one timeout, not one a batch."""

    def __init__(self, inner: SpanExporter | None) -> None:
        self._inner = inner
        self.has_given_up = False
        self.lost = 0

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        if self._inner is None:
            return SpanExportResult.SUCCESS
        if not self.has_given_up and self._inner.export(spans) is SpanExportResult.SUCCESS:
            return SpanExportResult.SUCCESS
        self.has_given_up = True
        self.lost += len(spans)
        return SpanExportResult.FAILURE

    def shutdown(self) -> None:
        if self._inner is not None:
            self._inner.shutdown()


def _address(settings: Settings, signal: str) -> str | None:
    if settings.telemetry.otlp_endpoint:
        return f"{settings.telemetry.otlp_endpoint}/v1/{signal}"
    own, common = (environment(f"OTEL_EXPORTER_OTLP_{part}ENDPOINT") for part in (f"{signal.upper()}_", ""))
    return own or (f"{common.rstrip('/')}/v1/{signal}" if common else None)


def _identity() -> dict[str, str]:
    """Name and version of the program; OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES add what else shall be known."""
    named = environment("OTEL_SERVICE_NAME") or "service.name=" in (environment("OTEL_RESOURCE_ATTRIBUTES") or "")
    return {"service.version": version("tieout"), **({} if named else {"service.name": "tieout"})}


def _named(attributes: Mapping[str, Attribute]) -> dict[str, Attribute]:
    return {f"tieout.{name}": value for name, value in attributes.items()}


def _nanoseconds(moment: datetime) -> int:
    return int(moment.timestamp() * 1_000_000) * 1_000
