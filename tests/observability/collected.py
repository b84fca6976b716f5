"""What a collector received, decoded by the protocol's own messages."""

from __future__ import annotations

from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from tests.receiver import Receiver

Values = dict[str, str | int | bool]


def spans(receiver: Receiver) -> list[Span]:
    """Every span received, in the order in which they ended."""
    return [
        span
        for request in receiver.to("/v1/traces")
        for resource in ExportTraceServiceRequest.FromString(request.body).resource_spans
        for scope in resource.scope_spans
        for span in scope.spans
    ]


def resources(receiver: Receiver) -> list[Values]:
    """What the sender says of itself, per request."""
    return [
        values(resource.resource)
        for request in receiver.to("/v1/traces")
        for resource in ExportTraceServiceRequest.FromString(request.body).resource_spans
    ]


def gauges(receiver: Receiver) -> dict[str, list[tuple[Values, int]]]:
    """The points of every gauge received."""
    return {
        metric.name: [(values(point), point.as_int) for point in metric.gauge.data_points]
        for request in receiver.to("/v1/metrics")
        for resource in ExportMetricsServiceRequest.FromString(request.body).resource_metrics
        for scope in resource.scope_metrics
        for metric in scope.metrics
    }


def values(holder) -> Values:
    """The attributes of a span, a point or a resource."""
    return {one.key: getattr(one.value, one.value.WhichOneof("value")) for one in holder.attributes}
