"""Faults that a user can mend: each carries its exit code and a message without a traceback."""


class TieoutError(Exception):
    """Base of every expected fault; `exit_code` is the command's."""

    exit_code = 3


class InputError(TieoutError):
    """Wrong input: the message names file, line, field, value and what was expected."""

    exit_code = 2


class ConfigurationError(InputError):
    """A fault in `tieout.yml`: its message names file, line, key, value and what was expected."""


class StoreError(TieoutError):
    """A source or a store failed: unreadable, full, read-only, locked by another run."""
