"""The SQL of models and data tests, rendered once per state of the project and kept beside its parse.

What dbt renders follows from the project alone, which is why it can be kept: a node that asked the database for
anything while it was rendered is rendered again each time.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from threading import Lock

from dagster_project import leftovers


class CompiledSql:
    """SQL per node (dbt's unique id) of one parsed project. Threads may share it."""

    def __init__(self, folder: Path) -> None:
        """Reads what is kept in `folder`, the parsed project's; an unreadable file counts as none."""
        self._file = folder / "compiled.json"
        self._lock = Lock()
        self._is_new = False
        try:
            self._sql: dict[str, str] = json.loads(self._file.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            self._sql = {}

    def get(self, unique_id: str) -> str | None:
        """The SQL of a node, or none where it was never rendered."""
        return self._sql.get(unique_id)

    def put(self, unique_id: str, sql: str) -> None:
        """Remembers the SQL of a node until it is saved."""
        with self._lock:
            self._sql[unique_id] = sql
            self._is_new = True

    def save(self) -> None:
        """Writes what was rendered since; of two processes at once the later one counts, for both say the same."""
        with self._lock:
            if not self._is_new or not self._file.parent.is_dir():
                return
            scratch = leftovers.scratch_of(self._file)
            scratch.write_text(json.dumps(self._sql), encoding="utf-8")
            os.replace(scratch, self._file)
            self._is_new = False
