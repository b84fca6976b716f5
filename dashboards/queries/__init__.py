"""All SQL of the dashboard: one module per page, one function per question.

Every query aggregates or limits in DuckDB and binds its parameters; sums are DECIMAL(38,0) minor units, per currency.
Names of columns that change with a choice come from lists in these files, never from the reader.
"""
