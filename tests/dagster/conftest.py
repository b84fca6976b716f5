from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.postgres import Server, serving

PASSWORD = "ge:heim/@3%20"
VARIABLE = "ACME_HISTORY"


@pytest.fixture(scope="session")
def postgres(tmp_path_factory) -> Iterator[Server]:
    """A PostgreSQL for the histories of runs; each test takes a database of its own."""
    with serving(tmp_path_factory.mktemp("pg") / "data") as running:
        yield running
