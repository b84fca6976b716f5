"""Files that nobody sent yet: any object, any format, any text in any column, beside any sidecar."""

from __future__ import annotations

import gzip
import json
import tempfile
from pathlib import Path

import polars as pl
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from dagster_project.sources.contracts import Contract, load_contracts
from tests.faults.misspellings import VALUES
from tests.faults.retyped import written
from tests.faults.scale import some
from tests.faults.test_broken_files import DOMAINS, judge
from tests.ingestion.company import company, csv_text

pytestmark = pytest.mark.faults
FILES = 400
GOOD = {
    "boolean": "true", "integer": "3", "date": "2026-09-01", "timestamp": "2026-09-01T08:00:00Z", "period": "2026-09",
    "currency": "USD", "json": '{"a": 1.10}', "string": "x-1",
}  # fmt: skip

texts = st.one_of(
    st.sampled_from(VALUES),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=12),
    st.decimals(allow_nan=True, allow_infinity=True).map(str),
    st.datetimes().map(lambda moment: moment.isoformat() + "Z"),
    st.none(),
)
documents = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), texts),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
sidecars = st.one_of(
    st.none(),
    st.binary(max_size=30),
    documents.map(lambda document: json.dumps(document).encode()),
    st.fixed_dictionaries(
        {},
        optional={
            "extracted_at": documents | st.sampled_from(["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"]),
            "row_count": documents | st.sampled_from([2**63, -1, 1e300]),
            "control_totals": documents | st.dictionaries(st.sampled_from(["amount", "quantity", "", "x'y"]), texts),
            "schema_version": documents,
        },
    ).map(lambda document: json.dumps(document).encode()),
    st.sampled_from(
        [
            b"[" * 200_000,
            b'{"a":' * 200_000,
            b'{"row_count": ' + b"9" * 5000 + b"}",
            b'{"control_totals": {"amount": "1e999999999"}}',
            b'{"control_totals": {"amount": "1e-999999999"}}',
            b"\xef\xbb\xbf{}",
            b'{"extracted_at": "2026-10-12T00:00:00+23:59:59"}',
        ]
    ),
)


@st.composite
def files(draw: st.DrawFn) -> tuple[str, bytes, bytes | None]:
    """Name, content and sidecar of one file: good rows, in which a few values are whatever comes up."""
    contract = draw(st.sampled_from(list(load_contracts().values())))
    rows = [
        {column.name: _good(contract, column.name) for column in contract.columns}
        for _ in range(draw(st.integers(0, 4)))
    ]
    for row in rows:
        for name in draw(st.lists(st.sampled_from(list(row)), max_size=3)):
            row[name] = draw(texts)
    kind = draw(st.sampled_from(["csv", "csv.gz", "jsonl", "jsonl.gz", "parquet"]))
    content = _content(kind, [column.name for column in contract.columns], rows, draw(st.booleans()))
    return f"{contract.domain}/{contract.name}/invented.{kind}", content, draw(sidecars)


def _good(contract: Contract, name: str) -> str:
    column = contract.column(name)
    return column.allowed[0] if column.allowed else GOOD.get(column.kind, "1")


def _content(kind: str, names: list[str], rows: list[dict], has_raw_unicode: bool) -> bytes:
    if kind == "parquet":
        return written(pl.DataFrame(rows, schema=dict.fromkeys(names, pl.String)))
    if kind.startswith("csv"):
        text = csv_text(rows, names) if rows else ",".join(names)
    else:
        text = "".join(json.dumps(row, ensure_ascii=not has_raw_unicode) + "\n" for row in rows)
    return gzip.compress(text.encode(), mtime=0) if kind.endswith(".gz") else text.encode()


@settings(max_examples=len(some(FILES)), derandomize=True, database=None, deadline=None,
          phases=[Phase.generate], suppress_health_check=list(HealthCheck))  # fmt: skip
@given(files())
def test_an_invented_file_gives_rows_or_a_refusal_in_words(file):
    name, content, sidecar = file
    with tempfile.TemporaryDirectory() as folder:
        one = company(Path(folder), *DOMAINS)
        path = one.deliver(name, content)
        if sidecar is not None:
            path.with_name(path.name + ".manifest.json").write_bytes(sidecar)
        assert judge(one, 1) == []


def test_that_many_files_were_invented(counted):
    counted("broken files", len(some(FILES)))
