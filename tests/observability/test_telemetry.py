"""Traces and measures as a collector receives them: one id from delivery to result, and nothing that is confidential."""

from __future__ import annotations

import logging
import subprocess
import sys
import uuid
from pathlib import Path

import pytest

from dagster_project import progress
from dagster_project.observability import measures, telemetry
from tests.dashboards import snapshots
from tests.ingestion.company import Company, company, csv_text, event, invoice
from tests.observability.collected import gauges, resources, spans, values
from tests.receiver import receiving, silent

RUN = str(uuid.UUID("9be61ded-cc57-4a0f-854b-4087c3265a5b"))
ALLOWED = {
    "tieout.run_id", "tieout.job", "tieout.outcome", "tieout.source_instance", "tieout.object", "tieout.batch_id",
    "tieout.status", "tieout.received_rows", "tieout.parsed_rows", "tieout.quarantined_rows", "tieout.bytes",
    "tieout.model", "tieout.control", "error.type",
}  # fmt: skip


@pytest.fixture
def collector():
    with receiving() as receiver:
        yield receiver


def observed(firm: Company, address: str, **options) -> Company:
    """The company with a collector."""
    told = firm.settings.telemetry.model_copy(update={"otlp_endpoint": f"http://{address}", **options})
    return Company(firm.root, firm.settings.model_copy(update={"telemetry": told}))


def run(firm: Company, *objects: tuple[str, str], outcome: telemetry.Outcome = "completed") -> None:
    """A run that takes the objects."""
    with telemetry.tracing(firm.settings, RUN, "close", lambda: outcome):
        progress.announce(progress.SNAPSHOTS)
        for domain, name in objects:
            firm.ingest(domain, name)
        progress.announce(progress.LANDING)


def test_a_run_is_one_trace_from_every_delivery_upward_and_its_id_is_the_run_id(tmp_path, collector):
    """Who has a run id from a mart, a log or the UI finds the trace by it, and the delivery by its batch id."""
    firm = observed(company(tmp_path), collector.address)
    firm.deliver("billing/invoices/one.csv", csv_text([invoice("inv-1"), invoice("inv-2", net_amount="x")]))
    firm.deliver("product/usage_events/e.csv", csv_text([event()]))
    run(firm, ("billing", "invoices"), ("product", "usage_events"))
    found = spans(collector)
    assert {span.trace_id.hex() for span in found} == {RUN.replace("-", "")}
    by_id = {span.span_id: span for span in found}
    batches = [span for span in found if span.name == "batch"]
    assert {by_id[span.parent_span_id].name for span in batches} == {f"stage {progress.SNAPSHOTS}"}
    stages = [span for span in found if span.name.startswith("stage")]
    assert {by_id[span.parent_span_id].name for span in stages} == {"run"}
    landed = firm.query(
        "select batch_id, source_instance, object, received_rows, parsed_rows, quarantined_rows, bytes from landed.batches"
    )
    told = [{key.removeprefix("tieout."): value for key, value in values(span).items()} for span in batches]
    assert sorted(one.pop("status") for one in told) == ["new", "new"]
    key = lambda row: row["batch_id"]  # noqa: E731
    assert sorted(told, key=key) == sorted(landed, key=key)


def test_only_what_is_documented_leaves_and_no_value_of_a_record_does(tmp_path, collector):
    """Amounts and customers are confidential; the file name may be a customer's and an error's words may quote a row."""
    firm = observed(company(tmp_path), collector.address)
    secret = {"customer_id": "cus-hush", "net_amount": "7654321.09", "number": "US-hush"}
    firm.deliver("billing/invoices/hush.csv", csv_text([invoice("inv-hush", **secret), invoice("b", status="hush")]))
    run(firm, ("billing", "invoices"))
    with (
        pytest.raises(ValueError, match="hush"),
        telemetry.tracing(firm.settings, RUN, "close", lambda: "failed"),
        telemetry.span("batch", source_instance="billing"),
    ):
        raise ValueError("net_amount = hush")
    assert {name for span in spans(collector) for name in values(span)} <= ALLOWED
    assert {name for one in resources(collector) for name in one} <= {
        "service.name", "service.version", "service.instance.id", "telemetry.sdk.language", "telemetry.sdk.name",
        "telemetry.sdk.version",
    }  # fmt: skip
    sent = b"".join(request.body for request in collector.requests)
    assert b"hush" not in sent and b"7654321" not in sent and str(tmp_path).encode() not in sent
    failed = next(span for span in spans(collector) if "error.type" in values(span))
    assert (values(failed)["error.type"], failed.status.message, list(failed.events)) == ("ValueError", "", [])


def test_a_failed_run_is_marked_and_an_interrupted_one_is_no_failure(tmp_path, collector):
    firm = observed(company(tmp_path), collector.address)
    for outcome in ("failed", "interrupted"):
        run(firm, outcome=outcome)
    whole = [span for span in spans(collector) if span.name == "run"]
    assert [(values(span)["tieout.outcome"], span.status.code) for span in whole] == [("failed", 2), ("interrupted", 0)]


def test_dbt_nodes_are_spans_with_the_times_that_dbt_gives_and_controls_go_by_their_code(tmp_path, collector):
    firm = observed(company(tmp_path), collector.address)
    info = {
        "unique_id": "model.tieout.r14", "node_name": "r14_invoice_to_receivable", "resource_type": "model",
        "node_status": "success", "node_started_at": "2026-10-12T00:00:01.500000+00:00",
        "node_finished_at": "2026-10-12T00:00:03.750000+00:00",
    }  # fmt: skip
    nodes = {"model.tieout.r14": {"config": {"meta": {"code": "R14"}}}}
    with telemetry.tracing(firm.settings, RUN, "close", lambda: "completed"):
        progress.announce(progress.CONTROLS)
        telemetry.node({"data": {"node_info": info}}, nodes)
        telemetry.node({"data": {"node_info": info | {"unique_id": "x", "node_status": "error"}}}, nodes)
        telemetry.node({"data": {"nothing": "as dbt never sends it"}}, nodes)
    control, model = (span for span in spans(collector) if "tieout.model" in values(span))
    assert control.name == "control R14"
    assert control.end_time_unix_nano - control.start_time_unix_nano == 2_250_000_000
    assert (model.name, model.status.code) == ("model r14_invoice_to_receivable", 2)


def test_measures_are_what_the_published_snapshot_counts_and_never_money(tmp_path, collector):
    firm = observed(company(tmp_path / "firm"), collector.address)
    snapshot = snapshots.write(tmp_path).parent / ".tieout" / "published" / "tieout-000001.duckdb"
    with telemetry.tracing(firm.settings, RUN, "close", lambda: "completed"):
        telemetry.measure(snapshot)
    told = gauges(collector)
    assert set(told) == {
        "tieout.delivery.rows", "tieout.delivery.batches", "tieout.delivery.failures", "tieout.delivery.age",
        "tieout.lag", "tieout.lag.open", "tieout.control.results", "tieout.close.periods", "tieout.run.duration",
    }  # fmt: skip
    place = {"tieout.source_instance": "billing", "tieout.object": "invoices"}
    assert (place | {"tieout.outcome": "duplicate"}, 3) in told["tieout.delivery.rows"]
    assert ({"tieout.control": "R14", "tieout.status": "break"}, 3) in told["tieout.control.results"]
    posted = {"tieout.workflow": "invoice_to_posting", "tieout.step": "posted", "tieout.source_instance": "billing"}
    assert (posted | {"tieout.statistic": "p95"}, 75) in told["tieout.lag"]
    assert (posted, 2) in told["tieout.lag.open"]
    assert (
        {"tieout.source_instance": "erp", "tieout.object": "ar_documents", "tieout.state": "refused"}, 1,
    ) in told["tieout.delivery.batches"]  # fmt: skip


@pytest.mark.slow
def test_every_measure_of_a_real_close_counts_what_its_marts_hold(planted):
    found = {one.name: one.values for one in measures.of(planted.published)}
    assert all(values for name, values in found.items() if name != "tieout.delivery.failures")
    breaks = sum(value for value, names in found["tieout.control.results"] if names["status"] == "break")
    assert breaks > 100
    rows = [(value, names["outcome"]) for value, names in found["tieout.delivery.rows"]]
    received, *parts = (
        sum(value for value, outcome in rows if outcome == wanted)
        for wanted in ("received", "accepted", "duplicate", "quarantined")
    )
    assert received == sum(parts), "a row is lost between received and what became of it"


def test_a_collector_that_refuses_is_asked_once_and_the_log_says_what_is_lost(tmp_path, collector, caplog):
    collector.answers = [400]
    run(observed(company(tmp_path), collector.address))
    assert [request.path for request in collector.requests] == ["/v1/traces"]
    assert "3 spans and the measures are lost" in caplog.text


def test_a_collector_that_never_answers_takes_nothing_from_the_run(tmp_path, caplog):
    with silent() as address:
        firm = observed(company(tmp_path), address, timeout_seconds=1)
        firm.deliver("billing/invoices/one.csv", csv_text([invoice()]))
        run(firm, ("billing", "invoices"))
    assert "the measures are lost" in caplog.text
    assert len(firm.query("from landed.batches")) == 1


def test_the_variables_of_opentelemetry_switch_it_on_and_off(tmp_path, collector, monkeypatch):
    firm = company(tmp_path)
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", f"http://{collector.address}/v1/traces")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_HEADERS", "authorization=Bearer hush")
    monkeypatch.setenv("OTEL_SERVICE_NAME", "close-eu")
    run(firm)
    assert [request.path for request in collector.requests] == ["/v1/traces"], "measures had no address"
    assert {key.lower(): value for key, value in collector.requests[0].headers.items()}[
        "authorization"
    ] == "Bearer hush"
    assert resources(collector)[0]["service.name"] == "close-eu"
    monkeypatch.setenv("OTEL_SDK_DISABLED", "true")
    run(firm)
    assert len(collector.requests) == 1


def test_other_libraries_find_no_tracer_of_ours(tmp_path, collector):
    """dbt and others trace themselves where the process has a tracer; their spans hold SQL."""
    from opentelemetry import metrics, trace

    firm = observed(company(tmp_path), collector.address)
    with telemetry.tracing(firm.settings, RUN, "close", lambda: "completed"):
        trace.get_tracer("another library").start_span("select net_amount").end()
        metrics.get_meter("another library").create_counter("invoices").add(1)
    assert b"another library" not in b"".join(request.body for request in collector.requests)


def test_switched_off_nothing_of_it_is_imported_or_sent(tmp_path, monkeypatch):
    for name in ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"):
        monkeypatch.delenv(name, raising=False)
    program = (
        "import sys\nimport dagster_project.definitions, dagster_project.cli.commands\n"
        "found = [name for name in sys.modules if name.startswith(('opentelemetry.sdk', 'opentelemetry.exporter',"
        " 'openlineage', 'apprise'))]\nassert not found, found"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False, cwd=Path(__file__).parents[2]
    )
    assert done.returncode == 0, done.stderr
    with telemetry.tracing(company(tmp_path).settings, RUN, "close", lambda: "completed"), telemetry.span("x") as span:
        span.note(anything="goes nowhere")


def test_without_the_extra_the_run_goes_on_and_the_log_says_what_to_install(tmp_path, collector, monkeypatch, caplog):
    caplog.set_level(logging.WARNING)
    monkeypatch.setitem(sys.modules, "dagster_project.observability.collector", None)
    firm = observed(company(tmp_path), collector.address)
    firm.deliver("billing/invoices/one.csv", csv_text([invoice()]))
    run(firm, ("billing", "invoices"))
    assert "install tieout[telemetry]" in caplog.text
    assert len(firm.query("from landed.batches")) == 1
