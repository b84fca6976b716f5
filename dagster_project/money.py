"""Money for people: integer minor units as text in major units; no float on the way."""

from __future__ import annotations


def major(minor: int, exponent: int) -> str:
    """`major(-123456, 2)` is `-1,234.56`; `major(5, 0)` is `5`."""
    sign = "-" if minor < 0 else ""
    whole, fraction = divmod(abs(minor), 10**exponent)
    return f"{sign}{whole:,}" + (f".{fraction:0{exponent}d}" if exponent else "")
