"""Which code made a figure: the package's version and a hash over every file that can move one."""

from __future__ import annotations

import hashlib
from functools import cache
from importlib.metadata import version

from dagster_project.settings import PROJECT_ROOT

_LOGIC = ("dagster_project/**/*.py", "dbt_project/models/**/*", "dbt_project/macros/**/*", "dbt_project/seeds/*",
          "expectations/**/*.py", "expectations/**/*.yml")  # fmt: skip


@cache
def code_version() -> str:
    """For example `0.1.0+3f2a9c01d2e4`: the same for the same files on any machine."""
    digest = hashlib.sha256()
    files = {file for pattern in _LOGIC for file in PROJECT_ROOT.glob(pattern) if file.is_file()}
    for file in sorted(files):
        digest.update(file.relative_to(PROJECT_ROOT).as_posix().encode() + b"\0")
        digest.update(hashlib.sha256(file.read_bytes()).digest())
    return f"{version('tieout')}+{digest.hexdigest()[:12]}"
