"""What a row's content hash says must not depend on whether it was written down or is computed when somebody asks: else
an equal copy would be a conflict, and an event's record could not be found in the archive any more."""

from __future__ import annotations

import hashlib
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dagster_project import warehouse
from dagster_project.archive.parsing import content
from dagster_project.archive.parsing.content import content_hash
from dagster_project.lineage.batches import batches_of
from dagster_project.lineage.records import Described, Record
from dagster_project.sources.contracts import Column, Contract, load_contracts
from tests.ingestion.company import Company, company, csv_text, event

CONTRACTS = list(load_contracts().values())
EVENTS = "landed.generic__product__usage_events"
_TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=8)


def _values(column: Column) -> st.SearchStrategy[Any]:
    kind = column.sql_type
    if kind.startswith("DECIMAL"):
        precision, scale = map(int, kind[8:-1].split(","))
        return st.integers(-(10**precision) + 1, 10**precision - 1).map(lambda whole: Decimal(whole).scaleb(-scale))
    return {
        "VARCHAR": _TEXTS,
        "BOOLEAN": st.booleans(),
        "BIGINT": st.integers(-(2**63) + 1, 2**63 - 1),
        "DATE": st.dates(date(1, 1, 1)),
        "TIMESTAMP": st.datetimes(datetime(1, 1, 1)),
    }[kind]


def _text(column: Column, value: Any) -> str:
    """The exact text, written by Python: all decimals of the type, moments without needless zeros."""
    match value:
        case bool():
            return str(value).lower()
        case datetime():
            fraction = f".{value.microsecond:06}".rstrip("0").rstrip(".")
            return f"{value.year:04}-{value:%m-%d %H:%M:%S}{fraction}"
        case date():
            return value.isoformat()
        case Decimal():
            return f"{value:f}"
        case _:
            return str(value)


def _expected(contract: Contract, row: dict[str, Any]) -> str:
    texts = [
        None if row[column.name] is None else _text(column, row[column.name]) for column in contract.content_columns
    ]
    framed = "".join("-" if text is None else f"{len(text)}:{text}" for text in texts)
    return hashlib.sha256(framed.encode()).hexdigest()[:32]


@given(st.data())
@settings(max_examples=120, deadline=None)
def test_the_hash_is_that_of_the_framed_exact_texts_whatever_the_kind_of_a_column(data):
    contract = data.draw(st.sampled_from(CONTRACTS), "contract")
    row = {column.name: data.draw(st.none() | _values(column), column.name) for column in contract.columns}
    typed = ", ".join(f'?::{column.sql_type} as "{column.name}"' for column in contract.columns)
    # a decimal travels as text: the driver would narrow it
    given = [str(value) if isinstance(value, Decimal) else value for value in row.values()]
    with duckdb.connect() as con:
        con.execute("set TimeZone = 'Asia/Kathmandu'")
        found = con.execute(f"select {content_hash(contract)} from (select {typed})", given).fetchone()
    assert found == (_expected(contract, row),)


def _deliver(one: Company, file: str, *events: dict[str, Any]) -> None:
    one.deliver(f"product/usage_events/{file}.csv", csv_text(list(events)))
    one.ingest("product", "usage_events")


FIRST = [event("ev-1", quantity="0.000000001"), event("ev-2", properties='{"key": "Zürich"}'), event("ev-3")]
AGAIN = [
    event("ev-1", quantity="0.000000001", ingested_at="2026-09-01T09:00:00Z"),
    event("ev-3", quantity="4", ingested_at="2026-09-01T09:00:00Z"),
]


def _columns(one: Company) -> list[str]:
    files = sorted(str(file) for file in (one.settings.archive_path / "parquet").rglob("*.parquet"))
    with duckdb.connect() as con:
        return [
            name for name, *_ in con.execute("describe from read_parquet(?, union_by_name = true)", [files]).fetchall()
        ]


@pytest.fixture
def of_an_earlier_version(borealis: Company, monkeypatch) -> Company:
    """An archive whose first batch was written when every row's hash was kept."""
    with monkeypatch.context() as earlier:
        earlier.setattr(content, "_ON_DEMAND", frozenset())
        _deliver(borealis, "a", *FIRST)
        kept = borealis.query(f"select event_id, content_hash from {EVENTS} order by 1")
    assert "content_hash" in _columns(borealis)
    borealis.kept = kept
    return borealis


def test_batches_that_hold_the_hash_and_batches_that_do_not_are_one_history(of_an_earlier_version, tmp_path):
    """Read otherwise, each event of an archive from before would be in conflict with its copy of today."""
    old, new = of_an_earlier_version, company(tmp_path / "new")
    _deliver(new, "a", *FIRST)
    assert "content_hash" not in _columns(new)
    assert old.query(f"select event_id, content_hash from {EVENTS} order by 1") == old.kept
    for one in (old, new):
        _deliver(one, "b", *AGAIN)
    wanted = (f"from {EVENTS} order by all", "from landed.conflicts order by all")
    assert old.queries(*wanted) == new.queries(*wanted)
    assert [row["kind"] for row in new.query("from landed.conflicts order by key_text")] == ["duplicate", "conflict"]


def test_the_record_of_an_event_is_found_in_its_batch_whether_or_not_the_hash_is_kept(of_an_earlier_version):
    """An auditor who asks in which delivery an event came would get no answer."""
    one = of_an_earlier_version
    _deliver(one, "b", *AGAIN)
    one.query("select 1")
    with warehouse.connect(one.settings) as con:
        files = "select file_name.split('/')[-1], batch_id from landed.batches"
        batches = dict(con.execute(files).fetchall())
        rows = con.execute(f"select event_id, quantity, content_hash from {EVENTS}").fetchall()
        assert len(rows) == len(FIRST) + len(AGAIN)
        for key, quantity, hashed in rows:
            said = Described(Record("usage_event", "product", key), None, None, None, None, None, None, (hashed,))
            ((found, _),) = batches_of(con, one.settings.archive_path, [said])[said.record]
            came_in = {"ev-1": ["a.csv", "b.csv"], "ev-2": ["a.csv"], "ev-3": ["b.csv" if quantity == 4 else "a.csv"]}
            assert found == min(batches[file] for file in came_in[key]), key
