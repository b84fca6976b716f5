"""What the command itself says, whatever it is asked for."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from dagster_project.version import code_version
from tests.command import tieout

SMALLEST = (
    "company: Borealis\nreporting_currency: USD\nsources:\n"
    "  - {name: billing, domain: billing, connector: {type: files, path: data}}\n"
)


def test_the_version_is_the_one_that_packs_name():
    ran = tieout("--version")
    assert (ran.code, ran.out.strip()) == (0, f"tieout {code_version()}"), ran.text


def _stopped_at(
    module: str, stop: signal.Signals, *arguments: str, cwd: Path | None = None, is_ignored: bool = False
) -> tuple[int, str, str]:
    """What comes of the command when it is stopped as it first imports the module. A process begins with what its parent
    ignores, as a script in the background does, so that is said here."""
    program = (
        "import os, signal, sys\n"
        f"signal.signal({stop:d}, signal.{'SIG_IGN' if is_ignored else 'SIG_DFL'})\n"
        "class Stop:\n"
        "    def find_spec(self, name, *rest):\n"
        f"        if name == {module!r}:\n"
        f"            os.kill(os.getpid(), {stop:d})\n"
        "sys.meta_path.insert(0, Stop())\n"
        "from dagster_project.cli import main; main()"
    )
    command = [sys.executable, "-c", program, *arguments]
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout, done.stderr


@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize(
    "module", ["typer", "pydantic", "dagster_project.cli.run", "dagster", "dagster_project.definitions"]
)
def test_a_stop_while_the_command_begins_is_one_line_and_130(tmp_path: Path, module: str, stop: signal.Signals):
    """A scheduler pages somebody for a traceback or an unknown code; a close that was stopped is no fault."""
    (tmp_path / "tieout.yml").write_text(SMALLEST, encoding="utf-8")
    code, _, said = _stopped_at(module, stop, "run", "--quiet", cwd=tmp_path)
    assert (code, said) == (130, "tieout: interrupted; nothing half-done is visible, run the same command again\n")


def test_what_a_script_runs_in_the_background_goes_on_when_the_script_is_stopped():
    """The shell has it ignore Ctrl-C: a close that ended all the same would be missing in the morning."""
    code, told, said = _stopped_at("typer", signal.SIGINT, "--version", is_ignored=True)
    assert (code, said) == (0, "") and told.startswith("tieout ")


def test_a_package_that_is_not_installed_is_no_defect_of_tieout(tmp_path: Path):
    """After an update of the code the environment lacks what is new; nobody should report that."""
    (tmp_path / "tieout.yml").write_text(SMALLEST, encoding="utf-8")
    program = "import sys; sys.modules['dagster'] = None; from dagster_project.cli import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", program, "run", "--quiet"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 3
    assert done.stderr.strip() == "tieout: the package dagster is not installed here; run `make setup`"


def test_a_replay_of_a_source_that_nobody_knows_is_refused_by_name(tmp_path: Path):
    """`there is no dead letter` would be believed of the source that was meant."""
    (tmp_path / "tieout.yml").write_text(SMALLEST, encoding="utf-8")
    ran = tieout("replay", "--source", "biling", cwd=tmp_path)
    assert ran.code == 2, ran.text
    assert "--source biling: no source has that name; expected one of: billing" in ran.err
