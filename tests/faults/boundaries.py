"""The write boundaries of a process: every file made, flushed, renamed or removed below a folder, and every statement
that writes a database. At the n-th of them the process is killed, or the disk becomes full and stays so.

A kill is SIGKILL to oneself, so nothing below can catch it and mend what a kill would leave.
"""

from __future__ import annotations

import errno
import os
import re
import signal
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import duckdb
from sqlalchemy import event
from sqlalchemy.engine import Engine

Fault = Literal["kill", "full"]
_PATHS_OF = {"os.rename": 2, "os.remove": 1, "os.mkdir": 1, "os.rmdir": 1, "os.symlink": 2, "os.truncate": 1}
NEED_SPACE = ("open", "os.rename", "before fsync", "before copy", "before create", "before attach", "before commit",
              "sqlite: INSERT")  # fmt: skip
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC
_STATEMENT = re.compile(
    r"(copy|commit|attach|detach|insert into landed|update landed|create (or replace )?table)", re.IGNORECASE
)


@dataclass
class Boundaries:
    """Counts from the moment of `watch`; `passed` names each boundary. There is no way back: for a process that ends."""

    folder: str
    at: int | None = None
    fault: Fault = "kill"
    passed: list[str] = field(default_factory=list)

    def watch(self) -> None:
        """Begins to count, and to strike at boundary `at`."""
        sys.addaudithook(self._hear)
        os.fsync = self._around("fsync", os.fsync)
        os.replace = self._around("replace", os.replace, is_heard_before=True)
        duckdb.connect = self._around("open the database", duckdb.connect)
        for name in ("execute", "close"):
            setattr(duckdb.DuckDBPyConnection, name, self._around_statement(getattr(duckdb.DuckDBPyConnection, name)))
        event.listen(Engine, "before_cursor_execute", lambda connection, cursor, text, *_: self._hear_sqlite(text))
        event.listen(Engine, "commit", lambda connection: self._pass("sqlite: commit"))

    def _hear(self, name: str, arguments: tuple[Any, ...]) -> None:
        if name == "open":
            path, mode, flags = arguments
            is_writing = any(letter in mode for letter in "wax+") if mode else bool(flags & _WRITING)
            if is_writing and self._is_below(path):
                self._pass(f"open {path}")
        elif name in _PATHS_OF and any(map(self._is_below, arguments[: _PATHS_OF[name]])):
            self._pass(f"{name} {arguments[0]}")

    def _hear_sqlite(self, text: str) -> None:
        words = " ".join(text.split())[:60]
        if not words.startswith(("SELECT", "PRAGMA")):
            self._pass(f"sqlite: {words}")

    def _around(self, name: str, function: Callable[..., Any], is_heard_before: bool = False) -> Callable[..., Any]:
        def watched(*arguments: Any, **options: Any) -> Any:
            if not is_heard_before:
                self._pass(f"before {name}")
            result = function(*arguments, **options)
            self._pass(f"after {name}")
            return result

        return watched

    def _around_statement(self, function: Callable[..., Any]) -> Callable[..., Any]:
        def watched(connection: Any, *arguments: Any, **options: Any) -> Any:
            text = " ".join(str(arguments[0]).split())[:60] if arguments else "close the database"
            if arguments and not _STATEMENT.match(text):
                return function(connection, *arguments, **options)
            self._pass(f"before {text}", duckdb.IOException)
            result = function(connection, *arguments, **options)
            self._pass(f"after {text}")
            return result

        return watched

    def _is_below(self, path: Any) -> bool:
        return isinstance(path, (str, os.PathLike)) and os.fspath(path).startswith(self.folder)

    def _pass(self, what: str, full: type[Exception] = OSError) -> None:
        position = len(self.passed)
        self.passed.append(what.replace(self.folder, ""))
        if self.at is None or position < self.at:
            return
        if self.fault == "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        if what.startswith(NEED_SPACE):
            words = os.strerror(errno.ENOSPC)
            raise OSError(errno.ENOSPC, words, self.folder) if full is OSError else full(f"Could not write: {words}")


def needing_space(passed: Sequence[str]) -> list[int]:
    """The positions of those boundaries that a full disk stops."""
    return [position for position, what in enumerate(passed) if what.startswith(NEED_SPACE)]
