"""SQL that lets JSON numbers pass through DuckDB's parser as they were written.

The parser turns 1.10 into 1.1 and 12345678901234567890.12 into another number. So numbers are first wrapped as strings
between two control characters, which cannot stand in valid JSON, and unwrapped afterwards.
"""

from __future__ import annotations

_STRING_OR_NUMBER = r"""("(?:[^"\\]|\\.)*")|(-?[0-9][-+.0-9eE]*)"""
_LONG_EXPONENT_TINY_OR_ROUND = "[0-9][.0-9]{15}|[0-9.]+[eE]|0[.]000|[0-9]+[.][0-9]*0(?:[^0-9]|$)"
_MAY_CHANGE = rf"[:,[]\s*(?:-0|-?(?:{_LONG_EXPONENT_TINY_OR_ROUND}))"
"""Where a number stands that the parser may print otherwise; a string that looks like one costs time only."""


def marked(text: str) -> str:
    """SQL: the JSON `text` with every number as a string between U+0002 and U+0003, where one may change.

    Marking costs ten times what the parser does, and most lines have no such number: those stay as they are.
    """
    return f"case when regexp_matches({text}, '{_MAY_CHANGE}') then {_marked(text)} else {text} end"


def _marked(text: str) -> str:
    found = f"regexp_replace({text}, '{_STRING_OR_NUMBER}', '\\1' || chr(2) || '\\2' || chr(3), 'g')"
    without_strings = f"replace({found}, chr(2) || chr(3), '')"
    return f"""replace(replace({without_strings}, chr(2), '"\\u0002'), chr(3), '\\u0003"')"""


def exact_text(json: str) -> str:
    """SQL: marked JSON with its numbers as they were."""
    return f"""replace(replace({json}, '"\\u0002', ''), '\\u0003"', '')"""


def minified(text: str) -> str:
    """SQL: valid JSON without the white space between its tokens, so that equal content has equal text."""
    return exact_text(f"json({marked(text)})::varchar")
