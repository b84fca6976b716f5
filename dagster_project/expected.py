"""What was expected of a value in a configuration, in words: pydantic's own speak of patterns and parsing."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

PERCENT = r"^\d{1,3}(\.\d{1,4})?$"
SOURCE_NAME = r"^[a-z][a-z0-9_]{0,62}$"
ENVIRONMENT_NAME = r"^[A-Za-z_][A-Za-z0-9_]*$"
WEB_ADDRESS = r"^https?://[^/?#@\s]+[^?#@\s]*$"
TABLE = r"^[A-Za-z_][A-Za-z0-9_$]*(\.[A-Za-z_][A-Za-z0-9_$]*){0,2}$"
COLUMN = r"^[A-Za-z_][A-Za-z0-9_$]*$"
MEMORY = r"^[1-9]\d*[mg]$"

_PATTERNS = {
    PERCENT: 'expected a percentage in quotes, at most 4 decimals, for example "0.5"',
    SOURCE_NAME: "expected small letters, digits and _, beginning with a letter, for example billing_emea",
    ENVIRONMENT_NAME: "expected the name of an environment variable, for example BILLING_TOKEN",
    WEB_ADDRESS: "expected an address without user, password and query, for example https://api.example.com/v1",
    TABLE: "expected the name of a table, for example finance.journal_lines",
    COLUMN: "expected the name of a column, for example updated_at",
    MEMORY: "expected megabytes or gigabytes, for example 4g",
}
_WHOLE, _NUMBER = "expected a whole number, for example 3", "expected a number, for example 1.5"
_TIME = "expected a time with an offset, for example 2026-10-12T00:00:00Z"
_KEYS = "expected keys with values"
_TEXT = "expected text"
_WORDS = {
    "int_parsing": _WHOLE,
    "int_type": _WHOLE,
    "int_from_float": _WHOLE,
    "float_parsing": _NUMBER,
    "float_type": _NUMBER,
    "bool_parsing": "expected true or false",
    "bool_type": "expected true or false",
    "string_type": _TEXT,
    "path_type": "expected a path",
    "datetime_type": _TIME,
    "datetime_parsing": _TIME,
    "datetime_from_date_parsing": _TIME,
    "too_short": "expected at least one",
    "string_too_short": "expected text that is not empty",
    "greater_than": "expected more than {gt}",
    "greater_than_equal": "expected at least {ge}",
    "less_than_equal": "expected at most {le}",
    "literal_error": "expected {expected}",
    "union_tag_invalid": "found '{tag}'; expected one of {expected_tags}",
    "tuple_type": "expected a list",
    "list_type": "expected a list",
    "dict_type": _KEYS,
    "model_type": _KEYS,
    "model_attributes_type": _KEYS,
}
_NOT_TEXT = {list: "a list", tuple: "a list", dict: "keys with values"}


def as_written(value: object) -> str:
    """A value as a reader of the file knows it; empty where the file has none."""
    if value is None:
        return ""
    return value.isoformat() if isinstance(value, date) else repr(value)


def words(fault: Mapping[str, Any]) -> str:
    """Of one entry of `ValidationError.errors()`; pydantic's message where there are none of our own."""
    context = fault.get("ctx", {})
    if fault["type"] == "string_pattern_mismatch":
        return _PATTERNS.get(context["pattern"], f"expected text that matches {context['pattern']}")
    if fault["type"] == "string_type" and fault["input"] is not None:
        found = next((name for kind, name in _NOT_TEXT.items() if isinstance(fault["input"], kind)), None)
        return f"{_TEXT}, found {found}" if found else f"{_TEXT}; put it in quotes"
    if fault["type"] in _WORDS:
        return _WORDS[fault["type"]].format(**context)
    return str(fault["msg"]).removeprefix("Value error, ")
