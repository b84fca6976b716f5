"""Reads CSV as text: RFC 4180 quoting, any mix of line ends, an empty field is null."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.csv as pa_csv

from dagster_project.archive.engine import one_after_another
from dagster_project.archive.parsing import mapped
from dagster_project.archive.parsing.faults import FileFault, missing_columns, refuse_too_many_columns
from dagster_project.archive.parsing.rawfile import RawFile, TextShape, scan
from dagster_project.archive.parsing.received import Received, add_malformed, fill, literal
from dagster_project.sources.contracts import Contract
from dagster_project.sources.mapping import ObjectMapping

BLOCK = 1 << 22
"""Bytes that Arrow reads ahead at a time, several of them at once; no row can be longer."""

_DELIMITERS = {";": "a semicolon", "\t": "a tab", "|": "a vertical bar", ":": "a colon"}
_FIELD_LIMIT = 1 << 24
_MISSHAPEN_LIMIT = 1 << 26


def read(con: duckdb.DuckDBPyConnection, file: RawFile, contract: Contract, mapping: ObjectMapping) -> Received:
    """Fills `received` and `malformed`; FileFault when header, quoting or encoding is not that of the contract."""
    shape = scan(file)
    header = _header(file)
    columns = _columns(file, header, contract, mapping)
    stream = _Stream(file, _names(columns, contract))
    con.register("arriving", stream.reader())
    with one_after_another(con):
        con.execute("create table received as select * from arriving")
    con.unregister("arriving")
    if stream.fault:
        raise FileFault(file.name, stream.fault, f"rows of {len(header)} fields, every quote closed")
    _number(con, stream)
    rows = _count(con) + len(stream.misshapen)
    has_one_line_per_row = shape.lines == rows + 1
    _refuse_swallowed_rows(file, shape, has_one_line_per_row)
    lines = dict.fromkeys(number for number, _, _ in stream.misshapen)
    found = {number: number + 1 for number in lines} if has_one_line_per_row else _lines(file, lines)
    add_malformed(
        con,
        [
            (number, found.get(number), text, f"{fields} fields, expected {len(header)} as in the header")
            for number, fields, text in stream.misshapen
        ],
    )
    fields = zip(header, stream.names, strict=True)
    payload = "json_object(" + ", ".join(f"{literal(name)}, received.{own}" for name, own in fields) + ")::varchar"
    line_of = None if has_one_line_per_row else (lambda wanted: _lines(file, wanted))
    return Received(columns=tuple(columns), payload=payload, line_of=line_of)


class _Stream:
    """Record batches of one file, with the position of each row and the rows that have another number of fields."""

    def __init__(self, file: RawFile, names: list[str]) -> None:
        self._file = file
        self.names = names
        self.misshapen: list[tuple[int, int, str]] = []
        self._misshapen_bytes = 0
        self.fault: str | None = None

    def reader(self) -> pa.RecordBatchReader:
        names = ["tieout_row", "tieout_line", *self.names]
        types = [pa.int64(), pa.int64(), *(pa.string() for _ in self.names)]
        return pa.RecordBatchReader.from_batches(pa.schema(list(zip(names, types, strict=True))), self._batches())

    def _batches(self) -> Iterator[pa.RecordBatch]:
        seen = -1  # the header is the first row
        try:
            for batch in self._open():
                positions = np.arange(seen + 1, seen + 1 + batch.num_rows, dtype=np.int64)
                seen += batch.num_rows
                columns = [pa.array(positions), pa.array(positions + 1), *batch.columns]
                numbered = pa.record_batch(columns, names=["tieout_row", "tieout_line", *self.names])
                yield numbered.slice(1) if positions.size and positions[0] == 0 else numbered
        except pa.ArrowInvalid as error:
            # Raised here it would reach the user as a database error.
            self.fault = _in_words(str(error))

    def _open(self) -> pa_csv.CSVStreamingReader:
        return pa_csv.open_csv(
            pa.PythonFile(self._file.open(), mode="r"),
            read_options=pa_csv.ReadOptions(use_threads=False, block_size=BLOCK, column_names=self.names),
            parse_options=pa_csv.ParseOptions(newlines_in_values=True, invalid_row_handler=self._keep),
            convert_options=pa_csv.ConvertOptions(
                column_types=dict.fromkeys(self.names, pa.string()),
                strings_can_be_null=True,
                quoted_strings_can_be_null=True,
                null_values=[""],
            ),
        )

    def _keep(self, row: pa_csv.InvalidRow) -> str:
        self._misshapen_bytes += len(row.text)
        if self._misshapen_bytes < _MISSHAPEN_LIMIT:
            self.misshapen.append((row.number - 1, row.actual_columns, row.text))
        else:
            number, fields, _ = self.misshapen[0]
            self.fault = f"more than {_MISSHAPEN_LIMIT >> 20} MB of rows like row {number}, which has {fields} fields"
        return "skip"


def _in_words(message: str) -> str:
    if "straddl" in message:
        return f"a row is longer than {BLOCK >> 20} MB, or a quote is never closed"
    return message


def _header(file: RawFile) -> list[str]:
    """The names in the first row, as the file has them."""
    csv.field_size_limit(_FIELD_LIMIT)
    try:
        with io.TextIOWrapper(file.open(), encoding="utf-8-sig", newline="") as text:
            row = next((found for found in csv.reader(text) if found), [])
    except csv.Error:
        found = f"the header is longer than {_FIELD_LIMIT >> 20} MB, or a quote in it is never closed"
        raise FileFault(file.name, found, "a header row of the object", line=1) from None
    refuse_too_many_columns(file.name, len(row), line=1)
    return [name or f"column_{position}" for position, name in enumerate(map(str.strip, row), start=1)]


def _columns(file: RawFile, header: list[str], contract: Contract, mapping: ObjectMapping) -> list[str]:
    """The names in the contract's words; refused where they cannot be those of the object."""
    ours = {column.name for column in contract.columns}
    if not {mapping.name(name) for name in header} & ours:
        required = [column.name for column in contract.columns if column.required]
        _refuse_delimiter(file, ",".join(header), {*required, *mapping.columns})
        found = f"the first line is not a header: none of its fields is a column of {contract.name}"
        raise FileFault(file.name, found, f"a header row with {', '.join(required)}", line=1, value=",".join(header))
    columns = mapped.renamed(file.name, header, mapping, line=1)
    missing = mapped.missing(contract, columns, mapping)
    if missing:
        raise missing_columns(file.name, contract, missing, header, mapping, line=1)
    return columns


def _names(columns: list[str], contract: Contract) -> list[str]:
    """Columns that the contract does not know get a name of ours: theirs may differ from another in case alone."""
    known = {column.name for column in contract.columns}
    return [name if name in known else f"tieout_extra_{place}" for place, name in enumerate(columns, start=1)]


def _refuse_delimiter(file: RawFile, header: str, names: set[str]) -> None:
    for delimiter, words in _DELIMITERS.items():
        if len({part.strip('" ') for part in header.split(delimiter)} & names) > 1:
            raise FileFault(file.name, f"the delimiter is {words}", "a comma", line=1, value=header)


def _refuse_swallowed_rows(file: RawFile, shape: TextShape, has_one_line_per_row: bool) -> None:
    """A stray quote takes the rows up to the next one, or to the end, for one value: invoices would vanish in it."""
    if shape.quotes == 0 or (has_one_line_per_row and shape.quotes % 2 == 0):
        return
    line = 1
    try:
        with io.TextIOWrapper(file.open(), encoding="utf-8-sig", newline="") as text:
            rows = csv.reader(text, strict=True)
            for _ in rows:
                line = rows.line_num + 1
    except csv.Error as error:
        expected = "every quoted field closed before the next delimiter, quotes in it doubled"
        if "unexpected end" in str(error):
            raise FileFault(file.name, "a quote is opened and never closed", expected, line=line) from None
        if not has_one_line_per_row:
            found = "a quoted field that begins here is closed in the middle of text, so rows may be lost in it"
            raise FileFault(file.name, found, expected, line=line) from None


def _number(con: duckdb.DuckDBPyConnection, stream: _Stream) -> None:
    """Arrow numbers the rows it yields; the misshapen ones between them count too."""
    if not stream.misshapen:
        return
    stream.misshapen.sort()
    shifts = [(number - position, position) for position, (number, _, _) in enumerate(stream.misshapen, start=1)]
    fill(con, "create or replace table shifts (after_row bigint, shift bigint)", shifts)
    con.execute(
        "create or replace table received as"
        " select received.tieout_row + coalesce(last.shift, 0) as tieout_row,"
        " received.tieout_line + coalesce(last.shift, 0) as tieout_line, received.* exclude (tieout_row, tieout_line)"
        " from received asof left join (select after_row, max(shift) as shift from shifts group by all) as last"
        " on received.tieout_row > last.after_row"
    )


def _count(con: duckdb.DuckDBPyConnection) -> int:
    ((rows,),) = con.execute("select count(*) from received").fetchall()
    return int(rows)


def _lines(file: RawFile, wanted: Iterable[int]) -> dict[int, int]:
    """First lines of the rows wanted, where quoted line ends or blank lines part rows from lines."""
    left = set(wanted)
    found: dict[int, int] = {}
    if not left:
        return found
    with io.TextIOWrapper(file.open(), encoding="utf-8-sig", newline="") as text:
        rows = csv.reader(text)
        number, begins = 0, 1
        for row in rows:
            if row:
                if number in left:
                    # A quoted line end makes the row longer than one line: name the one on which it begins.
                    found[number] = begins
                number += 1
            begins = rows.line_num + 1
            if len(found) == len(left):
                break
    return found
