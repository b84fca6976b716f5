"""Worlds that several test modules share: each is generated and closed once per test session, whatever the workers."""

from __future__ import annotations

import gc
import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from filelock import FileLock

import sample_data
from tests.command import Ran, tieout
from tests.faults import summary

ROOT = Path(__file__).resolve().parents[1]
# as the command does: Python's own 700 new objects between two searches are a twentieth of all tests
gc.set_threshold(50_000, *gc.get_threshold()[1:])


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


@pytest.fixture(scope="session")
def shared(tmp_path_factory, worker_id) -> Path:
    """A folder of all workers of this session."""
    own = tmp_path_factory.getbasetemp()
    return own if worker_id == "master" else own.parent


@pytest.fixture(scope="session")
def worlds(shared) -> Callable[[str, Callable[[Path], Ran | None]], Closed]:
    """`worlds(name, make)`: the folder that `make` filled, closed by `tieout run` unless `make` did that and says what was
    printed; made by the first worker that asks."""

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
def clean_files(shared) -> Path:
    """The files of the sample company without a defect, as the generator writes them."""
    folder = shared / "clean_files"
    with FileLock(f"{folder}.lock"):
        if not folder.exists():
            sample_data.generate(folder.with_suffix(".new"), size="ci", seed=1, clean=True)
            folder.with_suffix(".new").rename(folder)
    return folder


@pytest.fixture(scope="session")
def clean(worlds, clean_files) -> Closed:
    """The sample company without a defect."""

    def copy(folder: Path) -> None:
        shutil.copytree(clean_files, folder)

    return worlds("clean", copy)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Spark first, then whole runs, then what is slow besides: begun last, a long module keeps one worker busy and the
    other idle.

    Whole runs make worlds of their own; beginning with what reads the shared ones, every worker would wait for one.
    """

    def turn(item: pytest.Item) -> int:
        if item.get_closest_marker("spark") and item.get_closest_marker("slow"):
            return -1
        if "e2e" in item.path.parts:
            return 0
        return 1 if item.get_closest_marker("slow") or item.get_closest_marker("faults") else 2

    items.sort(key=turn)


def pytest_terminal_summary(terminalreporter) -> None:
    summary.tell(terminalreporter)
