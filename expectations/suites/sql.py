"""Text for SQL: identifiers and literals."""

from __future__ import annotations

from collections.abc import Iterable


def identifier(name: str) -> str:
    """A quoted identifier; columns such as `key` and `period` are words of the language."""
    return '"' + name.replace('"', '""') + '"'


def names(columns: Iterable[str]) -> str:
    """Quoted identifiers, comma separated."""
    return ", ".join(identifier(column) for column in columns)


def literal(value: str) -> str:
    """A quoted text literal."""
    return "'" + value.replace("'", "''") + "'"
