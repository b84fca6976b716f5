"""The commands together, and how one ends: a fault that a user can mend is words and an exit code."""

from __future__ import annotations

import gc
import logging
import os
import sys
import tempfile
import traceback
from contextlib import suppress
from pathlib import Path
from typing import Annotated

import typer
from typer.exceptions import TyperException

from dagster_project.cli import (
    INTERRUPTED,
    INTERRUPTED_WORDS,
    alerts,
    archive,
    bench,
    contract,
    dagster,
    dashboard,
    demo,
    evidence,
    explain,
    init,
    replay,
    run,
    status,
    verify,
)
from dagster_project.cli.console import complain, out
from dagster_project.errors import StoreError, TieoutError, is_out_of_space

app = typer.Typer(
    name="tieout",
    help="Ties out product usage, billing, CRM and ERP, every minor unit, from usage event to ledger and cash.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


@app.callback()
def _common(
    version: Annotated[
        bool,
        typer.Option(
            "--version",
            help="Show the version of the code and exit.",
            is_eager=True,
            callback=lambda is_asked: _tell_version() if is_asked else None,
        ),
    ] = False,
) -> None: ...


def _tell_version() -> None:
    """The version that every pack of evidence names: of the package, and of the code that makes figures."""
    from dagster_project.version import code_version

    out.print(f"tieout {code_version()}")
    raise typer.Exit


for module in (
    init,
    run,
    status,
    replay,
    explain,
    dashboard,
    dagster,
    evidence,
    verify,
    archive,
    contract,
    alerts,
    bench,
    demo,
):
    module.register(app)


_NEW_OBJECTS = 50_000  # Python looks for garbage after so many: by its own 700 that took a tenth of an empty close


def execute() -> None:
    """Runs the command given and ends the process: a fault that a user can mend is words and a code, no traceback."""
    gc.set_threshold(_NEW_OBJECTS, *gc.get_threshold()[1:])
    os.environ.setdefault("DO_NOT_TRACK", "1")
    # ending at once leaves semaphores to the operating system; the tracker process would say so on the console
    os.environ.setdefault("PYTHONWARNINGS", "ignore:resource_tracker:UserWarning")
    logging.raiseExceptions = False  # a log that cannot be written is no news for the console
    code = _run()
    logging.shutdown()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)  # the libraries' own teardown prints notes about themselves that no user can act on


def _run() -> int:
    try:
        code = app(standalone_mode=False) or 0
        if code == INTERRUPTED:  # the framework turns Ctrl-C into this code without a word
            complain(INTERRUPTED_WORDS)
        return code
    except TyperException as error:
        error.show()  # type: ignore[attr-defined]
        return error.exit_code
    except TieoutError as error:
        complain(str(error))
        return error.exit_code
    except (KeyboardInterrupt, typer.Abort):
        complain(INTERRUPTED_WORDS)
        return INTERRUPTED
    except Exception as error:  # noqa: BLE001 - the last net: a user reads words, the traceback goes to a file
        return _unexpected(error)


def _unexpected(error: Exception) -> int:
    """Words for a fault that nobody foresaw, and where its details are for whoever mends it."""
    if isinstance(error, ModuleNotFoundError) and not str(error.name).startswith("dagster_project"):
        complain(f"the package {error.name} is not installed here; run `make setup`")
        return StoreError.exit_code
    if is_out_of_space(error):
        complain(f"no space left ({error}); free some and run again, nothing half-written is visible")
        return StoreError.exit_code
    details = Path(tempfile.gettempdir()) / f"tieout-{os.getpid()}.txt"
    with suppress(OSError):
        details.write_text("".join(traceback.format_exception(error)), encoding="utf-8")
    complain(
        f"unexpected {type(error).__name__}: {str(error).splitlines()[0] if str(error) else 'no message'}; "
        f"this is a defect of Tieout, please report it with {details}; nothing half-done is visible"
    )
    return StoreError.exit_code
