"""Copies the logic that made the figures: SQL as executed, contracts, configuration, lock file."""

from __future__ import annotations

import shutil
from pathlib import Path

from dagster_project.settings import PROJECT_ROOT, Settings

CONTRACTS = ("contracts", "policy")
COMPILED = Path("dbt") / "target" / "compiled" / "tieout" / "models"


def copy_logic(settings: Settings, folder: Path) -> None:
    """Writes `sql/`, `contracts/`, `policy/`, `tieout.yml` and `requirements.lock` into `folder`."""
    folder.mkdir(parents=True)
    compiled = settings.home / COMPILED
    for file in sorted(compiled.rglob("*.sql")) if compiled.is_dir() else []:
        if file.parent.suffix:  # dbt keeps compiled tests in folders named like their yml file
            continue
        target = folder / "sql" / file.relative_to(compiled)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, target)
    copy_contracts(folder)
    shutil.copyfile(settings.config_path, folder / "tieout.yml")
    shutil.copyfile(PROJECT_ROOT / "requirements.lock", folder / "requirements.lock")


def copy_contracts(folder: Path) -> None:
    """Writes `contracts/` and `policy/` into `folder`: the same for the same version of the code."""
    for name in CONTRACTS:
        source = PROJECT_ROOT / "expectations" / name
        if source.is_dir():
            shutil.copytree(source, folder / name, ignore=shutil.ignore_patterns("*.py", "__pycache__"))
