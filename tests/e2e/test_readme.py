"""The README's commands, as a newcomer types them."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from tests.command import tieout

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_every_target_and_command_that_the_readme_names_exists():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for target in set(re.findall(r"\bmake ([a-z]+)", README)):
        if target not in ("is", "are"):
            assert re.search(rf"^{target}:", makefile, re.MULTILINE), f"make {target}"
    for command in set(re.findall(r"tieout ([a-z]+)", README)):
        assert tieout(command, "--help").code == 0, command


def test_every_file_that_the_readme_links_to_exists():
    for target in re.findall(r"\]\(([^)#:]+)\)", README):
        assert (ROOT / target).exists(), target


@pytest.mark.slow
def test_the_pack_of_the_demo_is_written_again_and_verifies(planted, tmp_path):
    shutil.copytree(planted.folder / ".tieout", tmp_path / ".tieout", symlinks=True)
    shutil.copyfile(planted.config, tmp_path / "tieout.yml")
    written = tieout("evidence", "--config", tmp_path / "tieout.yml", "--period", "2026-09")
    assert written.code == 0, written.text
    verified = tieout("verify", written.out.splitlines()[0])
    assert verified.code == 0, verified.text
    assert "recomputed" in verified.out


def test_one_s_own_company_begins_with_a_configuration_and_templates(tmp_path):
    assert tieout("init", tmp_path / "my-company").code == 0
    assert (tmp_path / "my-company" / "tieout.yml").exists()
    assert (tmp_path / "my-company" / "templates" / "billing" / "invoices.csv").read_text().startswith("invoice_id,")
    again = tieout("init", tmp_path / "my-company")
    assert again.code == 2, "a configuration is never overwritten"
