"""The company that most tests deliver to."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.ingestion.company import Company, company


@pytest.fixture
def borealis(tmp_path: Path) -> Company:
    """Four systems, nothing delivered yet."""
    return company(tmp_path)
