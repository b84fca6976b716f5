"""What lies in a landing folder and is not read, in words: a delivery under a wrong name is not lost in silence."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from dagster_project.sources.connector import Note
from dagster_project.sources.contracts import domain_contracts

_MOST = 5
"""Of one folder so many are named; the rest is a number."""
_SILENT = (".", "readme", "_success", "_committed", "_started", "thumbs.db", "desktop.ini")
_MARKERS = (".done", ".ok", ".md5", ".sha256")


def is_no_data(entry: Path) -> bool:
    """Whether an entry is plainly no delivery: hidden, a README, or what a writer leaves beside what it wrote."""
    name = entry.name.lower()
    return name.startswith(_SILENT) or (name.endswith(_MARKERS) and entry.with_suffix("").exists())


def in_root(entries: Iterable[Path], known: Sequence[str]) -> Iterator[Note]:
    """A note per entry of a source's place that is no folder of an object, with the object that may be meant."""
    found = [entry for entry in entries if not is_no_data(entry)]
    for entry in found[:_MOST]:
        meant = _meant(entry.name.partition(".")[0].lower(), known)
        words = _of_folder(entry.name, meant, known) if entry.is_dir() else _of_file(entry.name, meant, known)
        yield Note(meant, words)
    if len(found) > _MOST:
        yield Note(None, f"{len(found) - _MOST:,} more files and folders beside the folders of objects: not read")


def in_folder(name: str, entries: Iterable[Path], endings: Iterable[str]) -> Iterator[Note]:
    """A note per entry of an object's folder that is no landing file."""
    found = [entry for entry in entries if not is_no_data(entry)]
    for entry in found[:_MOST]:
        if entry.is_dir():
            yield Note(name, f"{name}/{entry.name}/: not read; a folder, expected its files in {name}/ itself")
        elif entry.is_file():
            yield Note(name, f"{name}/{entry.name}: not read; expected a file ending in {', '.join(endings)}")
        else:
            yield Note(name, f"{name}/{entry.name}: not read; expected an ordinary file, not a pipe or device")
    if len(found) > _MOST:
        yield Note(name, f"{name}/: {len(found) - _MOST:,} more files and folders not read")


def _meant(name: str, known: Sequence[str]) -> str | None:
    """The object whose name is like this one or begins it, None where none does."""
    begun = [one for one in sorted(known, key=len) if name.startswith(one)]
    return next(iter(difflib.get_close_matches(name, known, n=1, cutoff=0.7) or begun[-1:]), None)


def _of_folder(name: str, meant: str | None, known: Sequence[str]) -> str:
    others = [
        domain for domain, contract in domain_contracts().items() if name in (one.name for one in contract.objects)
    ]
    if others:
        domains = " and ".join(others)
        return f"{name}/: not read; an object of {domains}, expected in the place of a source of that domain"
    expected = f"perhaps {meant}/" if meant else f"one of {', '.join(known)}"
    return f"{name}/: not read; no object has that name, expected {expected}"


def _of_file(name: str, meant: str | None, known: Sequence[str]) -> str:
    if name in known:
        return f"{name}: not read; a file, expected a folder of that name"
    expected = f"perhaps {meant}/{name}" if meant else f"a folder named {', '.join(known)}"
    return f"{name}: not read; files lie in the folder of their object, expected {expected}"
