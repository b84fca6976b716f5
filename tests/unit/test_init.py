"""`tieout init` writes a configuration that the next command takes, or none."""

from __future__ import annotations

from pathlib import Path

import pytest

from dagster_project import settings
from tests.command import tieout


@pytest.mark.parametrize("currency", ["US", "XXQ", "dollar"])
def test_a_currency_that_does_not_exist_is_refused_before_anything_is_written(tmp_path: Path, currency):
    """The file would be written, and refused by the next command."""
    ran = tieout("init", tmp_path / "new", "--currency", currency)
    assert ran.code == 2, ran.text
    assert f"--currency {currency}: no currency of ISO 4217" in ran.err and "for example USD" in ran.err
    assert not (tmp_path / "new").exists()


def test_small_letters_will_do(tmp_path: Path):
    assert tieout("init", tmp_path, "--currency", "eur").code == 0
    assert settings.load(tmp_path / "tieout.yml").reporting_currency == "EUR"


@pytest.mark.parametrize("name", ["", "  "])
def test_a_company_without_a_name_is_refused_before_anything_is_written(tmp_path: Path, name):
    """The file would be written, and refused by the next command."""
    ran = tieout("init", tmp_path / "new", "--company", name)
    assert (ran.code, ran.err) == (2, "tieout: --company: expected text that is not empty\n")
    assert not (tmp_path / "new").exists()


def test_a_place_that_cannot_be_a_folder_is_named_and_is_no_defect(tmp_path: Path):
    """`This is a defect of Tieout` has somebody write a report about a slip of the keyboard."""
    (tmp_path / "taken").touch()
    for place in (tmp_path / "taken", tmp_path / "taken" / "below"):
        ran = tieout("init", place)
        assert (ran.code, "defect" in ran.err) == (2, False), ran.text
        assert f"{place}: cannot be written (Not a directory); expected a folder, or the name of a new one" in ran.err
