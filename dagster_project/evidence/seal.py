"""The root hash of a pack: does it follow from the entries, and is it the one that was known outside the pack?"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from dagster_project.errors import InputError
from dagster_project.evidence import manifest

_DIGITS = 12
"""Hex digits of the root hash at the end of a pack's folder."""


def folder_name(period: str, entity: str | None, root: str) -> str:
    """What the folder of a pack is named: period, entity and the first digits of its root hash."""
    return f"{period}-{entity or 'all'}-{root[:_DIGITS]}"


def checked_root(text: str | None) -> str | None:
    """The root hash that somebody knows, or its beginning, in lower case; raises InputError."""
    if text is None or re.fullmatch(rf"[0-9a-f]{{{_DIGITS},64}}", text.lower()):
        return text and text.lower()
    raise InputError(f"--root {text}: expected the root hash of the pack, or its first {_DIGITS} hex digits or more")


def seal_faults(
    folder: Path, document: dict[str, Any], files: list[manifest.PackedFile], known: str | None
) -> Iterator[str]:
    """What speaks against the root hash; the folder's name is asked only where nobody knows better."""
    root = document["root_hash"]
    if manifest.root_hash(files, document["facts"]) != root:
        yield (
            f"{manifest.MANIFEST}: the root hash does not follow from its own entries: some entry or fact of it was"
            " changed after sealing; which one cannot be known from the pack alone"
        )
    said = _said(folder)
    if known is not None:
        if not root.startswith(known):
            yield f"{manifest.MANIFEST}: the root hash is {root}, --root says {known}: this is not the pack you know of"
    elif said is not None and not root.startswith(said):
        yield (
            f"{manifest.MANIFEST}: the folder's name says {said}, the root hash is {root}: the pack was sealed again"
            " or the folder renamed"
        )


def unproven(folder: Path, known: str | None) -> Iterator[str]:
    """What hashes alone cannot prove, where nobody said which root hash the pack must have."""
    if known is None:
        name = "" if _said(folder) else "; the folder's name holds no root hash either"
        yield (
            "that nobody changed the pack and sealed it again: give the root hash that the run printed which wrote it"
            f" as --root{name}"
        )


def _said(folder: Path) -> str | None:
    found = re.search(rf"-([0-9a-f]{{{_DIGITS}}})$", folder.resolve().name)
    return found and found[1]
