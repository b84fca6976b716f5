"""dbt inside this process: a parsed project kept by its content, and a build whose events can be followed.

Knows nothing of Dagster, so that `tieout` commands and tests can use it without.
"""
