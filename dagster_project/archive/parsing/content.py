"""The hash of a row's content: what tells equal copies from conflicting ones, and names a record for good.

It follows from the typed values alone, so it need not be kept beside them. Of objects with more rows than anybody asks
after it is computed where it is asked for: kept, it would be two thirds of their Parquet and half of what taking them
costs.
"""

from __future__ import annotations

from dagster_project.archive.parsing.checks import text_of
from dagster_project.sources.contracts import Column, Contract, load_contracts

_ON_DEMAND = frozenset({("product", "usage_events")})


def is_on_demand(contract: Contract) -> bool:
    """Whether the archive's Parquet of the object has no `content_hash`; that of earlier versions has, the same."""
    return (contract.domain, contract.name) in _ON_DEMAND


def content_hash(contract: Contract) -> str:
    """SQL: 128 bits of a SHA-256 over the content; each value with its length, so that no two rows read the same.

    It is over columns of the archive's types. Content is what the shipped contract knows: with a company's own columns
    in it the same invoice, delivered before and after a release, would be a conflict with itself.
    """
    own = {column.name for column in contract.columns}
    shipped = load_contracts()[contract.domain, contract.name]
    parts = ", ".join(_framed(column) if column.name in own else "'-'" for column in shipped.content_columns)
    return f"left(sha256(concat({parts})), 32)"


def _framed(column: Column) -> str:
    """SQL: what `concat` joins, which leaves nulls out."""
    text = text_of(column)
    return f"coalesce(length({text}) || ':', '-'), {text}"
