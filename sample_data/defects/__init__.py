"""The planted defects and decoys, one module per family."""

from __future__ import annotations

from collections.abc import Callable

from sample_data.defects import billing, capture, cash, contracts, credits, ledger, masters, posting, proof, rating
from sample_data.world.state import World

FAMILIES = (capture, contracts, rating, billing, credits, posting, cash, ledger, masters, proof)


def hooks() -> list[tuple[str, Callable[[World], None]]]:
    return [hook for family in FAMILIES for hook in family.HOOKS]
