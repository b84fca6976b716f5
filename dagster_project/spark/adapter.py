"""What dbt-spark's session method does otherwise than books of account need."""

from __future__ import annotations

import re
from itertools import count
from typing import Any

from dagster_project.spark.null_order import nulls_last
from dagster_project.spark.once import apart

_TABLE = re.compile(r"\s*(/\*.*?\*/\s*)?create\s+table\s", re.IGNORECASE | re.DOTALL)


def adapt() -> None:
    """Makes dbt keep the session strict, order nulls as DuckDB does, and run Python models here. Once per process."""
    _keep_strict()
    _rewrite_statements()
    _run_python_models_here()


def _keep_strict() -> None:
    """dbt-spark switches ANSI mode off with every statement: an amount that does not fit would wrap or become null."""
    from dbt.adapters.spark.connections import SparkCredentials

    adapters_own = SparkCredentials.__post_init__

    def strict(credentials: Any) -> None:
        adapters_own(credentials)
        credentials.server_side_parameters["spark.sql.ansi.enabled"] = "true"

    SparkCredentials.__post_init__ = strict


def _rewrite_statements() -> None:
    """Orders with nulls last; what a table reads in several places is computed before it, and let go after it."""
    from dbt.adapters.spark.session import Cursor
    from pyspark.sql import SparkSession

    adapters_own = Cursor.execute
    numbers = count(1)

    def execute(cursor: Any, sql: str, *parameters: Any) -> None:
        statement = nulls_last(sql)
        kept, statement = apart(statement, f"kept_{next(numbers)}") if _TABLE.match(statement) else ([], statement)
        computed = []
        try:
            for one in kept:
                adapters_own(cursor, one.query)
                computed.append(_computed(cursor._df))
                computed[-1].createOrReplaceTempView(one.name)
            adapters_own(cursor, statement, *parameters)
        finally:
            for one, frame in zip(kept, computed, strict=False):
                SparkSession.active().catalog.dropTempView(one.name)
                _let_go(frame)

    Cursor.execute = execute


def _computed(frame: Any) -> Any:
    """The rows of a frame, computed now: into files where the session has a place for them, else where they are."""
    return frame.checkpoint() if frame.sparkSession.sparkContext.getCheckpointDir() else frame.localCheckpoint()


def _let_go(frame: Any) -> None:
    """Frees what was computed; else it would fill the memory until the JVM looks for what nobody uses."""
    frame._jdf.logicalPlan().rdd().unpersist(False)


def _run_python_models_here() -> None:
    """dbt-spark runs Python models as jobs of Databricks alone."""
    from dbt.adapters.base import PythonJobHelper
    from dbt.adapters.spark.impl import SparkAdapter
    from pyspark.sql import SparkSession

    class SessionJob(PythonJobHelper):
        """Runs a compiled model: dbt's own last lines write what it returns."""

        def __init__(self, parsed_model: dict[str, Any], credentials: Any) -> None:
            self.file = parsed_model["original_file_path"]

        def submit(self, compiled_code: str) -> None:
            exec(compile(compiled_code, self.file, "exec"), {"spark": SparkSession.active(), "__name__": "dbt_model"})

    SparkAdapter.python_submission_helpers = property(lambda adapter: {"session": SessionJob})
    SparkAdapter.default_python_submission_method = property(lambda adapter: "session")
