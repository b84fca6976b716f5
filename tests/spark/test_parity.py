"""The sample company's books on Spark: table by table those of DuckDB. Run by `make test-spark`, for it needs Spark."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pytest

from tests.command import COMMAND, tieout

pytestmark = [pytest.mark.spark, pytest.mark.slow]

COMPARED = ("seeds", "canonical", "matching", "reconciliation", "marts")
_COLUMNS = """
select schema_name, table_name, column_name
from duckdb_columns()
where database_name = ? and list_contains(?, schema_name) and not starts_with(column_name, 'run_')
order by schema_name, table_name, column_index"""


@dataclass(frozen=True)
class Both:
    """The homes of one company closed twice, and what the command said on Spark."""

    duckdb: Path
    spark: Path
    code: int
    said: str

    def attached(self, file: str) -> duckdb.DuckDBPyConnection:
        con = duckdb.connect()
        con.execute("set TimeZone = 'UTC'")
        for name, home in (("here", self.duckdb), ("there", self.spark)):
            con.execute(f"attach '{(home / file).resolve()}' as {name} (read_only)")
        return con


@pytest.fixture(scope="module")
def both(planted, tmp_path_factory) -> Both:
    """The planted company, its archive copied and its books built again on Spark."""
    folder = tmp_path_factory.mktemp("spark") / "company"
    shutil.copytree(planted.folder, folder, symlinks=True)
    config, current = folder / "tieout.yml", folder / ".tieout" / "published" / "current.duckdb"
    by_duckdb = current.resolve().name
    config.write_text(config.read_text(encoding="utf-8") + "\ntarget: spark\n", encoding="utf-8")
    done = subprocess.run(
        [*COMMAND, "run", "--config", str(config)],
        env={**os.environ, "COLUMNS": "160", "NO_COLOR": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    said = done.stdout + done.stderr
    assert current.resolve().name != by_duckdb, f"what is compared would be DuckDB's own books: {said[-4000:]}"
    return Both(planted.folder / ".tieout", folder / ".tieout", done.returncode, said)


def columns(
    con: duckdb.DuckDBPyConnection, database: str, schemas: tuple[str, ...]
) -> dict[tuple[str, str], list[str]]:
    found: dict[tuple[str, str], list[str]] = {}
    for schema, table, column in con.execute(_COLUMNS, [database, list(schemas)]).fetchall():
        found.setdefault((schema, table), []).append(column)
    return found


def differences(both: Both, file: str, schemas: tuple[str, ...]) -> dict[str, tuple[int, int]]:
    """{table: rows that DuckDB alone has, rows that Spark alone has}, of every table of the schemas that differs."""
    with both.attached(file) as con:
        here, there = (columns(con, name, schemas) for name in ("here", "there"))
        assert here.keys() == there.keys()
        found = {}
        for (schema, table), names in here.items():
            listed = ", ".join(f'"{name}"' for name in names)
            sides = [f'(select {listed} from {side}."{schema}"."{table}")' for side in ("here", "there")]
            counts = [
                con.execute(f"select count(*) from ({one} except all {other})").fetchall()[0][0]
                for one, other in (sides, sides[::-1])
            ]
            if any(counts):
                found[f"{schema}.{table}"] = (counts[0], counts[1])
        return found


def test_a_close_on_spark_ends_as_the_same_close_on_duckdb(both):
    """Another exit code or other breaks would tell two controllers of one company two different things."""
    assert both.code == 1, f"1 says that there are breaks, and the company has many: {both.said[-4000:]}"
    assert "Traceback" not in both.said


def test_every_table_is_the_same_on_both_engines_to_the_row_and_the_minor_unit(both):
    """A figure that depends on the engine is none: each differing row would be money stated twice, differently."""
    assert differences(both, "warehouse/tieout.duckdb", COMPARED) == {}


def test_what_is_published_is_the_same_whatever_engine_built_it(both):
    """Dashboards and auditors read the snapshot alone, and never learn which engine was at work."""
    assert differences(both, "published/current.duckdb", ("canonical", "matching", "marts")) == {}


def builds(both: Both) -> list[Path]:
    """One file per build on Spark: its process writes there what it has to say, from its first moment."""
    return sorted((both.spark / "runs").glob("*/spark.log"))


def test_nothing_is_built_again_on_spark_where_nothing_is_new(both):
    """The warehouse must know what Spark built, or every run would cost a whole build."""
    runs = both.spark / "runs"
    built, known = builds(both), set(runs.iterdir())
    assert len(built) == 1, "the first run built on Spark, or this test says nothing"
    again = tieout("run", "--config", both.spark.parent / "tieout.yml")
    assert again.code == both.code, again.text[-4000:]
    assert set(runs.iterdir()) - known, "the second run left nothing of itself"
    assert builds(both) == built
