"""`tieout contract test --figures`: both books are built from the archive, and what differs is told per control."""

from __future__ import annotations

from pathlib import Path

import pytest

import sample_data
from dagster_project import archive, settings
from tests.command import tieout
from tests.ingestion.changed_contracts import changed, column, with_column

pytestmark = pytest.mark.soak


def test_a_contract_that_sets_paid_invoices_aside_moves_what_was_billed_and_an_own_column_moves_nothing(tmp_path: Path):
    sample_data.generate(tmp_path, size="ci", seed=5, events=500, customers=8, clean=True)
    config = tmp_path / "tieout.yml"
    archive.ingest(settings.load(config))
    file = tmp_path / "contracts" / "billing.yml"
    file.parent.mkdir()
    file.write_bytes(changed("billing", "1.1.0", with_column("po_number")).content)
    ran = tieout("contract", "test", "--figures", "--config", config)
    assert (ran.code, "bridge" in ran.out, "R14" in ran.out) == (0, False, False), ran.text
    strict = changed("billing", "2.0.0", lambda document: _values(document).remove("paid"))
    file.write_bytes(strict.content)
    ran = tieout("contract", "test", "--figures", "--config", config)
    assert ran.code == 1, ran.text
    for words in ("bridge, billed JPY: 8,139,046 -> 60,000", "R32, breaks EUR: 0 -> 9", "R14, not tested: 0 -> 105"):
        assert words in ran.out, ran.out
    assert list((tmp_path / ".tieout").iterdir()) != []
    assert not (tmp_path / ".tieout" / "published").exists(), "a test publishes nothing"


def _values(document) -> list[str]:
    return column(document, "status")["quality"][0]["validValues"]
