"""The same truths on companies that no other test closes: other seeds, and a second billing engine. `make soak`."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import duckdb
import pytest

import sample_data
from tests.truth.catalogue import CONTROLS
from tests.truth.score import missing_echoes, noisy_decoys, score
from tests.truth.told import untold

pytestmark = pytest.mark.soak
SEEDS = (2, 3, 4)


def _seeded(seed: int, folder: Path) -> None:
    sample_data.generate(folder, size="ci", seed=seed)


@pytest.mark.parametrize("seed", SEEDS)
def test_another_seed_is_scored_like_the_sample(worlds, seed):
    closed = worlds(f"seed_{seed}", partial(_seeded, seed))
    truth = closed.folder / "truth.csv"
    result = score(closed.published, truth, CONTROLS)
    assert result.recall == 1 and result.precision == 1, str(result)
    assert missing_echoes(closed.published, truth, CONTROLS) == []
    assert noisy_decoys(closed.published, closed.folder / "decoys.csv") == []


@pytest.mark.parametrize("seed", SEEDS)
def test_no_error_of_another_companys_bridge_stands_there_alone(worlds, seed):
    """What one seed plants in a place that another leaves empty would be an error without an owner."""
    closed = worlds(f"seed_{seed}", partial(_seeded, seed))
    with duckdb.connect(str(closed.published), read_only=True) as con:
        assert untold(con) == []


def _doubled(folder: Path) -> None:
    sample_data.generate(folder, size="ci", seed=1, clean=True, variant="second_engine")


def test_a_second_engine_whose_ids_collide_gives_the_same_results_per_instance(worlds):
    """Mixed instances would match one engine's invoice with the other's document of the same number."""
    closed = worlds("second_engine", _doubled)
    with duckdb.connect(str(closed.published), read_only=True) as con:
        rows = con.execute(
            "select results.code || ' ' || sources.domain, source_instance, status, count(*), coalesce(sum(delta_minor), 0)"
            " from marts.reconciliation_results as results join config.sources as sources using (source_instance)"
            " group by all order by all"
        ).fetchall()
        bridge = con.execute(
            "select source_instance, legal_entity_code, currency_code, leg, cause_code, nature, count(*), sum(amount_minor)"
            " from marts.bridge_allocation group by all order by all"
        ).fetchall()
    results: dict[str, dict[str, set]] = {}
    for code, instance, status, count, delta in rows:
        results.setdefault(code, {}).setdefault(instance, set()).add((status, count, delta))
    doubled = {code: found for code, found in results.items() if len(found) > 1 and not code.startswith("R38")}
    assert doubled, "no control saw two instances"
    assert {code: found for code, found in doubled.items() if len({frozenset(one) for one in found.values()}) > 1} == {}
    assert not [row for row in rows if row[2] in ("break", "not_testable")]
    legs: dict[str, list[tuple]] = {}
    for instance, *rest in bridge:
        legs.setdefault(instance, []).append(tuple(rest))
    assert len(legs) == 2 and len({tuple(one) for one in legs.values()}) == 1
