"""The only module that talks to Great Expectations: runs suites on a DuckDB connection that somebody else owns.

Results are asked for as booleans: then GX evaluates all column expectations of a suite in one scan. Counts, amounts
and the complete failing rows of what failed are measured in SQL afterwards, exactly (GX caps rows and turns sums into
floats).

Nothing leaves the machine: the context is ephemeral, analytics are off (GX 1.24 has no client for them any more; the
setting and GX_ANALYTICS_ENABLED=false, which settings of a site may add, hold for versions that do), progress bars too.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import duckdb

from dagster_project.lazily import without
from expectations.suites.left_out import left_out
from expectations.suites.model import Expectation, Suite
from expectations.suites.persisted_connection import keep_duckdb_connections_open

_CLOUDS = ("boto3", "botocore", "google.api_core", "google.auth", "google.cloud", "google.oauth2")


@dataclass(frozen=True)
class Verdict:
    """What GX concluded on one suite: per expectation true or false, or the fault that kept it from judging.

    `untestable` says why the suite was not run at all; a fault, on the other hand, is a control that broke: no pass.
    """

    success: dict[str, bool] = field(default_factory=dict)
    faults: dict[str, str] = field(default_factory=dict)
    document: dict[str, Any] = field(default_factory=dict)
    untestable: str | None = None

    @classmethod
    def of_no_rows(cls, suite: Suite) -> Verdict:
        """Where there is no row to judge, each expectation on rows holds: GX is not asked."""
        words = {"not_evaluated": "there was no row to judge"}
        return cls(success={one.name: True for one in suite.expectations}, document=words)


class Evaluator:
    """An ephemeral GX context on one DuckDB connection; closing it leaves the connection open."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        # charts, distributions and clients of clouds: two fifths of the time to import GX
        with left_out("altair", "scipy.stats"), without(*_CLOUDS):
            import great_expectations as gx
        from duckdb_sqlalchemy import ConnectionWrapper
        from great_expectations.data_context.types.base import ProgressBarsConfig
        from great_expectations.datasource.fluent.sql_datasource import TableAsset

        keep_duckdb_connections_open()

        class Borrowed(ConnectionWrapper):
            # The relations of the suites are temporary, seen by this connection alone, so GX's engines must share it:
            # none may open a transaction in the other's, or close it.
            autocommit = True

            def close(self) -> None:
                pass

        self._gx = gx
        self._asset = TableAsset
        self._kinds = {
            "not_null": gx.expectations.ExpectColumnValuesToNotBeNull,
            "in_set": gx.expectations.ExpectColumnValuesToBeInSet,
            "between": gx.expectations.ExpectColumnValuesToBeBetween,
            "no_rows": gx.expectations.UnexpectedRowsExpectation,
        }
        self._context = gx.get_context(mode="ephemeral")
        self._context.enable_analytics(False)
        self._context.variables.progress_bars = ProgressBarsConfig(globally=False, metric_calculations=False)
        self._source = self._context.data_sources.add_sql(
            "warehouse",
            connection_string="duckdb:///warehouse",
            kwargs={"creator": lambda: Borrowed(connection)},  # type: ignore[call-arg]
        )
        # the relations of the suites are views and tables without keys; asking for them took as long as judging
        self._source.get_execution_engine().engine.dialect.get_pk_constraint = _no_key  # type: ignore[assignment, method-assign]

    def evaluate(self, suite: Suite) -> Verdict:
        """Runs one suite; `suite.relation` is a table or view that the connection sees, with or without its schema."""
        schema, _, table = suite.relation.rpartition(".")
        asset = self._asset(name=suite.name, table_name=table, schema_name=schema or None)
        asset._datasource = self._source  # `add_table_asset` would write the context's configuration down each time
        self._source.assets.append(asset)
        batch = asset.get_batch(asset.build_batch_request())
        expectations = [self._expectation(expectation, suite) for expectation in suite.expectations]
        outcome = batch.validate(
            self._gx.ExpectationSuite(name=suite.name, expectations=expectations), result_format="BOOLEAN_ONLY"
        )
        verdict = Verdict(document=outcome.to_json_dict())
        for result in outcome.results:
            name = result.expectation_config.meta["name"]  # type: ignore[union-attr]
            fault = _fault(result.exception_info)
            if fault:
                verdict.faults[name] = fault
            else:
                verdict.success[name] = bool(result.success)
        return verdict

    def close(self) -> None:
        """Lets go of the connection."""
        engine = self._source.get_execution_engine()
        engine.close()
        self._source.get_engine().dispose()

    def _expectation(self, expectation: Expectation, suite: Suite) -> Any:
        checks = [check for check in suite.checks if check.expectation.name == expectation.name]
        meta = {"name": expectation.name, "checks": [check.name for check in checks]}
        return self._kinds[expectation.kind](**expectation.arguments, meta=meta)


def _no_key(*_: Any, **__: Any) -> dict[str, Any]:
    return {"constrained_columns": [], "name": None}


def _fault(info: Any) -> str | None:
    """The message of an exception that GX caught; its shape differs between expectations."""
    if not info:
        return None
    entries = [info] if "raised_exception" in info else [entry for entry in info.values() if isinstance(entry, dict)]
    for entry in entries:
        if entry.get("raised_exception"):
            return str(entry.get("exception_message"))
    return None
