"""Matches the rows of two sides that no shared key joins: exactly, each row at most once, whatever their order.

Knows neither Dagster nor Streamlit nor dbt, and nothing of payments or invoices: who calls it says what the rows mean.
`match` works on a relation of a DuckDB connection, `match_rows` on rows in memory; both run the same passes.
"""

from dagster_project.matching.engine import match, match_rows
from dagster_project.matching.model import Match, Matching, Plan, Row, Search
from dagster_project.matching.subset import Group, Outcome, search

__all__ = ["Group", "Match", "Matching", "Outcome", "Plan", "Row", "Search", "match", "match_rows", "search"]
