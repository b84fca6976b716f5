"""`generate` writes the company's directory; the same arguments give the same bytes."""

from __future__ import annotations

from pathlib import Path

from sample_data.build import build, new_world
from sample_data.defects import hooks
from sample_data.output import second_engine, variants
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
    """Writes tieout.yml, data/, truth.csv and decoys.csv to `out`.

    `size` is ci (50,000 usage events) or standard (1.5 million); `events` and `customers` ask for other numbers.
    `clean` leaves the defects out. `variant` is a source fault, always in the clean world, or `second_engine`.
    """
    faulty = variant in variants.FAULTS
    world = build(new_world(size, seed, events, customers), [] if clean or faulty else hooks())
    save(world, Path(out), (lambda data: [variants.apply(str(variant), data)]) if faulty else None)
    if variant == "second_engine":
        second_engine.double(world, Path(out))
    elif variant and not faulty:
        raise ValueError(f"unknown variant {variant}: one of {', '.join(variants.FAULTS)}, second_engine")
