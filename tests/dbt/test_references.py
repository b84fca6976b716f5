"""R20 asks of every reference of the landing contract whether it resolves: its list must be the contracts' list."""

from __future__ import annotations

import re
from pathlib import Path

from dagster_project.sources.contracts import load_contracts

MACRO = Path(__file__).parents[2] / "dbt_project" / "macros" / "landing_references.sql"


def test_no_reference_of_the_contracts_is_left_out_of_the_orphan_control() -> None:
    """A reference that is not asked about would let an invented record pass as traced."""
    asked = {
        (found[1], found[2], tuple(re.findall(r"'([^']+)'", found[3])))
        for found in re.finditer(r"\('([a-z_.]+)', '([a-z_]+)', \[([^\]]+)\]\)", MACRO.read_text(encoding="utf-8"))
    }
    contracted = {
        (f"{domain}.{name}", column.name, tuple(target.rsplit(".", 1)[0] for target in column.references))
        for (domain, name), contract in load_contracts().items()
        for column in contract.columns
        if column.references
    }
    assert asked == contracted
