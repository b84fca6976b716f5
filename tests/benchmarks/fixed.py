"""What a close costs before there is any data: process start, libraries, planning, recording."""

from __future__ import annotations

from pathlib import Path

from tests.benchmarks.close import close
from tests.benchmarks.measured import TIEOUT, Result, measure

_ENTITIES = "legal_entity_code,name,base_currency,country,timezone,parent_code,updated_at\nUS,Inc,USD,US,UTC,,2026-01-01T00:00:00Z\n"


def case(folder: Path) -> Result:
    """A close of a company of which only the headers of its files and one legal entity were delivered."""
    measure([*TIEOUT, "init", str(folder)])
    for template in sorted((folder / "templates").glob("*/*.csv")):
        target = folder / "data" / template.parent.name / template.stem
        if target.is_dir():
            (target / template.name).write_bytes(template.read_bytes())
    (folder / "data" / "erp" / "legal_entities" / "legal_entities.csv").write_text(_ENTITIES, encoding="utf-8")
    return close(folder, "fixed", "a close of an almost empty company, process start included", 1, None)
