"""Expected faults in the words of their author: no traceback in the UI, and the exit code kept for the command."""

from collections.abc import Iterator
from contextlib import contextmanager

import dagster as dg

from dagster_project import interrupts
from dagster_project.errors import StoreError, TieoutError

EXIT_CODE = "exit_code"


@contextmanager
def in_words() -> Iterator[None]:
    """Turns a TieoutError, or a full or failing disk, into a dg.Failure that carries message and exit code; any error
    at all into an interrupt where one was asked for: a Ctrl-C is no fault of a step, and alerts nobody."""
    with interrupts.heard() as asked:
        try:
            yield
        except Exception as error:
            if asked():
                raise dg.DagsterExecutionInterruptedError from error
            if isinstance(error, TieoutError):
                raise failure(error) from error
            if isinstance(error, OSError):
                words = f"{error.filename or 'a file of the home'}: {error.strerror or error}"
                raise failure(StoreError(words)) from error
            raise
        if asked():  # the engine, or a destructor, dropped what the signal raised
            raise dg.DagsterExecutionInterruptedError


def failure(error: TieoutError) -> dg.Failure:
    """The Dagster failure of an expected fault; never retried, since only a person can mend it."""
    return dg.Failure(description=str(error), metadata={EXIT_CODE: error.exit_code}, allow_retries=False)
