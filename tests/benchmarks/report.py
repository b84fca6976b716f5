"""What was measured, as a table for people and as JSON for whoever compares runs."""

from __future__ import annotations

import json
import os
import platform
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from tests.benchmarks.measured import Result

HEADINGS = ("Seconds", "Processor", "Floor", "Ratio", "Ratio, processor", "Peak MiB", "Rows", "Rows per second")


def as_data(result: Result) -> dict[str, Any]:
    """The figures of a case; ratios are null where it has no floor."""
    taken, floor = result.measured, result.floor
    return {
        "case": result.case,
        "question": result.question,
        "rows": result.rows,
        **asdict(taken),
        "rows_per_second": round(result.rows / taken.seconds, 1),
        "floor": asdict(floor) if floor else None,
        "ratio": round(taken.seconds / floor.seconds, 2) if floor else None,
        "processor_ratio": round(taken.processor_seconds / floor.processor_seconds, 2) if floor else None,
        "details": result.details,
    }


def machine() -> dict[str, Any]:
    """What the figures were measured on."""
    return {
        "processors": os.cpu_count(),
        "memory_bytes": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"),
        "load_before": os.getloadavg()[0],
        "python": platform.python_version(),
        "duckdb": version("duckdb"),
    }


def write(file: Path, events: int, of: dict[str, Any], results: list[Result]) -> None:
    """Everything as JSON."""
    cases = [as_data(result) for result in results]
    file.write_text(json.dumps({"events": events, "machine": of, "cases": cases}, indent=1) + "\n", encoding="utf-8")


def show(results: list[Result], console: Console) -> None:
    """A row per case, and below each what its time went into."""
    table = Table(title="Benchmarks", title_justify="left", header_style="bold")
    table.add_column("Case", no_wrap=True)
    for heading in HEADINGS:
        table.add_column(heading, justify="right", no_wrap=True)
    for result in results:
        one = as_data(result)
        floor = f"{one['floor']['seconds']:.2f}" if one["floor"] else ""
        ratios = [f"{one[name]:.2f}" if one[name] is not None else "" for name in ("ratio", "processor_ratio")]
        taken = [f"{one['seconds']:.2f}", f"{one['processor_seconds']:.2f}", floor, *ratios]
        rest = [f"{one['peak_bytes'] >> 20:,}", f"{one['rows']:,}", f"{one['rows_per_second']:,.0f}"]
        table.add_row(result.case, *taken, *rest)
    console.print(table)
    for result in results:
        console.print(f"{result.case}: {result.question}", style="bold", markup=False)
        for name, value in result.details.items():
            console.print(f"  {name}: {_in_words(value)}", markup=False, soft_wrap=True)


def _in_words(value: Any) -> str:
    if isinstance(value, dict):
        return "; ".join(f"{name} {_in_words(held)}" for name, held in value.items())
    if isinstance(value, list):
        return ", ".join(value) if len(value) <= 6 else f"{len(value)} of them, from {value[0]} to {value[-1]}"
    return str(value)
