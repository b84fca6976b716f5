"""Lets dbt's Python models run in the Spark session of this process; dbt-spark itself knows Databricks' jobs alone."""

from __future__ import annotations

from typing import Any


def run_python_models_here() -> None:
    """Makes the open session the place where dbt-spark's session method runs Python models."""
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
