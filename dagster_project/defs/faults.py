"""Expected faults in the words of their author: no traceback in the UI, and the exit code kept for the command."""

from collections.abc import Iterator
from contextlib import contextmanager

import dagster as dg

from dagster_project.errors import StoreError, TieoutError

EXIT_CODE = "exit_code"


@contextmanager
def in_words() -> Iterator[None]:
    """Turns a TieoutError, or a full or failing disk, into a dg.Failure that carries message and exit code."""
    try:
        yield
    except TieoutError as error:
        raise failure(error) from error
    except OSError as error:
        raise failure(StoreError(f"{error.filename or 'a file of the home'}: {error.strerror or error}")) from error


def failure(error: TieoutError) -> dg.Failure:
    """The Dagster failure of an expected fault; never retried, since only a person can mend it."""
    return dg.Failure(description=str(error), metadata={EXIT_CODE: error.exit_code}, allow_retries=False)
