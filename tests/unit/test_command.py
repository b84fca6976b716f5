"""What the command itself says, whatever it is asked for."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from dagster_project.version import code_version
from tests.command import tieout

SMALLEST = (
    "company: Borealis\nreporting_currency: USD\nsources:\n"
    "  - {name: billing, domain: billing, connector: {type: files, path: data}}\n"
)


def test_the_version_is_the_one_that_packs_name():
    ran = tieout("--version")
    assert (ran.code, ran.out.strip()) == (0, f"tieout {code_version()}"), ran.text


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
