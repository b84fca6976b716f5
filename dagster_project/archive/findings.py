"""What a verification of an archive found: every fault with its link, its file, what was expected and what to do."""

from __future__ import annotations

from dataclasses import dataclass, field

RESTORE = "restore it from a backup, or put it right from another copy with `tieout archive import COPY`"
MAKE_AGAIN = f"delete it and run again, it is made again from the raw bytes; or {RESTORE}"


@dataclass(frozen=True)
class Fault:
    """One broken link: its place in the chain, its file below the archive and as a user finds it."""

    sequence: int
    link: str
    name: str
    place: str
    expected: str
    found: str
    remedy: str = RESTORE

    @property
    def in_words(self) -> str:
        """One line."""
        return f"{self.link}: {self.place}: expected {self.expected}, found {self.found}; {self.remedy}"


@dataclass
class Checked:
    """Of one object of one source: what was checked. Bytes are of all its files, rows those that keep the contract."""

    links: int = 0
    files: int = 0
    bytes: int = 0
    rows: int = 0
    quarantined: int = 0
    totals: int = 0


@dataclass
class Verification:
    """What was checked and found; sound when there is no fault. `length` and `head` are of the chain as it is."""

    place: str
    length: int = 0
    head: str | None = None
    objects: dict[tuple[str, str], Checked] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def first(self) -> Fault | None:
        """The fault nearest to the beginning of the chain."""
        return self.faults[0] if self.faults else None
