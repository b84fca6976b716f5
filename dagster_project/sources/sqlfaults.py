"""Faults of a database, told as passing or as permanent, in words without its password."""

from __future__ import annotations

from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError

from dagster_project.sources.retry import SourceFailed, Transient

_CONNECTION_CLASS = "08"
_PASSING_STATES = frozenset({"57P01", "57P02", "57P03", "53300", "40001", "40P01"})
"""PostgreSQL: shut down by an administrator, crashed, starting up, too many connections, serialization, deadlock."""

_PERMANENT_WORDS = (
    "authentication failed",
    "does not exist",
    "no pg_hba.conf entry",
    "no password supplied",
    "unable to open database file",
    "not a database",
    "no such",
    "readonly",
)


def fault_of(error: DBAPIError, place: str) -> Transient | SourceFailed:
    """The failure of a statement or connection: `place` is the database as a message may name it."""
    words = f"{place}: {first_line(error)}"
    if _is_passing(error):
        return Transient(words, is_whole_source=True)
    expected = "a database, an account and tables as tieout.yml says: mend it there or at the source"
    return SourceFailed(words, expected, is_whole_source=isinstance(error, (OperationalError, InterfaceError)))


def first_line(error: DBAPIError) -> str:
    """What the driver said, without the statement and its values."""
    lines = [text.strip() for text in str(error.orig).splitlines() if text.strip()]
    return lines[0] if lines else type(error.orig).__name__


def _is_passing(error: DBAPIError) -> bool:
    if error.connection_invalidated:
        return True
    if not isinstance(error, (OperationalError, InterfaceError)):
        return False
    state = getattr(error.orig, "sqlstate", None)
    if state is not None:
        return state in _PASSING_STATES or state.startswith(_CONNECTION_CLASS)
    said = str(error.orig)
    return not any(words in said for words in _PERMANENT_WORDS)
