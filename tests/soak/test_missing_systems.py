"""Companies with fewer systems or objects than the sample: what cannot be compared is not tested, never broken."""

from __future__ import annotations

import shutil
from functools import partial
from pathlib import Path

import duckdb
import pytest

import sample_data
from dagster_project.sources.contracts import load_contracts

pytestmark = pytest.mark.soak
DOMAINS = ("product", "billing", "crm", "erp", "hub")


def _small(folder: Path) -> None:
    sample_data.generate(folder, size="ci", seed=1, events=4000, customers=60, clean=True)


def _without_domain(domain: str, folder: Path) -> None:
    _small(folder)
    config = folder / "tieout.yml"
    lines = config.read_text(encoding="utf-8").splitlines(keepends=True)
    config.write_text("".join(line for line in lines if f"name: {domain}," not in line), encoding="utf-8")


def _without_optional_objects(folder: Path) -> None:
    _small(folder)
    for contract in load_contracts().values():
        if contract.optional:
            shutil.rmtree(folder / "data" / contract.domain / contract.name, ignore_errors=True)


def _breaks(published: Path) -> list[tuple]:
    with duckdb.connect(str(published), read_only=True) as con:
        return con.execute("select code, match_key, cause_code, reason from marts.exceptions order by all").fetchall()


@pytest.mark.parametrize("domain", DOMAINS)
def test_a_system_that_is_not_connected_leaves_its_controls_untested_and_breaks_nothing(worlds, domain):
    closed = worlds(f"without_{domain}", partial(_without_domain, domain))
    assert _breaks(closed.published) == [], closed.run.text[-3000:]
    assert closed.run.code == 0, closed.run.text[-3000:]


def test_objects_that_a_company_need_not_have_leave_nothing_broken(worlds):
    closed = worlds("without_optional", _without_optional_objects)
    assert _breaks(closed.published) == [], closed.run.text[-3000:]
    assert closed.run.code == 0, closed.run.text[-3000:]
