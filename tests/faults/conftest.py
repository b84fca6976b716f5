"""Counts what the loops did, for the summary at the end."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.faults.summary import PREFIX


@pytest.fixture
def counted(record_property) -> Callable[[str, int], None]:
    """`counted("kills", 10)`: told in the summary, added up over all tests."""
    return lambda what, number: record_property(f"{PREFIX}{what}", number)
