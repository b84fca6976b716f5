"""What the loops did, added up over all tests and workers, at the end of a test run."""

from __future__ import annotations

from collections import Counter
from typing import Any

from tests.faults.scale import SHARE

PREFIX, FOLDER = "faults: ", "tests/faults/"


def tell(reporter: Any) -> None:
    """Writes the counts, and the loops that failed; nothing where no loop ran."""
    reports = [report for outcome in ("passed", "failed") for report in reporter.stats.get(outcome, [])]
    counts: Counter[str] = Counter()
    failed: set[str] = set()
    for report in reports:
        for name, number in report.user_properties if report.when == "call" else ():
            if name.startswith(PREFIX):
                counts[name.removeprefix(PREFIX)] += number
        if report.failed and FOLDER in report.nodeid:
            failed.add(report.nodeid)
    if counts:
        reporter.section(f"loops, at {SHARE} percent")
        for what, number in sorted(counts.items()):
            reporter.line(f"{number:6,} {what}")
        reporter.line(f"{len(failed):6,} of the tests that ran them failed; each names its seed or boundary")
