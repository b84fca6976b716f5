"""The parsed dbt project. Parsing takes longer than building, so it happens once per state of the project's files.

Staleness is decided by content, never by time: a clone, a wheel or a restored backup has any modification times.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import yaml

from dagster_project import leftovers
from dagster_project.errors import TieoutError
from dagster_project.settings import PROJECT_ROOT

DBT_PROJECT = PROJECT_ROOT / "dbt_project"
KEPT = 3
_NOT_SOURCE = {"target", "logs", "dbt_packages"}
_MANIFEST_JSON, _MANIFEST_BINARY = "manifest.json", "manifest.msgpack"


class DbtProjectFault(TieoutError):
    """The dbt project itself does not parse: the message is dbt's, with file and line."""


@dataclass(frozen=True)
class ParsedProject:
    """A parsed project: the folder of its artefacts, named by the hash of the files they were made from."""

    project: Path
    folder: Path

    @property
    def manifest_json(self) -> Path:
        return self.folder / _MANIFEST_JSON

    def as_dict(self) -> dict[str, Any]:
        """The manifest as dbt writes it to `manifest.json`."""
        return _read_json(self.manifest_json)

    def as_dbt(self) -> Any:
        """A fresh dbt `Manifest`: a build changes its nodes, so each build gets its own."""
        from dbt.contracts.graph.manifest import Manifest
        from dbt.parser.manifest import extended_mashumuro_decoder

        manifest = Manifest.from_msgpack(
            (self.folder / _MANIFEST_BINARY).read_bytes(), decoder=extended_mashumuro_decoder
        )
        manifest.build_flat_graph()
        return manifest


def parsed(project: Path = DBT_PROJECT, cache: Path | None = None) -> ParsedProject:
    """The parsed project of the files as they are now, parsed only where no earlier parse has the same content.

    Raises DbtProjectFault with dbt's own words.
    """
    root = cache or _cache_root(project)
    folder = root / fingerprint(project)
    if not (folder / _MANIFEST_BINARY).exists():
        _parse_into(project, folder)
        _drop_old(root, folder)
    return ParsedProject(project, folder)


def fingerprint(project: Path = DBT_PROJECT) -> str:
    """16 hexadecimal digits over every file of the project and the versions of dbt that read them."""
    digest = hashlib.sha256()
    for package in ("dbt-core", "dbt-duckdb"):
        digest.update(f"{package}={version(package)}\n".encode())
    for file in sorted(_source_files(project)):
        digest.update(file.relative_to(project).as_posix().encode() + b"\0")
        digest.update(hashlib.sha256(file.read_bytes()).digest())
    return digest.hexdigest()[:16]


def write_profile(project: Path, folder: Path, warehouse: Path, options: Mapping[str, Any] | None = None) -> Path:
    """Writes the project's own `profiles.yml` into `folder`, for `--profiles-dir`: `warehouse` as its path, and the
    DuckDB `options` with which the rest of the process opens it."""
    profiles = yaml.safe_load((project / "profiles.yml").read_text(encoding="utf-8"))
    for profile in profiles.values():
        output = profile["outputs"][profile["target"]]
        output["path"] = str(warehouse)
        if options:
            output["config_options"] = {**output.get("config_options", {}), **options}
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "profiles.yml").write_text(yaml.safe_dump(profiles), encoding="utf-8")
    return folder


def quiet_flags(project: Path, profiles: Path, target: Path, logs: Path) -> list[str]:
    """Flags of every invocation: nothing on the console, nothing sent anywhere, artefacts where they are told."""
    return [
        *("--project-dir", str(project), "--profiles-dir", str(profiles)),
        *("--target-path", str(target), "--log-path", str(logs)),
        *("--log-level", "none", "--log-level-file", "info", "--quiet", "--no-print", "--no-use-colors"),
        *("--no-send-anonymous-usage-stats", "--no-version-check", "--no-partial-parse"),
    ]


def _source_files(project: Path) -> list[Path]:
    return [
        file
        for file in project.rglob("*")
        if file.is_file()
        and file.relative_to(project).parts[0] not in _NOT_SOURCE
        and not any(part.startswith((".", "__pycache__")) for part in file.relative_to(project).parts)
    ]


def _cache_root(project: Path) -> Path:
    """`target/parsed` of the project; where that is read-only, a folder of this user's among the temporary ones."""
    root = project / "target" / "parsed"
    with suppress(OSError):
        root.mkdir(parents=True, exist_ok=True)
    if os.access(root, os.W_OK):
        return root
    return Path(tempfile.gettempdir()) / f"tieout-{os.getuid()}" / "parsed"


def _parse_into(project: Path, folder: Path) -> None:
    """Parses beside `folder` and renames, so that two processes at once both end with a whole one."""
    from dbt.cli.main import dbtRunner
    from dbt.contracts.graph.manifest import Manifest
    from dbt.parser.manifest import extended_mashumaro_encoder

    folder.parent.mkdir(parents=True, exist_ok=True)
    leftovers.clear(folder.parent.glob(".*.tmp"))
    scratch = leftovers.scratch_of(folder)
    shutil.rmtree(scratch, ignore_errors=True)
    try:
        profiles = write_profile(project, scratch / "profiles", scratch / "tieout.duckdb")
        outcome = dbtRunner().invoke(["parse", *quiet_flags(project, profiles, scratch, scratch / "logs")])
        if not isinstance(outcome.result, Manifest):
            raise DbtProjectFault(f"the dbt project {project} does not parse: {outcome.exception}")
        (scratch / _MANIFEST_BINARY).write_bytes(outcome.result.to_msgpack(extended_mashumaro_encoder))
        try:
            scratch.rename(folder)
        except OSError:  # another process was first, with the same content
            if not (folder / _MANIFEST_BINARY).exists():
                raise
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _drop_old(root: Path, newest: Path) -> None:
    folders = sorted(
        (one for one in root.iterdir() if not one.name.startswith(".")), key=lambda one: one.stat().st_mtime
    )
    for folder in folders[:-KEPT]:
        if folder != newest:
            shutil.rmtree(folder, ignore_errors=True)


@lru_cache(maxsize=2)
def _read_json(path: Path) -> dict[str, Any]:
    return json.loads(path.read_text(encoding="utf-8"))
