"""A second set of systems, as after an acquisition: every id of it collides with one of the first's."""

from __future__ import annotations

import shutil
from pathlib import Path

from sample_data.output.directory import DECOYS, DOMAINS, TRUTH, configuration, write_rows
from sample_data.world.state import World


def double(world: World, out: Path) -> None:
    """Copies the data of all sources, links each set within itself, and tells the truth for both."""
    for domain in DOMAINS:
        target = out / "data" / f"{domain}2"
        shutil.copytree(out / "data" / domain, target)
    (out / "tieout.yml").write_text(configuration(copies=2))
    again = [
        {**row, "defect_id": row["defect_id"] + "-2", "source_instance": row["source_instance"] + "2"}
        for row in world.truth
    ]
    write_rows(out / "truth.csv", TRUTH, world.truth + again)
    decoys = [{**row, "decoy_id": row["decoy_id"] + "-2"} for row in world.decoys]
    write_rows(out / "decoys.csv", DECOYS, world.decoys + decoys)
