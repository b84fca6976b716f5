"""What was expected of a value in a configuration, in words: pydantic's own speak of patterns and parsing."""

from __future__ import annotations

from collections.abc import Mapping
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
_WORDS = {
    "int_parsing": _WHOLE,
    "int_type": _WHOLE,
    "int_from_float": _WHOLE,
    "float_parsing": _NUMBER,
    "float_type": _NUMBER,
    "bool_parsing": "expected true or false",
    "bool_type": "expected true or false",
    "string_type": "expected text; put it in quotes",
    "string_too_short": "expected text that is not empty",
    "greater_than": "expected more than {gt}",
    "greater_than_equal": "expected at least {ge}",
    "less_than_equal": "expected at most {le}",
    "literal_error": "expected {expected}",
    "union_tag_invalid": "found '{tag}'; expected one of {expected_tags}",
    "tuple_type": "expected a list",
    "list_type": "expected a list",
    "dict_type": "expected keys with values",
    "model_type": "expected keys with values",
}


def words(fault: Mapping[str, Any]) -> str:
    """Of one entry of `ValidationError.errors()`; pydantic's message where there are none of our own."""
    context = fault.get("ctx", {})
    if fault["type"] == "string_pattern_mismatch":
        return _PATTERNS.get(context["pattern"], f"expected text that matches {context['pattern']}")
    if fault["type"] in _WORDS:
        return _WORDS[fault["type"]].format(**context)
    return str(fault["msg"]).removeprefix("Value error, ")
