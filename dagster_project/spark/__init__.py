"""The dbt project on Apache Spark, for books beyond one machine: the same models over the same Parquet of the archive.

Spark lives in an environment of its own (`make setup-spark`). `handover` (here) says what the warehouse holds for dbt;
`build` (there, a process of its own) runs dbt; `takeback` (here) puts what it built into the warehouse, from which
everything else reads as ever. `adapter`, `null_order`, `once`, `relations` and `session` are of its process alone.
"""
