"""How likely are two master records one customer? Probabilistic record linkage (splink) over pairs from blocking.

The parameters are fixed, not estimated: a company with few doubtful pairs has nothing to estimate from, and a score
must not change because other customers did. `m` is how often a field agrees so among records of one customer, `u` among
records of two; they are ours, cautious, and the same for every company. A score suggests; it never confirms.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import duckdb
import pyarrow as pa

FIELDS = ("name", "email", "tax_id", "country")
PRIOR = 0.01  # of pairs that share a name, an address or a tax number, before the fields are weighed


@dataclass(frozen=True)
class Pair:
    """Two records, each as (name, email, tax_id, country) in normalised form, None where it is not known."""

    pair_id: str
    left: tuple[str | None, ...]
    right: tuple[str | None, ...]


@dataclass(frozen=True)
class Score:
    """`basis_points` of certainty that both are one customer, and why in words."""

    pair_id: str
    basis_points: int
    explanation: str


def score(pairs: Sequence[Pair]) -> list[Score]:
    """Every pair's score, in the order of `pair_id`; splink is imported only where there is a pair."""
    if not pairs:
        return []
    with duckdb.connect(":memory:") as con:
        con.execute("set threads = 1")
        found = _predicted(con, _records(pairs))
    return [Score(str(row["pair_id_l"]), round(row["match_probability"] * 10_000), _explained(row)) for row in found]


def _predicted(con: duckdb.DuckDBPyConnection, records: pa.Table) -> list[dict[str, Any]]:
    from splink import DuckDBAPI, Linker, SettingsCreator, block_on

    settings = SettingsCreator(
        link_type="dedupe_only",
        comparisons=_comparisons(),
        blocking_rules_to_generate_predictions=[block_on("pair_id")],
        probability_two_random_records_match=PRIOR,
        additional_columns_to_retain=["pair_id"],
    )
    api = DuckDBAPI(con)
    linker = Linker(api.register(records), settings)
    logging.getLogger("splink").setLevel(logging.ERROR)
    scored = linker.inference.predict().as_duckdbpyrelation().order("pair_id_l")
    return scored.to_arrow_table().to_pylist()


def _comparisons() -> list[Any]:
    """Levels from agreement to difference; where one side is empty a field says nothing."""
    import splink.comparison_library as compare

    return [
        compare.JaroWinklerAtThresholds("name", [0.97, 0.90]).configure(
            m_probabilities=[0.75, 0.12, 0.08, 0.05], u_probabilities=[0.002, 0.003, 0.01, 0.985]
        ),
        compare.ExactMatch("email").configure(m_probabilities=[0.7, 0.3], u_probabilities=[0.001, 0.999]),
        compare.ExactMatch("tax_id").configure(m_probabilities=[0.9, 0.1], u_probabilities=[0.0005, 0.9995]),
        compare.ExactMatch("country").configure(m_probabilities=[0.97, 0.03], u_probabilities=[0.3, 0.7]),
    ]


def _records(pairs: Sequence[Pair]) -> pa.Table:
    rows: list[dict[str, str | None]] = [
        {"unique_id": f"{pair.pair_id} {side}", "pair_id": pair.pair_id, **dict(zip(FIELDS, values, strict=True))}
        for pair in sorted(pairs, key=lambda pair: pair.pair_id)
        for side, values in (("1", pair.left), ("2", pair.right))
    ]
    return pa.Table.from_pylist(rows, pa.schema([(name, pa.string()) for name in ("unique_id", "pair_id", *FIELDS)]))


def _explained(row: dict[str, Any]) -> str:
    """What agrees, what is alike, what differs, what is unknown: in this order, in words."""
    words: dict[str, list[str]] = {"equal": [], "alike": [], "different": [], "not known on both sides": []}
    for name in FIELDS:
        left, right = row[f"{name}_l"], row[f"{name}_r"]
        label = name.replace("_", " ")
        if left is None or right is None:
            words["not known on both sides"].append(label)
        elif left == right:
            words["equal"].append(label)
        else:
            words["alike" if row.get(f"gamma_{name}", 0) > 0 else "different"].append(label)
    return "; ".join(f"{state}: {', '.join(labels)}" for state, labels in words.items() if labels)


_KEYS = ("link", "left_object", "left_instance", "left_id", "right_object", "right_instance", "right_id")
_TEXTS = ("link", "left_ref", "left_instance", "right_ref", "right_instance", "legal_entity_code")
SUGGESTIONS = pa.schema(
    [*((name, pa.string()) for name in _TEXTS), ("probability_basis_points", pa.int64()), ("explanation", pa.string())]
)
_SUGGESTED_FROM = 5_000  # basis points: more likely one customer than two


def suggestions(candidates: pa.Table) -> pa.Table:
    """The pairs of `candidates` that are more likely one customer than two, with score and explanation."""
    rows = {" ".join(str(row[name]) for name in _KEYS): row for row in candidates.to_pylist()}
    pairs = [Pair(pair_id, _values(row, "left"), _values(row, "right")) for pair_id, row in rows.items()]
    kept = [
        {
            "link": row["link"],
            "left_ref": f"{row['left_object']}:{row['left_id']}",
            "left_instance": row["left_instance"],
            "right_ref": f"{row['right_object']}:{row['right_id']}",
            "right_instance": row["right_instance"],
            "legal_entity_code": row["legal_entity_code"],
            "probability_basis_points": one.basis_points,
            "explanation": one.explanation,
        }
        for one in score(pairs)
        if one.basis_points >= _SUGGESTED_FROM and (row := rows[one.pair_id])
    ]
    return pa.Table.from_pylist(kept, schema=SUGGESTIONS)


def _values(row: dict[str, Any], side: str) -> tuple[str | None, ...]:
    return tuple(row[f"{side}_{name}"] for name in FIELDS)
