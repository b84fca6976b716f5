"""Deliveries that no source of tieout.yml names: a second system whose figures would be missing without a word."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from dagster_project.settings import FilesConnector, Settings
from dagster_project.sources.contracts import domain_contracts
from dagster_project.sources.files import ENDINGS


def unconnected(settings: Settings, domain: str) -> Iterator[str]:
    """In words, each folder beside those of the sources that holds deliveries of the domain and is no source's.

    Only below the folder of tieout.yml: what else is mounted beside a place may not answer.
    """
    base = settings.config_path.parent.resolve()
    places = {one.connector.path for one in settings.sources if isinstance(one.connector, FilesConnector)}
    taken = {folder for place in places for folder in (place, *place.parents)}
    for parent in sorted({place.parent for place in places if place.is_relative_to(base) and place != base}):
        for folder in _entries(parent):
            if folder.resolve() in taken or folder.name.startswith(".") or not folder.is_dir():
                continue
            held = {one: _held(folder, one) for one in domain_contracts()}
            if held[domain] and domain == max(held, key=lambda one: len(held[one])):
                yield (
                    f"{folder.relative_to(base)}: not read; it holds {', '.join(held[domain])} of {domain},"
                    " and no source of tieout.yml has this path; expected a source for it, or the folder elsewhere"
                )


def _held(folder: Path, domain: str) -> list[str]:
    """The objects of the domain of which the folder holds landing files."""
    return [one.name for one in domain_contracts()[domain].objects if _has_files(folder / one.name)]


def _has_files(folder: Path) -> bool:
    return any(file.name.lower().endswith(tuple(ENDINGS)) for file in _entries(folder))


def _entries(folder: Path) -> list[Path]:
    try:
        return sorted(folder.iterdir())
    except OSError:
        return []
