"""Scores published exceptions against the truth file of a generated company: what was missed, wrong or invented?

A planted defect counts as found when its control has an open exception with its match key, cause and amount in the
currency of the truth. Exceptions that the truth names under `also_expected` may stand; any other is invented.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import duckdb


@dataclass(frozen=True)
class Defect:
    """One planted defect; `amount_minor` None where the truth states none. `echoes` are the (code, match_key) beside it."""

    defect_id: str
    title: str
    code: str
    match_key: str
    source_instance: str
    cause: str
    amount_minor: int | None
    currency: str
    first_detectable_at: datetime
    echoes: tuple[tuple[str, str], ...]


@dataclass
class Score:
    """Defects found and what is wrong otherwise, in words; recall and precision are exact only when nothing is wrong."""

    expected: int = 0
    found: int = 0
    missed: list[str] = field(default_factory=list)
    misjudged: list[str] = field(default_factory=list)
    invented: list[str] = field(default_factory=list)

    @property
    def recall(self) -> float:
        return self.found / self.expected if self.expected else 1.0

    @property
    def precision(self) -> float:
        reported = self.found + len(self.misjudged) + len(self.invented)
        return self.found / reported if reported else 1.0

    def __str__(self) -> str:
        lines = [f"recall {self.recall:.4f}, precision {self.precision:.4f} over {self.expected} defects"]
        for title in ("missed", "misjudged", "invented"):
            lines += [f"  {title}: {words}" for words in getattr(self, title)]
        return "\n".join(lines)


def read_truth(file: Path) -> list[Defect]:
    """The planted defects of a truth file."""
    with file.open(encoding="utf-8", newline="") as stream:
        return [_defect(row) for row in csv.DictReader(stream)]


def score(published: Path, truth: Path, codes: Iterable[str]) -> Score:
    """Compares the exceptions of the given controls with the truth, at the snapshot's own as_of."""
    chosen = set(codes)
    with duckdb.connect(str(published), read_only=True) as con:
        as_of = con.execute("select as_of from config.parameters").fetchall()[0][0].replace(tzinfo=UTC)
        rows = con.execute(
            "select code, match_key, source_instance, cause_code, delta_minor, currency_code, reason from marts.exceptions"
        ).fetchall()
    reported = {(row[0], row[1], row[2]): row for row in rows if row[0] in chosen}
    result, explained = Score(), set()
    for defect in read_truth(truth):
        explained |= set(defect.echoes)
        if defect.code not in chosen or defect.first_detectable_at > as_of:
            continue
        result.expected += 1
        explained.add((defect.code, defect.match_key))
        row = reported.get((defect.code, defect.match_key, defect.source_instance))
        if row is None:
            result.missed.append(_words(defect))
        elif wrong := _differences(defect, row):
            result.misjudged.append(f"{_words(defect)}: {wrong}; reported: {row[6]}")
        else:
            result.found += 1
    for (code, match_key, source), row in sorted(reported.items()):
        if (code, match_key) not in explained:
            result.invented.append(f"{code} {match_key} of {source}, {row[3]}, {row[4]} {row[5]}: {row[6]}")
    return result


def missing_echoes(published: Path, truth: Path, codes: Iterable[str]) -> list[str]:
    """Exceptions that the truth expects beside a defect, in the given controls, and that are not open."""
    with duckdb.connect(str(published), read_only=True) as con:
        as_of = con.execute("select as_of from config.parameters").fetchall()[0][0].replace(tzinfo=UTC)
        reported = set(con.execute("select code, match_key from marts.exceptions").fetchall())
    return [
        f"{_words(defect)}: also {code} {match_key}"
        for defect in read_truth(truth)
        if defect.first_detectable_at <= as_of
        for code, match_key in defect.echoes
        if code in set(codes) and (code, match_key) not in reported
    ]


def noisy_decoys(published: Path, decoys: Path) -> list[str]:
    """Decoys of the sample that did not stay silent."""
    with duckdb.connect(str(published), read_only=True) as con:
        reported = dict(con.execute("select code || ' ' || match_key, reason from marts.exceptions").fetchall())
    with decoys.open(encoding="utf-8", newline="") as stream:
        named = [(row["title"], f"{row['code']} {row['match_key']}") for row in csv.DictReader(stream)]
    return [f"{title}: {key}: {reported[key]}" for title, key in named if key in reported]


def _defect(row: dict[str, str]) -> Defect:
    echoes = [part.strip().split(":", 1) for part in row["also_expected"].split(";") if part.strip()]
    return Defect(
        defect_id=row["defect_id"],
        title=row["title"],
        code=row["code"],
        match_key=row["match_key"],
        source_instance=row["source_instance"],
        cause=row["cause"],
        amount_minor=int(row["amount_minor"]) if row["amount_minor"] else None,
        currency=row["currency"],
        first_detectable_at=datetime.fromisoformat(row["first_detectable_at"]),
        echoes=tuple((code, key) for code, key in echoes),
    )


def _differences(defect: Defect, row: tuple) -> str:
    _, _, _, cause, delta, currency, _ = row
    wrong = []
    if cause != defect.cause:
        wrong.append(f"cause {cause}, not {defect.cause}")
    if defect.amount_minor is not None and delta != defect.amount_minor:
        wrong.append(f"amount {delta}, not {defect.amount_minor}")
    if defect.currency and currency != defect.currency:
        wrong.append(f"currency {currency}, not {defect.currency}")
    return ", ".join(wrong)


def _words(defect: Defect) -> str:
    amount = f"{defect.amount_minor} {defect.currency}"
    return f"{defect.defect_id} {defect.title}: {defect.code} {defect.match_key}, {defect.cause}, {amount}"
