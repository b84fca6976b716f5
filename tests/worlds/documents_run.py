"""The configurations under which the hand-made company is closed."""

from __future__ import annotations

from pathlib import Path

from tests.worlds.documents_scenarios import AS_OF, company

ALONE = f"""company: Gebrüder Ångström
home: .tieout
as_of: {AS_OF}
reporting_currency: CHF
sources:
  - {{name: billing, domain: billing, vendor: generic, connector: {{type: files, path: billing}}}}
  - {{name: erp, domain: erp, vendor: generic, connector: {{type: files, path: erp}}}}
"""


def alone(folder: Path) -> None:
    """One billing system and one ERP, nothing else connected."""
    folder.mkdir(parents=True, exist_ok=True)
    company().write(folder)
    (folder / "tieout.yml").write_text(ALONE, encoding="utf-8")
