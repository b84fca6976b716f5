"""Without the patch every control on DuckDB ends in an error, and nothing is controlled at all."""

import duckdb
import pytest

from expectations.suites.persisted_connection import DUCKDB, keep_duckdb_connections_open

sql = pytest.importorskip("great_expectations.execution_engine.sqlalchemy_execution_engine")


@pytest.fixture
def as_shipped(monkeypatch):
    """GX as it is without the patch, whatever ran before in this process."""
    shipped = tuple(one for one in sql._PERSISTED_CONNECTION_DIALECTS if one is not DUCKDB)
    monkeypatch.setattr(sql, "_PERSISTED_CONNECTION_DIALECTS", shipped)


def ask(path):
    import great_expectations as gx

    context = gx.get_context(mode="ephemeral")
    source = context.data_sources.add_sql("file", connection_string=f"duckdb:///{path}")
    asset = source.add_table_asset("amounts", table_name="amounts")
    batch = asset.get_batch(asset.build_batch_request())
    try:
        return batch.validate(gx.expectations.ExpectColumnValuesToNotBeNull(column="amount"))
    finally:
        source.get_execution_engine().close()
        source.get_engine().dispose()


@pytest.fixture
def amounts(tmp_path):
    path = tmp_path / "amounts.duckdb"
    with duckdb.connect(str(path)) as con:
        con.execute("create table amounts as select range as amount from range(3)")
    return path


def test_gx_still_needs_the_patch_on_duckdb(as_shipped, amounts):
    """When this fails, GX keeps DuckDB's connection by itself: delete persisted_connection.py."""
    result = ask(amounts)
    assert not result.success and "list index out of range" in str(result.exception_info)


def test_with_the_patch_gx_judges_on_duckdb(as_shipped, amounts):
    keep_duckdb_connections_open()
    keep_duckdb_connections_open()
    assert sql._PERSISTED_CONNECTION_DIALECTS.count(DUCKDB) == 1
    assert ask(amounts).success
