"""The Spark session of a build: one per process, in UTC, strict about casts and overflow, no server of any kind."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

_FIXED = {
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
    "spark.sql.session.timeZone": "UTC",
    # an amount that does not fit must stop the build, not become null
    "spark.sql.ansi.enabled": "true",
    "spark.sql.ansi.doubleQuotedIdentifiers": "true",
    # the sum of two quantities keeps its nine decimals; else each addition costs one, silently
    "spark.sql.decimalOperations.allowPrecisionLoss": "false",
    "spark.sql.sources.default": "parquet",
    "spark.sql.parquet.outputTimestampType": "TIMESTAMP_MICROS",
    # Parquet's local times are UTC by the contracts
    "spark.sql.parquet.inferTimestampNTZ.enabled": "false",
    "spark.log.level": "OFF",
}
_ROOT = str(Path(__file__).resolve().parents[2])
# What costs more than it gives where the work is thousands of small statements: planning them, not computing
_ONE_MACHINE = {
    # workers run the matching
    "spark.executorEnv.PYTHONPATH": _ROOT,
    "spark.driver.host": "127.0.0.1",
    "spark.driver.bindAddress": "127.0.0.1",
    # a collector beside the work would take a sixth of the processor time; this one stops it, seldom in much memory
    "spark.driver.defaultJavaOptions": "-XX:+UseParallelGC -XX:NewRatio=1",
    # dbt runs two models at once, so that each may have one core
    "spark.sql.shuffle.partitions": "1",
    "spark.sql.leafNodeDefaultParallelism": "1",
    "spark.sql.files.minPartitionNum": "1",
    # a plan that is made again after each of its stages
    "spark.sql.adaptive.enabled": "false",
    # generating and compiling Java per query
    "spark.sql.codegen.wholeStage": "false",
    "spark.sql.codegen.factoryMode": "NO_CODEGEN",
    # each sort and each join takes a page at least, which would be 64 MB for ten rows
    "spark.buffer.pageSize": "1m",
    # texts of plans and what is remembered of a thousand of them, for a page that nobody opens
    "spark.sql.ui.explainMode": "simple",
    "spark.sql.ui.retainedExecutions": "10",
    "spark.ui.retainedJobs": "10",
    "spark.ui.retainedStages": "10",
}


def open_session(master: str, memory: str, warehouse: Path, settings: Mapping[str, str]) -> Any:
    """The session; `settings` have Spark's own names, and count over ours. Its catalogue ends with the process."""
    from pyspark.sql import SparkSession

    if master.startswith("local"):
        os.environ.setdefault("PYSPARK_PYTHON", sys.executable)  # else workers start whatever python3 the path has
    chosen = {**_FIXED, **(_ONE_MACHINE if master.startswith("local") else {})}
    chosen["spark.driver.memory"] = memory
    chosen["spark.sql.catalogImplementation"] = "in-memory"
    chosen["spark.sql.warehouse.dir"] = str(warehouse)
    if not master.startswith("local"):
        chosen["spark.checkpoint.dir"] = str(warehouse.with_name("kept"))  # what is kept must outlive an executor
    chosen["spark.driver.extraJavaOptions"] = "-Duser.timezone=UTC"
    builder = SparkSession.builder.master(master).appName("tieout")
    for name, value in {**chosen, **settings}.items():
        builder = builder.config(name, value)
    return builder.getOrCreate()
