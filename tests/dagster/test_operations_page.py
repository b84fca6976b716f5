"""What docs/operations.md shows must work as shown: an operator copies it at night."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
from dagster._cli import cli

from dagster_project import settings
from dagster_project.definitions import defs
from dagster_project.settings import PROJECT_ROOT
from tests.command import tieout

TEXT = (PROJECT_ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
COMPANY = (
    "company: Borealis\nreporting_currency: USD\nsources:\n"
    "  - {name: billing, domain: billing, connector: {type: files, path: data}}\n"
)


@pytest.mark.parametrize("example", re.findall(r"```yaml\n(.*?)```", TEXT, flags=re.DOTALL), ids=["workers", "storage"])
def test_every_example_is_a_configuration(tmp_path: Path, example: str):
    file = tmp_path / "tieout.yml"
    file.write_text(COMPANY + example, encoding="utf-8")
    assert settings.load(file).dagster.workers == 2


def test_the_command_of_a_backfill_is_one_of_dagster_and_its_job_is_ours():
    (line,) = re.findall(r"^\.venv/bin/dagster (job backfill .*)$", TEXT, flags=re.MULTILINE)
    group, command, *arguments = shlex.split(line)
    known = {option for one in cli.commands[group].commands[command].params for option in one.opts}
    assert {word for word in arguments if word.startswith("-")} <= known
    assert defs.resolve_job_def(arguments[arguments.index("-j") + 1]).partitions_def is not None


def test_every_command_of_dagster_is_one_that_make_setup_leaves():
    """`make setup` puts nothing on the path: plain `dagster` is not found, or is another one."""
    assert re.findall(r"^dagster .*$|`dagster [a-z].*`", TEXT, flags=re.MULTILINE) == []


def test_every_option_of_tieout_dagster_that_the_page_names_exists():
    assert "--no-ui" in TEXT
    assert "--no-ui" in tieout("dagster", "--help").out
