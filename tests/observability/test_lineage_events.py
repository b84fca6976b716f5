"""OpenLineage events as a file or a server receives them: what a run read and wrote, by name, count and hash."""

from __future__ import annotations

import json
import uuid
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

import duckdb
import pytest

from dagster_project import settings as configuration
from dagster_project.observability import lineage_events
from dagster_project.observability.telemetry import Outcome
from dagster_project.settings import Settings
from tests.conftest import Closed
from tests.dagster.test_decisions import settings_of
from tests.receiver import receiving, silent

RUN = "9be61ded-cc57-4a0f-854b-4087c3265a5b"


def switched_on(settings: Settings, **options) -> Settings:
    return settings.model_copy(update={"openlineage": settings.openlineage.model_copy(update=options)})


def events(file: Path) -> list[dict]:
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]


def tell(settings: Settings, outcome: Outcome = "completed", published: Path | None = None) -> None:
    with lineage_events.told(settings, RUN, "close", lambda: outcome):
        if published:
            lineage_events.published(published)


def facets(event: dict) -> list[dict]:
    """Every facet of an event."""
    holders = [event["run"].get("facets", {}), event["job"].get("facets", {})]
    for dataset in (*event["inputs"], *event["outputs"]):
        holders += [dataset.get("facets", {}), dataset.get("inputFacets", {}), dataset.get("outputFacets", {})]
    return [facet for holder in holders for facet in holder.values()]


@pytest.fixture(scope="module")
def told(planted: Closed, tmp_path_factory) -> list[dict]:
    """The events of the planted company's close, its models too."""
    file = tmp_path_factory.mktemp("lineage") / "deep" / "events.jsonl"
    settings = configuration.load(planted.config)
    options = {"transport": "file", "path": file, "namespace": "aerolith", "models": True}
    tell(switched_on(settings, **options), published=planted.published)
    return events(file)


@pytest.mark.slow
def test_a_close_is_told_from_start_to_complete_under_its_own_run_id(told):
    close = [event for event in told if event["job"]["name"] == "close"]
    assert [event["eventType"] for event in close] == ["START", "COMPLETE"]
    assert {event["run"]["runId"] for event in close} == {RUN}
    assert close[1]["run"]["facets"]["nominalTime"]["nominalStartTime"].startswith("2026-10-12T00:00:00")


@pytest.mark.slow
def test_inputs_are_the_delivered_objects_with_their_rows_and_the_hash_of_every_delivery(told, planted):
    inputs = {one["name"]: one for one in told[-1]["inputs"]}
    with duckdb.connect(str(planted.published), read_only=True) as con:
        batches = con.execute(
            "select source_instance || '.' || object, batch_id, sha256, accepted_rows from landed.batches order by all"
        ).fetchall()
    named = sorted(
        (name, one["batchId"], one["sha256"], one["rowCount"])
        for name, dataset in inputs.items()
        for one in dataset["facets"]["tieout_deliveries"]["deliveries"]
    )
    assert named == [tuple(row) for row in batches]
    for name, dataset in inputs.items():
        rows = sum(accepted for where, _, _, accepted in batches if where == name)
        assert dataset["inputFacets"]["inputStatistics"]["rowCount"] == rows


@pytest.mark.slow
def test_outputs_are_the_marts_with_the_columns_of_their_contracts(told, planted):
    outputs = {one["name"]: one for one in told[-1]["outputs"]}
    with duckdb.connect(str(planted.published), read_only=True) as con:
        tables = con.execute(
            "select table_name, list(column_name order by ordinal_position) from information_schema.columns"
            " where table_schema = 'marts' group by table_name"
        ).fetchall()
        (rows,) = con.execute("select count(*) from marts.exceptions").fetchone()
    fields = {name: [one["name"] for one in data["facets"]["schema"]["fields"]] for name, data in outputs.items()}
    assert fields == {f"marts.{table}": columns for table, columns in tables}
    assert outputs["marts.exceptions"]["outputFacets"]["outputStatistics"]["rowCount"] == rows
    meant = {one["name"]: one.get("description") for one in outputs["marts.exceptions"]["facets"]["schema"]["fields"]}
    assert meant["delta_minor"] == "Left less right, minor units."


@pytest.mark.slow
def test_models_join_the_source_objects_to_the_marts_without_a_gap(told):
    """A lineage with a hole between landing and mart cannot say which figures a bad delivery has reached."""
    made = {event["outputs"][0]["name"]: event for event in told[1:-1]}
    assert {event["run"]["facets"]["parent"]["run"]["runId"] for event in made.values()} == {RUN}
    assert len({event["run"]["runId"] for event in made.values()}) == len(made)
    reached, open_ = set(), ["marts.exceptions"]
    while open_:
        name = open_.pop()
        for one in made[name]["inputs"] if name in made else []:
            if one["name"] not in reached:
                reached.add(one["name"])
                open_.append(one["name"])
    assert {"billing.invoices", "product.usage_events", "erp.ar_documents", "crm.contracts"} <= reached


@pytest.mark.slow
def test_every_event_and_facet_names_its_producer_and_schema_as_the_standard_asks(told):
    for event in told:
        assert urlsplit(event["schemaURL"]).fragment == "/$defs/RunEvent"
        assert uuid.UUID(event["run"]["runId"])
        assert datetime.fromisoformat(event["eventTime"]).tzinfo
        for facet in facets(event):
            assert urlsplit(facet["_producer"]).scheme == "urn"
            assert urlsplit(facet["_schemaURL"]).netloc == "openlineage.io"


@pytest.mark.slow
def test_no_row_amount_or_place_of_this_machine_leaves(told, planted):
    text = json.dumps(told)
    assert str(planted.folder) not in text
    with duckdb.connect(str(planted.published), read_only=True) as con:
        ids = con.execute("select customer_id from canonical.billing_customer limit 20").fetchall()
        reasons = con.execute("select reason from marts.exceptions limit 20").fetchall()
    assert not [one for (one,) in [*ids, *reasons] if one in text]


@pytest.mark.parametrize(("outcome", "state"), [("failed", "FAIL"), ("interrupted", "ABORT")])
def test_a_run_that_did_not_end_well_says_so_and_claims_no_output(tmp_path, outcome, state):
    settings = switched_on(settings_of(tmp_path), transport="file", path=tmp_path / "events.jsonl")
    tell(settings, outcome)
    start, end = events(tmp_path / "events.jsonl")
    assert (start["eventType"], end["eventType"], end["outputs"]) == ("START", state, [])
    assert ("errorMessage" in end["run"]["facets"]) == (outcome == "failed")
    assert "billing.invoices" in {one["name"] for one in end["inputs"]}


def test_a_server_receives_them_with_the_key_from_the_environment(tmp_path, monkeypatch):
    monkeypatch.setenv("LINEAGE_KEY", "hush")
    with receiving() as server:
        settings = switched_on(
            settings_of(tmp_path, as_of=datetime(2026, 10, 12, tzinfo=UTC)),
            transport="http", url=f"http://{server.address}", api_key_variable="LINEAGE_KEY",
        )  # fmt: skip
        tell(settings)
    assert [request.path for request in server.requests] == ["/api/v1/lineage"] * 2
    assert {request.headers["Authorization"] for request in server.requests} == {"Bearer hush"}
    assert [request.json()["eventType"] for request in server.requests] == ["START", "COMPLETE"]


def test_a_server_that_fails_or_never_answers_takes_nothing_from_the_run(tmp_path, caplog):
    with receiving() as server, silent() as address:
        for place in (server.address, address):
            server.answers = [500, 500]
            options = {"transport": "http", "url": f"http://{place}", "timeout_seconds": 1}
            tell(switched_on(settings_of(tmp_path), **options))
    assert len(server.requests) == 2, "a refused event is not sent again and again"
    assert caplog.text.count("was not told") == 4


def test_a_file_that_cannot_be_written_takes_nothing_from_the_run(tmp_path, caplog):
    tell(switched_on(settings_of(tmp_path), transport="file", path=tmp_path))
    assert caplog.text.count("was not told") == 2


def test_switched_off_nothing_is_written(tmp_path):
    tell(settings_of(tmp_path))
    assert list(tmp_path.iterdir()) == []
