"""A company written down by hand: rows are collected per source object and written as landing files.

Nothing here knows the generator of the sample company or the pipeline; it only knows the landing contract's file layout.
"""

from __future__ import annotations

import csv
import io
import random
from collections import defaultdict
from pathlib import Path
from typing import Any


class Landing:
    """Rows of source objects, (domain, object) -> rows; values are texts, numbers as decimal text, None is null."""

    def __init__(self) -> None:
        self.rows: dict[tuple[str, str], list[dict[str, Any]]] = defaultdict(list)

    def add(self, domain: str, name: str, /, **row: Any) -> None:
        """Adds one row; a boolean is written as true or false, everything else as its text."""
        self.rows[domain, name].append(row)

    def write(
        self, folder: Path, as_of: str, company: str, shuffled: int | None = None, domains: tuple[str, ...] = ()
    ) -> None:
        """Writes `tieout.yml` and the files. `shuffled`, a seed, deals the rows of every object over several files in
        another order: the same facts, delivered differently."""
        chosen = domains or tuple(sorted({domain for domain, _ in self.rows}))
        for (domain, name), rows in self.rows.items():
            if domain in chosen:
                for number, part in enumerate(_parts(rows, shuffled)):
                    target = folder / "data" / domain / name / f"{name}-{number}.csv"
                    target.parent.mkdir(parents=True, exist_ok=True)
                    target.write_text(_text(part, rows), encoding="utf-8")
        sources = "".join(
            f"  - {{name: {domain}, domain: {domain}, vendor: generic, connector: {{type: files, path: data/{domain}}}}}\n"
            for domain in chosen
        )
        config = f"company: {company}\nhome: .tieout\nas_of: {as_of}\nreporting_currency: CHF\nsources:\n{sources}"
        (folder / "tieout.yml").write_text(config, encoding="utf-8")


def _parts(rows: list[dict[str, Any]], seed: int | None) -> list[list[dict[str, Any]]]:
    if seed is None:
        return [rows]
    dealt = rows[:]
    random.Random(seed).shuffle(dealt)
    return [dealt[start::3] for start in range(min(3, len(dealt)))]


def _text(rows: list[dict[str, Any]], all_rows: list[dict[str, Any]]) -> str:
    columns = list(dict.fromkeys(column for row in all_rows for column in row))
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows([_field(row.get(column)) for column in columns] for row in rows)
    return out.getvalue()


def _field(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)
