"""One run from a command: the job `close` in this process, recorded where the Dagster UI finds it."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dagster_project import dagster_home, dagster_storage, progress, serving
from dagster_project.abandoned import end_abandoned, this_process
from dagster_project.errors import StoreError, is_out_of_space, no_space
from dagster_project.settings import CONFIG_VARIABLE, Settings
from dagster_project.spark.environment import require

if TYPE_CHECKING:
    import dagster as dg

MODULE = "dagster_project.definitions"
_PATIENCE_SECONDS = 70
"""Dagster itself gives webserver and daemon 60 s each to end."""
_INTERRUPTS = frozenset({"DagsterExecutionInterruptedError", "KeyboardInterrupt"})
REPOSITORY_TAG = ".dagster/repository"  # the UI lists runs of a job by it


@dataclass(frozen=True)
class Fault:
    """Something that stopped a part of the run: `step` as the UI names it, the words, and the exit code it means."""

    step: str
    message: str
    exit_code: int


@dataclass(frozen=True)
class RunReport:
    """What came of a run; `published` and `pack` are None where the run did not get that far."""

    run_id: str
    as_of: datetime
    period: str
    published: Path | None
    pack: Path | None
    notes: tuple[str, ...]
    faults: tuple[Fault, ...]
    log: Path

    def exit_code(self, breaks: int) -> int:
        """0 clean, 1 breaks, 2 wrong input and nothing published, 3 a source or store failed."""
        if self.faults:
            codes = {fault.exit_code for fault in self.faults}
            return 2 if self.published is None and codes == {2} else 3
        return 1 if breaks else 0


def run(settings: Settings, period: str | None = None, full_refresh: bool = False) -> RunReport:
    """Closes `period` (default: the last that ended) at `settings.clock`, fixed once for the whole run.

    Computes what follows from anything new; with `full_refresh`, everything.

    Expected faults are in the report. Raises StoreError when another run uses the home or it cannot be written, and
    KeyboardInterrupt when the user stops it; what was archived or published before stays whole.
    """
    progress.announce(progress.PREPARING)
    if settings.target == "spark":
        require(settings)
    import dagster as dg

    from dagster_project.archive.lock import exclusive
    from dagster_project.definitions import defs
    from dagster_project.defs import jobs, periods

    as_of = settings.clock
    chosen = period or periods.last_ended(as_of)
    run_id = str(uuid.uuid4())
    log = settings.home / "runs" / run_id / "log.txt"
    with exclusive(settings):
        folder = dagster_home.prepare(settings)
        with _quiet(log), dagster_storage.in_words(settings), dagster_home.opened(folder) as instance:
            end_abandoned(instance)
            periods.register(instance, [chosen])
            tags = {REPOSITORY_TAG: f"__repository__@{MODULE}", **this_process()}
            if period is None:
                tags[periods.DEFAULTED_TAG] = "true"
            try:
                result = defs.resolve_job_def(jobs.CLOSE).execute_in_process(
                    instance=instance,
                    run_id=run_id,
                    partition_key=chosen,
                    run_config=run_config(settings, as_of, full_refresh),
                    tags=tags,
                    raise_on_error=False,
                )
            except dg.DagsterExecutionInterruptedError:
                raise KeyboardInterrupt from None
            except Exception as error:
                if is_out_of_space(error):  # the run history is full too, so no step can say it
                    raise no_space(settings.home) from error
                raise
    if was_interrupted(result):
        raise KeyboardInterrupt
    return report(result, as_of, chosen, log)


def was_interrupted(result: dg.ExecuteInProcessResult) -> bool:
    """Whether the user stopped the run: Dagster records that as a failure of the step at work."""
    errors = [event.step_failure_data.error for event in result.all_events if event.is_step_failure]
    return any(name in _INTERRUPTS for error in errors for name in _class_names(error))


def run_config(settings: Settings, as_of: datetime, full_refresh: bool = False) -> dict[str, Any]:
    """Run configuration of a close: which tieout.yml, which clock, what is computed again, which log."""
    from dagster_project.defs.log import LOGGER_KEY
    from dagster_project.defs.resources import RESOURCE_KEY

    config_path = str(settings.config_path)
    known_at = settings.known_at.isoformat() if settings.known_at else ""
    resource = {
        "config_path": config_path,
        "as_of": as_of.isoformat(),
        "known_at": known_at,
        "full_refresh": full_refresh,
    }
    return {
        "resources": {RESOURCE_KEY: {"config": resource}},
        "loggers": {LOGGER_KEY: {"config": {"config_path": config_path}}},
    }


def report(result: dg.ExecuteInProcessResult, as_of: datetime, period: str, log: Path) -> RunReport:
    """The run's outcome from its own events, never from what happens to lie in the home."""
    facts: dict[tuple[str, ...], dict[str, Any]] = {}
    for event in result.all_events:
        if event.is_step_materialization and event.asset_key is not None:
            facts[tuple(event.asset_key.path)] = {k: v.value for k, v in event.materialization.metadata.items()}
    snapshot, pack = facts.get(("published", "snapshot"), {}), facts.get(("evidence", "pack"), {})
    return RunReport(
        run_id=result.run_id,
        as_of=as_of,
        period=pack.get("period", period),
        published=Path(snapshot["path"]) if "path" in snapshot else None,
        pack=Path(pack["path"]) if "path" in pack else None,
        notes=(*unread(facts), *(str(found["note"]) for found in facts.values() if found.get("note"))),
        faults=(*failed_sources(facts), *faults(result)) or _unexplained(result, log),
        log=log,
    )


def unread(facts: dict[tuple[str, ...], dict[str, Any]]) -> dict[str, None]:
    """What lay with the landing files and was not read, each once, though it may be meant for any object."""
    from dagster_project.defs.sources import NOT_READ

    return dict.fromkeys(words for found in facts.values() for words in found.get(NOT_READ, ()))


def failed_sources(facts: dict[tuple[str, ...], dict[str, Any]]) -> Iterator[Fault]:
    """What servers did not give: each failure once, though it may have cost every object of a source."""
    from dagster_project.defs.sources import SOURCE_FAILED

    said: dict[str, str] = {}
    for key, found in facts.items():
        for words in found.get(SOURCE_FAILED, ()):
            said.setdefault(words, "/".join(key))
    for words, step in said.items():
        yield Fault(step, f"a source failed: {words}", 3)


def faults(result: dg.ExecuteInProcessResult) -> Iterator[Fault]:
    """Every step that failed, in words: the author's where the fault was expected, else the error's own."""
    from dagster_project.defs.faults import EXIT_CODE

    closed = [one for one in result.get_asset_check_evaluations() if is_closed_gate(one)]
    for evaluation in closed:
        words = evaluation.metadata.get("words")
        where = "/".join(evaluation.asset_key.path)
        yield Fault(where, f"gate closed on {where}: {words.value if words else evaluation.check_name}", 3)
    for event in result.all_events:
        if not event.is_step_failure:
            continue
        data = event.step_failure_data
        step = str(event.step_key)
        if data.user_failure_data is not None:
            code = data.user_failure_data.metadata.get(EXIT_CODE)
            message = str(data.user_failure_data.description)
            yield Fault(step, message, code.value if code and isinstance(code.value, int) else 3)
        elif not (closed and data.error is not None and data.error.cls_name == "DagsterAssetCheckFailedError"):
            yield Fault(step, f"{step} failed unexpectedly: {_last_words(data.error)}", 3)


def is_closed_gate(evaluation: dg.AssetCheckEvaluation) -> bool:
    """A structural check that failed. A finding about the data is a warning here: the controls report it."""
    import dagster as dg

    return not evaluation.passed and bool(evaluation.blocking) and evaluation.severity == dg.AssetCheckSeverity.ERROR


def serve(settings: Settings, port: int = 3000, with_ui: bool = True) -> int:
    """Starts Dagster's daemon over the home, with the UI or without, and returns its exit code when it ends.

    Raises InputError when the port is taken or another daemon serves the home, StoreError when it cannot be written.
    """
    if with_ui:
        serving.require_free(port)
    with serving.only_daemon(settings) as held:
        folder = dagster_home.prepare(settings)
        with dagster_storage.in_words(settings), dagster_home.opened(folder) as instance:
            make_ready(instance, settings)
        ui = ["dagster", "dev", "--module-name", MODULE, "--port", str(port), "--host", "127.0.0.1"]
        daemon = ["dagster._daemon", "run", "--module-name", MODULE]
        command = [sys.executable, "-m", *(ui if with_ui else daemon)]
        environment = {"DAGSTER_HOME": str(folder), CONFIG_VARIABLE: str(settings.config_path)}
        return _attend(command, {**os.environ, **environment}, held)


def _attend(command: list[str], environment: dict[str, str], held: int) -> int:
    """Runs the command, which holds the descriptor `held` as well, until it ends or is to be ended."""
    before = {one: signal.signal(one, signal.default_int_handler) for one in (signal.SIGINT, signal.SIGTERM)}
    try:
        # a group of its own, to end it whole; a script in the background has switched off that signals are heard
        process = subprocess.Popen(command, env=environment, start_new_session=True, pass_fds=[held])
        try:
            return process.wait()
        except KeyboardInterrupt:
            _end(process)
            return 0
    finally:
        for one, handler in before.items():
            signal.signal(one, handler)


def make_ready(instance: dg.DagsterInstance, settings: Settings) -> None:
    """Tells the history what the queue must know before it first looks."""
    from dagster_project.defs.published import register_published
    from dagster_project.defs.resources import WRITER_POOL

    end_abandoned(instance)
    register_published(instance, settings)
    # of a pool that it meets for the first time the queue learns the limit only after it has launched all that wait
    instance.event_log_storage.set_concurrency_slots(WRITER_POOL, 1)


def _end(process: subprocess.Popen[bytes]) -> None:
    """Waits until webserver, daemon and workers have put their things away. What is left then is killed: a daemon that
    outlives its command would begin runs that nobody asked for."""
    process.send_signal(signal.SIGINT)
    with suppress(subprocess.TimeoutExpired, KeyboardInterrupt):  # who asks a second time does not wait
        process.wait(_PATIENCE_SECONDS)
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


@contextmanager
def _quiet(log: Path) -> Iterator[None]:
    """Sends what libraries log or warn of to the run's log instead of the console."""
    try:
        log.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(f"{log.parent}: the run's log cannot be written: {error.strerror}") from None
    handler = logging.FileHandler(log, encoding="utf-8", delay=True)
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s %(message)s"))
    root = logging.getLogger()
    before = list(root.handlers)
    root.handlers[:] = [handler]
    logging.captureWarnings(True)
    try:
        yield
    finally:
        logging.captureWarnings(False)
        root.handlers[:] = before
        handler.close()


def _unexplained(result: dg.ExecuteInProcessResult, log: Path) -> tuple[Fault, ...]:
    return () if result.success else (Fault("run", f"the run ended before it began to work; see {log}", 3),)


def _class_names(error: Any) -> Iterator[str]:
    while error is not None:
        yield str(error.cls_name)
        error = error.cause


def _last_words(error: Any) -> str:
    while error is not None and error.cause is not None:
        error = error.cause
    return " ".join(str(error.message).split()) if error is not None else "it did not say why"
