"""`target: spark` without Spark: what it asks for in words, what is handed over, and what is taken back."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from dagster_project.errors import ConfigurationError, InputError, StoreError
from dagster_project.settings import load
from dagster_project.spark.environment import require
from dagster_project.spark.handover import hand_over
from dagster_project.spark.null_order import nulls_last
from dagster_project.spark.relations import query_of, scans_of, spark_type
from dagster_project.spark.takeback import take_back

COMPANY = """company: Aerolith
reporting_currency: USD
sources:
  - {name: crm, domain: crm, connector: {type: files, path: data}}
"""


def written(folder: Path, more: str) -> Path:
    file = folder / "tieout.yml"
    file.write_text(COMPANY + more, encoding="utf-8")
    return file


def test_a_target_without_its_environment_says_which_command_makes_it(tmp_path):
    """A run that ended an hour later inside a library would leave the controller with a traceback and no books."""
    settings = load(written(tmp_path, "target: spark\nspark:\n  python: nowhere/bin/python\n"))
    with pytest.raises(InputError, match="make setup-spark") as error:
        require(settings)
    assert str(tmp_path / "nowhere/bin/python") in str(error.value)


def test_a_setting_that_is_none_of_sparks_is_refused_with_its_line(tmp_path):
    """A misspelt limit would be ignored, and the build would take what it takes."""
    file = written(tmp_path, "target: spark\nspark:\n  settings:\n    executor.memory: 2g\n")
    with pytest.raises(ConfigurationError, match=r"tieout.yml:7: spark.settings: .*expected names such as spark\."):
        load(file)


def test_files_of_an_older_contract_are_handed_over_by_themselves_and_their_absent_column_is_null(tmp_path):
    """Read as one, the older file would end the build or shift money into another column."""
    con = duckdb.connect()
    con.execute("create schema landed")
    for name, query in {"a": "1::bigint as id", "b": "2::bigint as id, 5::decimal(18, 4) as amount"}.items():
        con.execute(f"copy (select {query}) to '{tmp_path}/{name}.parquet' (format parquet)")
    con.execute(
        "create view landed.lines as select id::bigint as id, amount::decimal(18, 4) as amount from"
        f" read_parquet(['{tmp_path}/a.parquet', '{tmp_path}/b.parquet'], union_by_name = true)"
    )
    (relation,) = hand_over(con, [("landed", "lines")], tmp_path / "handover")
    assert relation.columns == (("id", "BIGINT"), ("amount", "DECIMAL(18,4)"))
    assert [(part.files, part.columns) for part in relation.parts] == [
        ((f"{tmp_path}/a.parquet",), ("id",)),
        ((f"{tmp_path}/b.parquet",), ("id", "amount")),
    ]
    query = query_of({**vars(relation), "parts": [vars(part) for part in relation.parts]})
    assert "cast(null as decimal(18,4)) as `amount` from `landed`.`lines__files_0`" in query
    assert not (tmp_path / "handover").exists(), "the archive's files are read where they lie"


def test_a_path_with_the_signs_of_a_pattern_is_read_as_the_path_that_it_is():
    """A folder named `books{2026}` would otherwise be read as another one, or as none."""
    part = {"files": ["/books{1}/[a]*.parquet"], "columns": ["id"]}
    (scan,) = scans_of({"name": "lines", "parts": [part]})
    assert scan.path == r"/books\{1\}/\[a\]\*.parquet"


def test_a_type_that_spark_does_not_have_is_refused_by_name():
    """Guessed, a column of money could become a float."""
    assert spark_type("DECIMAL(18,4)") == "decimal(18,4)"
    assert spark_type("VARCHAR[]") == "array<string>"
    with pytest.raises(ValueError, match="UBIGINT"):
        spark_type("UBIGINT")


def test_a_table_comes_back_in_the_types_of_its_contract(tmp_path):
    """Books whose types depend on the engine break every reader that was written against the contract."""
    con = duckdb.connect()
    folder = tmp_path / "marts.db" / "totals"
    folder.mkdir(parents=True)
    con.execute(
        "copy (select 12::decimal(38, 0) as amount_minor, timestamptz '2026-10-01 00:00:00+00' as as_of)"
        f" to '{folder}/part.parquet' (format parquet)"
    )
    node = {"schema": "marts", "alias": "totals", "columns": {"amount_minor": {"data_type": "hugeint"}}}
    con.execute("set TimeZone = 'UTC'")
    take_back(con, [node], tmp_path)
    assert con.execute("select column_type from (describe marts.totals)").fetchall() == [("HUGEINT",), ("TIMESTAMP",)]
    assert str(con.execute("select as_of from marts.totals").fetchall()[0][0]) == "2026-10-01 00:00:00"


def test_the_hashes_of_another_engine_are_taken_as_they_are(tmp_path):
    """Spark's are signed: held to DuckDB's type, one of them would lose the whole build."""
    con = duckdb.connect()
    folder = tmp_path / "state.db" / "usage_hash"
    folder.mkdir(parents=True)
    con.execute(f"copy (select -5::bigint as key_hash) to '{folder}/part.parquet' (format parquet)")
    take_back(
        con, [{"schema": "state", "alias": "usage_hash", "columns": {"key_hash": {"data_type": "ubigint"}}}], tmp_path
    )
    assert con.execute("select key_hash from state.usage_hash").fetchall() == [(-5,)]


def test_a_table_that_spark_did_not_leave_is_named_and_nothing_is_replaced(tmp_path):
    """Half of the books from today and half from yesterday would tie out to nothing."""
    con = duckdb.connect()
    con.execute("create schema marts; create table marts.totals as select 1 as amount_minor")
    gone = {"schema": "marts", "alias": "totals", "columns": {}}
    with pytest.raises(StoreError, match=r"marts\.totals"):
        take_back(con, [gone], tmp_path)
    con.execute("rollback")
    assert con.execute("select amount_minor from marts.totals").fetchall() == [(1,)]


@pytest.mark.parametrize(
    ("written_as", "read_as"),
    [
        ("order by a desc, coalesce(b, 1), c nulls first", "order by a desc nulls last, coalesce(b, 1) nulls last, c nulls first"),
        ("(order by a rows between 1 preceding and current row)", "(order by a nulls last rows between 1 preceding and current row)"),
        ("in (select x from t order by x) order by 1 limit 2", "in (select x from t order by x nulls last) order by 1 nulls last limit 2"),
        ("'order by a' -- order by b", "'order by a' -- order by b"),
    ],
)  # fmt: skip
def test_an_order_that_does_not_place_its_nulls_places_them_last(written_as, read_as):
    """Spark would take the record without a date for the first, DuckDB for the last: another price would be in force."""
    assert nulls_last(f"select {written_as}") == f"select {read_as}"
