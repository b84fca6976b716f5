"""What a company's own contract may say: it may add columns to the shipped contract and be stricter, nothing else.

The models read the shipped columns by their keys and types. A contract that drops one, or lets a value through that
they were never built for, would not fail: it would misstate.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from dagster_project.sources.contract_diff import Change, diff
from dagster_project.sources.contracts import Column, Contract, DomainContract

_NAME = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
RESERVED = ("source_instance", "batch_id", "row_number", "content_hash", "extracted_at")
_NUMBERS = ("DECIMAL", "BIGINT")


def faults(contract: DomainContract, shipped: DomainContract) -> list[str]:
    """Why the contract cannot be used here, one line per fault; empty when it can."""
    if contract.domain != shipped.domain:
        return [f"it is for the domain {contract.domain!r}, expected {shipped.domain!r}"]
    return [
        *(words for change in diff(shipped, contract) if (words := _against_models(change, shipped))),
        *(fault for one in contract.objects for column in one.columns for fault in _column(one, column)),
    ]


def _against_models(change: Change, shipped: DomainContract) -> str | None:
    known = {(one.name, column.name) for one in shipped.objects for column in one.columns}
    is_own_column = bool(change.column) and (change.object, change.column) not in known
    if change.effect == "none" or is_own_column or (change.effect == "narrower" and change.column):
        return None
    why = {
        "different": "Tieout's models read it as shipped",
        "wider": "Tieout's models do not know what is let in",
        "narrower": "Tieout's models decide that",
    }
    left = f"leave it as in the shipped contract {shipped.version}"
    return f"{change.place}: {change.words}; {why[change.effect]}: {left}"


def _column(contract: Contract, column: Column) -> Iterator[str]:
    place = f"{contract.name}.{column.name}"
    if not _NAME.fullmatch(column.name) or column.name.startswith("tieout_"):
        yield f"{place}: expected a name of small letters, digits and single underscores, not beginning with tieout_"
    if column.name in RESERVED:
        yield f"{place}: the archive has a column of that name for itself; expected any other"
    if (column.minimum is not None or column.maximum is not None) and not column.sql_type.startswith(_NUMBERS):
        yield f"{place}: a minimum or maximum of a {column.kind}; expected a number"
    if column.currency_column and contract.column(column.currency_column).kind != "currency":
        yield f"{place}: its currency column {column.currency_column!r} is no currency; expected kind currency"
    if not all(isinstance(reference, str) and reference.count(".") == 2 for reference in column.references):
        yield f"{place}: references {list(column.references)}; expected domain.object.column"
