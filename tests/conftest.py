"""Worlds that several test modules share: each is generated and closed once per test session, whatever the workers."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from filelock import FileLock

import sample_data
from tests.command import Ran, tieout
from tests.faults import summary

ROOT = Path(__file__).resolve().parents[1]


@dataclass(frozen=True)
class Closed:
    """A company whose close was run: its folder, and what the command printed and returned. Tests only read it."""

    folder: Path
    run: Ran

    @property
    def config(self) -> Path:
        return self.folder / "tieout.yml"

    @property
    def published(self) -> Path:
        return (self.folder / ".tieout" / "published" / "current.duckdb").resolve()


def _clean(folder: Path) -> None:
    sample_data.generate(folder, size="ci", seed=1, clean=True)


@pytest.fixture(scope="session")
def worlds(tmp_path_factory, worker_id) -> Callable[[str, Callable[[Path], Ran | None]], Closed]:
    """`worlds(name, make)`: the folder that `make` filled, closed by `tieout run` unless `make` did that and says what was
    printed; made by the first worker that asks."""
    shared = tmp_path_factory.getbasetemp()
    if worker_id != "master":
        shared = shared.parent

    def close(name: str, make: Callable[[Path], Ran | None]) -> Closed:
        folder, outcome = shared / "worlds" / name, shared / "worlds" / f"{name}.json"
        folder.parent.mkdir(exist_ok=True)
        with FileLock(f"{outcome}.lock"):
            if not outcome.exists():
                ran = make(folder) or tieout("run", "--config", folder / "tieout.yml")
                outcome.write_text(json.dumps(vars(ran)), encoding="utf-8")
            return Closed(folder, Ran(**json.loads(outcome.read_text(encoding="utf-8"))))

    return close


@pytest.fixture(scope="session")
def planted(worlds) -> Closed:
    """The sample company with its planted defects, as committed, closed by `tieout demo`."""
    return worlds("planted", lambda folder: tieout("demo", "--home", folder))


@pytest.fixture(scope="session")
def clean(worlds) -> Closed:
    """The sample company without a defect."""
    return worlds("clean", _clean)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Whole runs first, then what is slow besides: begun last, a long module keeps one worker busy and the other idle.

    Whole runs make worlds of their own; beginning with what reads the shared ones, every worker would wait for one.
    """

    def turn(item: pytest.Item) -> int:
        if "e2e" in item.path.parts:
            return 0
        return 1 if item.get_closest_marker("slow") or item.get_closest_marker("faults") else 2

    items.sort(key=turn)


def pytest_terminal_summary(terminalreporter) -> None:
    summary.tell(terminalreporter)
