"""A database's row as a JSON line: every number with its digits, every time in UTC with its offset."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any


def line(names: Sequence[str], row: Sequence[Any]) -> bytes:
    """The row as an object, ended by a line end; decimals are text, so that no reader makes a double of them."""
    return json.dumps(dict(zip(names, map(value, row), strict=True)), ensure_ascii=False).encode() + b"\n"


def value(found: Any) -> str | int | bool | None:
    """What the driver gave, as JSON can say it. A time without a zone is taken as UTC.

    A double is written with the fewest digits that name it, never rounded: one that came from a decimal of at most 15
    digits is that decimal again, and any other has more decimals than a currency and is quarantined.
    """
    match found:
        case None | bool() | int() | str():
            return found
        case Decimal():
            return format(found, "f")
        case float():
            return format(Decimal(repr(found)), "f") if math.isfinite(found) else repr(found)
        case datetime():
            moment = found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
            return moment.isoformat().replace("+00:00", "Z")
        case date():
            return found.isoformat()
        case bytes() | bytearray() | memoryview():
            return bytes(found).hex()
        case dict() | list() | tuple():
            return json.dumps(found, default=str, ensure_ascii=False)
        case _:
            return str(found)
