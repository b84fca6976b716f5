"""Faults that a user can mend: each carries its exit code and a message without a traceback."""

import errno

_OUT_OF_SPACE = ("No space left", "database or disk is full", "max_temp_directory_size")


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


def no_space(home: object) -> StoreError:
    """The fault of a full disk at `home`, in words."""
    return StoreError(f"{home}: no space left; free some and run again, nothing half-written is visible")


def is_out_of_space(error: BaseException | None) -> bool:
    """Whether a full disk is behind the error or one that it came from: each library has its own words for it."""
    while error is not None:
        if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
            return True
        if any(words in str(error) for words in _OUT_OF_SPACE):
            return True
        error = error.__cause__ or error.__context__
    return False
