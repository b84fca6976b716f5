"""Versions of contracts: `major.minor.patch`, where what is left out is 0, and what a declared version asks for."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Literal, NamedTuple

Weight = Literal["major", "minor", "patch"]
WEIGHTS: tuple[Weight, ...] = ("major", "minor", "patch")
_SHAPE = re.compile(r"(0|[1-9][0-9]{0,8})(?:\.(0|[1-9][0-9]{0,8}))?(?:\.(0|[1-9][0-9]{0,8}))?", re.ASCII)


class Version(NamedTuple):
    """Ordered as its numbers are: 1.10.0 is newer than 1.9.0."""

    major: int
    minor: int
    patch: int

    def raised(self, weight: Weight) -> Version:
        """The smallest version that says a change of that weight."""
        match weight:
            case "major":
                return Version(self.major + 1, 0, 0)
            case "minor":
                return Version(self.major, self.minor + 1, 0)
            case _:
                return Version(self.major, self.minor, self.patch + 1)

    def __str__(self) -> str:
        return ".".join(map(str, self))


def parse(text: str) -> Version:
    """`1` is 1.0.0 and `1.2` is 1.2.0; ValueError for anything else."""
    match = _SHAPE.fullmatch(text)
    if match is None:
        raise ValueError(f"version {text!r}; expected major.minor.patch, for example 1.2.0")
    return Version(*(int(part or 0) for part in match.groups()))


def newest(declared: str, known: Iterable[str]) -> str | None:
    """The newest of the known versions that keeps what is declared, None where there is none.

    `1` asks for any 1.x, `1.2` for any 1.2.x, `1.2.0` for itself. A minor version refuses nothing that an older one of
    its major took, so a source that declares its major alone need not change with each of them.
    """
    try:
        asked = parse(declared)
    except ValueError:
        return None
    parts = declared.count(".") + 1
    kept = [version for version in known if parse(version)[:parts] == asked[:parts]]
    return max(kept, key=parse, default=None)
