"""How a run tells whoever watches where it is, in the words of finance. Nobody needs to listen."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

PREPARING = "Preparing the run"
SNAPSHOTS = "Taking snapshots of the source systems"
LANDING = "Landing what the archive holds"
BOUNDARY = "Checking deliveries against their contracts"
BOOKS = "Rebuilding accounts, contracts, usage, invoices and ledger"
CONTROLS = "Running the controls"
OUTCOME = "Checking the results of the controls"
PUBLISHING = "Publishing the reconciliation"
EVIDENCE = "Writing the evidence pack"
STAGES = (PREPARING, SNAPSHOTS, LANDING, BOUNDARY, BOOKS, CONTROLS, OUTCOME, PUBLISHING, EVIDENCE)


@dataclass(frozen=True)
class Step:
    """One thing begun or done in a stage; `done` of `total` where the number is known (total 0: it is not)."""

    stage: str
    detail: str = ""
    done: int = 0
    total: int = 0


Listener = Callable[[Step], None]
_listeners: list[Listener] = []


def announce(stage: str, detail: str = "", done: int = 0, total: int = 0) -> None:
    """Tells every listener; does nothing where there is none, as in a run of the Dagster UI."""
    for listener in _listeners:
        listener(Step(stage, detail, done, total))


@contextmanager
def listening(listener: Listener) -> Iterator[None]:
    """Hears every step announced while the context lasts."""
    _listeners.append(listener)
    try:
        yield
    finally:
        _listeners.remove(listener)
