"""Reads JSON lines as text: every number keeps the digits that were sent, none passes through a double."""

from __future__ import annotations

from collections.abc import Iterator

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv

from dagster_project.archive.engine import one_after_another
from dagster_project.archive.parsing import mapped
from dagster_project.archive.parsing.csv_rows import BLOCK
from dagster_project.archive.parsing.faults import FileFault, missing_columns, refuse_too_many_columns
from dagster_project.archive.parsing.jsontext import exact_text, marked
from dagster_project.archive.parsing.rawfile import RawFile, scan
from dagster_project.archive.parsing.received import NOT_A_SCALAR, Received, literal, quoted
from dagster_project.sources.contracts import Column, Contract
from dagster_project.sources.mapping import ObjectMapping

_SCHEMA = pa.schema([("tieout_row", pa.int64()), ("tieout_line", pa.int64()), ("text", pa.string())])


def read(con: duckdb.DuckDBPyConnection, file: RawFile, contract: Contract, mapping: ObjectMapping) -> Received:
    """Fills `received` and `malformed`; FileFault when no line is an object, or a required name is in none."""
    if file.is_reported_empty and file.path.stat().st_size == 0:
        return _none(con, contract)
    unused = scan(file).unused_control
    if not unused:
        raise FileFault(file.name, "every control character occurs: a damaged file", "JSON text", is_transport=True)
    _lines(con, file, unused)
    file.meter.enter("extract")
    con.execute(
        "insert into malformed select tieout_row, tieout_line, text,"
        " case when not is_json then 'not valid JSON' else 'not a JSON object' end"
        " from lines where not is_object"
    )
    objects, rows = _counts(con)
    if objects == 0:
        raise _nothing(con, file, rows)
    theirs = _names(con)
    refuse_too_many_columns(file.name, len(theirs))
    names = mapped.renamed(file.name, theirs, mapping, line=None)
    missing = mapped.missing(contract, names, mapping)
    if missing and objects > 1:
        raise missing_columns(file.name, contract, missing, theirs, mapping, line=None)
    known = {column.name: column for column in contract.columns}
    _extract(con, [(known[ours], name) for ours, name in zip(names, theirs, strict=True) if ours in known])
    return Received(columns=tuple(names), payload="lines.text", payload_join="left join lines using (tieout_row)")


def _none(con: duckdb.DuckDBPyConnection, contract: Contract) -> Received:
    """No rows: nothing changed since the last delivery, which is no truncated file."""
    names = tuple(column.name for column in contract.columns)
    columns = ", ".join(f"{quoted(name)} varchar" for name in names)
    con.execute(f"create table received (tieout_row bigint, tieout_line bigint, {columns})")
    return Received(columns=names, payload="null::varchar")


def _lines(con: duckdb.DuckDBPyConnection, file: RawFile, unused: str) -> None:
    too_long: list[int] = []
    reader = pa.RecordBatchReader.from_batches(_SCHEMA, _batches(file, unused, too_long))
    con.register("arriving", reader)
    with one_after_another(con):
        con.execute(
            "create table lines as"
            " select tieout_row, tieout_line, text, json_valid(text) as is_json,"
            " case when json_valid(text) then json_type(text) = 'OBJECT' else false end as is_object from arriving"
        )
    con.unregister("arriving")
    if too_long:
        found = f"a line is longer than {BLOCK >> 20} MB"
        raise FileFault(file.name, found, "one JSON object per line", line=too_long[0])


def _batches(file: RawFile, unused: str, too_long: list[int]) -> Iterator[pa.RecordBatch]:
    """Numbered lines without the blank ones; ends before a line that no buffer holds, and adds its number."""
    lines = rows = 0
    try:
        for batch in _open(file, unused):
            numbers = np.arange(lines + 1, lines + 1 + batch.num_rows, dtype=np.int64)
            lines += batch.num_rows
            text = batch.column(0)
            is_row = pc.not_equal(pc.utf8_trim_whitespace(text), "")
            kept = pa.record_batch([pa.array(numbers), text], names=["tieout_line", "text"]).filter(is_row)
            positions = np.arange(rows + 1, rows + 1 + kept.num_rows, dtype=np.int64)
            rows += kept.num_rows
            yield pa.record_batch([pa.array(positions), *kept.columns], schema=_SCHEMA)
    except pa.ArrowInvalid:
        # Raised here it would reach the user as a database error.
        too_long.append(lines + 1)


def _open(file: RawFile, unused: str) -> pa_csv.CSVStreamingReader:
    """Whole lines: as fields of one column, parted by a character that is nowhere in the file."""
    return pa_csv.open_csv(
        pa.PythonFile(file.open(), mode="r"),
        read_options=pa_csv.ReadOptions(use_threads=False, block_size=BLOCK, column_names=["text"]),
        parse_options=pa_csv.ParseOptions(delimiter=unused, quote_char=False, ignore_empty_lines=False),
        convert_options=pa_csv.ConvertOptions(column_types={"text": pa.string()}),
    )


def _counts(con: duckdb.DuckDBPyConnection) -> tuple[int, int]:
    row = con.execute("select count(*) filter (where is_object), count(*) from lines").fetchone()
    return (int(row[0]), int(row[1])) if row else (0, 0)


def _nothing(con: duckdb.DuckDBPyConnection, file: RawFile, rows: int) -> FileFault:
    if rows == 0:
        return FileFault(file.name, "the file holds blank lines only", "one JSON object per line", is_transport=True)
    first = con.execute("select tieout_line, text from lines order by tieout_line limit 1").fetchone()
    line, text = first if first else (1, "")
    found = "a JSON array" if text.lstrip().startswith("[") else "no line is a JSON object"
    return FileFault(file.name, found, "one JSON object per line", line=line, value=text)


def _names(con: duckdb.DuckDBPyConnection) -> list[str]:
    """Every name in any object; rows that give one twice are malformed: the two values may differ."""
    con.execute(
        "create or replace table shapes as select names, len(names) <> len(list_distinct(names)) as is_twice"
        " from (select distinct json_keys(text) as names from lines where is_object)"
    )
    twice = con.execute("select count(*) from shapes where is_twice").fetchone()
    if twice and twice[0]:
        con.execute(
            "insert into malformed select tieout_row, tieout_line, text, 'a name is given twice' from lines"
            " where is_object and json_keys(text) in (select names from shapes where is_twice)"
        )
    rows = con.execute(
        "select name, min(position) from (select unnest(names) as name, generate_subscripts(names, 1) as position"
        " from shapes) group by all order by 2, 1"
    ).fetchall()
    return [name for name, _ in rows]


def _extract(con: duckdb.DuckDBPyConnection, columns: list[tuple[Column, str]]) -> None:
    """Each column of the contract with the name that it has in the file."""
    paths = "[" + ", ".join(literal(_path(name)) for _, name in columns) + "]"
    picked = ", ".join(_value(position, column) for position, (column, _) in enumerate(columns, start=1))
    con.execute(
        f"create table received as"
        f" select tieout_row, tieout_line, {picked} from ("
        f"  select tieout_row, tieout_line, json_extract_string(marked, {paths}) as found,"
        f"  json_type(marked, {paths}) as types"
        f"  from (select tieout_row, tieout_line, {marked('text')} as marked from lines"
        f"  where is_object and tieout_row not in (select tieout_row from malformed)))"
    )


def _path(name: str) -> str:
    escaped = name.replace("\\", "\\\\").replace('"', '\\"')
    return f'$."{escaped}"'


def _value(position: int, column: Column) -> str:
    found = f"found[{position}]"
    if column.kind == "json":
        return f"{exact_text(found)} as {quoted(column.name)}"
    nested = f"types[{position}] in ('OBJECT', 'ARRAY')"
    scalar = f"case when starts_with({found}, chr(2)) then {found}[2:-2] else {found} end"
    refused = f"{literal(NOT_A_SCALAR)} || {exact_text(found)}"
    return f"case when {nested} then {refused} else {scalar} end as {quoted(column.name)}"
