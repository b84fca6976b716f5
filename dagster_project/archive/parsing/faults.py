"""A fault of a whole file, and how faults are put into words."""

from __future__ import annotations

from collections.abc import Iterable

from dagster_project.archive.manifest import Refusal
from dagster_project.sources.contract_diff import near
from dagster_project.sources.contracts import Column, Contract
from dagster_project.sources.mapping import ObjectMapping

_LONGEST_VALUE = 200
MOST_COLUMNS = 4000


class FileFault(Exception):
    """The file as a whole cannot be read as its object; `refusal` is the dead letter."""

    def __init__(
        self,
        name: str,
        found: str,
        expected: str,
        *,
        line: int | None = None,
        column: str | None = None,
        value: str | None = None,
        is_transport: bool = False,
    ) -> None:
        where = name if line is None else f"{name}, line {line}"
        reason = f"{where}: {found}; expected {expected}"
        super().__init__(reason)
        self.found = found
        self.refusal = Refusal(
            reason=reason,
            expected=expected,
            failure_class="transport" if is_transport else "business_rule",
            line_number=line,
            column_name=column,
            value=None if value is None else value[:_LONGEST_VALUE],
        )


_KIND_WORDS = {
    "string": "text",
    "json": "valid JSON",
    "boolean": "true or false",
    "integer": "a whole number of at most 18 digits",
    "date": "an ISO date such as 2026-02-28",
    "timestamp": "a time with an offset of at most 14 hours, such as 2026-10-12T00:00:00Z or 2026-10-12T02:00:00+02:00",
    "period": "an accounting period such as 2026-02",
    "currency": "an ISO 4217 currency code such as USD",
}


def kind_in_words(column: Column) -> str:
    """What a value of the column looks like."""
    return _KIND_WORDS.get(column.kind, "a plain decimal such as 12.50, without exponent or thousands separator")


def minimum_in_words(column: Column) -> str:
    """The lower bound."""
    return f"{'more than' if column.minimum_is_exclusive else 'at least'} {column.minimum}"


def missing_columns(
    name: str, contract: Contract, missing: list[str], found: Iterable[str], mapping: ObjectMapping, *, line: int | None
) -> FileFault:
    """The fault of required columns that are not there, with the name that each may have now, and the one that the
    mapping looks for."""
    present = list(found)
    known = {column.name for column in contract.columns}
    strangers = [other for other in present if other not in known]
    words = [
        f"required column {column!r} is missing{_mapped_from(column, mapping)}{_perhaps(column, strangers)}"
        for column in missing
    ]
    listed = ", ".join(present[:40]) or "none"
    return FileFault(
        name,
        f"{'; '.join(words)} (columns found: {listed})",
        f"the columns {', '.join(missing)} (contract {contract.domain} {contract.version})",
        line=line,
        column=missing[0],
    )


def refuse_too_many_columns(name: str, found: int, *, line: int | None = None) -> None:
    """Raises the fault of a file that names more columns than any export has: data in the place of names."""
    if found > MOST_COLUMNS:
        raise FileFault(name, f"it names {found:,} columns", f"at most {MOST_COLUMNS:,}", line=line)


def _mapped_from(column: str, mapping: ObjectMapping) -> str:
    theirs = [repr(their) for their, ours in mapping.columns.items() if ours == column]
    return f", which the mapping takes from {' or '.join(theirs)}" if theirs else ""


def _perhaps(column: str, strangers: list[str]) -> str:
    parts = set(column.split("_"))
    alike = (other for other in strangers if parts & set(other.strip().lower().replace(" ", "_").split("_")))
    found = near(column, strangers) or next(alike, None)
    return f", perhaps renamed to {found!r}" if found else ""
