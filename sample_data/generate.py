"""`generate` writes the company's directory; the same arguments give the same bytes."""

from __future__ import annotations

from pathlib import Path

from sample_data.build import build, new_world
from sample_data.output.directory import save


def generate(
    out: Path,
    size: str = "ci",
    seed: int = 1,
    events: int | None = None,
    clean: bool = False,
    variant: str | None = None,
    customers: int | None = None,
) -> None:
    """Writes tieout.yml, data/, truth.csv and decoys.csv to `out`."""
    world = build(new_world(size, seed, events, customers))
    save(world, Path(out))
