"""Runs in Spark's environment: matches the candidates of a Parquet file, writes what came of it, and ends."""

import json
import sys
from pathlib import Path

from dagster_project.matching.on_spark import outcome_on_spark, suggestions_on_spark
from dagster_project.spark.session import open_session

folder = Path(sys.argv[1])
# more parts than one, as on a cluster: the default of one machine would match all in one place
apart = {"spark.sql.shuffle.partitions": "4", "spark.sql.leafNodeDefaultParallelism": "4"}
spark = open_session("local[2]", "1g", folder / "warehouse", apart)
windows = json.loads((folder / "windows.json").read_text())
outcome_on_spark(spark.read.parquet(str(folder / "candidates.parquet")), windows).write.parquet(str(folder / "outcome"))
suggestions_on_spark(spark.read.parquet(str(folder / "pairs.parquet"))).write.parquet(str(folder / "suggestions"))
