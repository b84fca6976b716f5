"""`tieout`: one module per command. Exit codes: 0 clean, 1 breaks found, 2 wrong input or configuration,
3 a source or store failed, 130 interrupted."""

from __future__ import annotations

import logging
import os
import sys

import typer
from typer.exceptions import TyperException

from dagster_project.cli import dagster, dashboard, demo, evidence, init, run, status, verify
from dagster_project.cli.console import complain
from dagster_project.errors import TieoutError

app = typer.Typer(
    name="tieout",
    help="Ties out product usage, billing, CRM and ERP, every minor unit, from usage event to ledger and cash.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
for module in (init, run, status, dashboard, dagster, evidence, verify, demo):
    module.register(app)


INTERRUPTED = 130
_INTERRUPTED_WORDS = "interrupted; nothing half-done is visible, run the same command again"


def main() -> None:
    """Entry point: a fault that a user can mend is one message and an exit code, never a traceback."""
    os.environ.setdefault("DO_NOT_TRACK", "1")
    # ending at once leaves semaphores to the operating system; the tracker process would say so on the console
    os.environ.setdefault("PYTHONWARNINGS", "ignore:resource_tracker:UserWarning")
    code = _run()
    logging.shutdown()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)  # the libraries' own teardown prints notes about themselves that no user can act on


def _run() -> int:
    try:
        code = app(standalone_mode=False) or 0
        if code == INTERRUPTED:  # the framework turns Ctrl-C into this code without a word
            complain(_INTERRUPTED_WORDS)
        return code
    except TyperException as error:
        error.show()  # type: ignore[attr-defined]
        return error.exit_code
    except TieoutError as error:
        complain(str(error))
        return error.exit_code
    except (KeyboardInterrupt, typer.Abort):
        complain(_INTERRUPTED_WORDS)
        return INTERRUPTED
