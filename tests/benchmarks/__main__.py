"""`tieout bench`: makes a company, measures the cases asked for in it, prints them and writes JSON."""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Iterator
from pathlib import Path

from rich.console import Console

from tests.benchmarks import close, combinations, comparison, fixed, pages, report
from tests.benchmarks.measured import Failed, Result, measure, module

CLOSES = ("whole", "rerun", "evidence", "increment", "late", "later")
CASES = {
    "floor": "plain DuckDB that ties the same files, without explaining, controlling or keeping anything",
    "whole": "a close of everything, from nothing",
    "rerun": "the same close again, with nothing new",
    "increment": "one per cent of new events on top",
    "late": "one late event in a closed month",
    "later": "the same close an hour later, with nothing new",
    "evidence": "the evidence pack of a period",
    "pages": "every dashboard page over as many results as events",
    "fixed": "a close of an almost empty company, process start included",
    "matching": "n:m matching of a tenth as many rows",
    "compare": "as many documents of two systems, beside datacompy and data-diff (`make setup-peers`)",
}


def main() -> None:
    asked = arguments()
    console = Console(highlight=False, width=None if Console().is_terminal else 160)
    of, results = report.machine(), []
    with tempfile.TemporaryDirectory(dir=asked.folder, ignore_cleanup_errors=True) as name:
        try:
            for result in measured(Path(name), set(asked.case or CASES), asked.events, Console(stderr=True)):
                results.append(result)
                if asked.json:
                    report.write(asked.json, asked.events, of, results)
        except Failed as failure:
            console.print(f"tieout: {failure}", markup=False, soft_wrap=True)
            raise SystemExit(3) from None
    report.show(results, console)


def arguments() -> argparse.Namespace:
    words = "\n".join(f"  {name:10} {what}" for name, what in CASES.items())
    parser = argparse.ArgumentParser(
        prog="tieout bench",
        description=f"{__doc__}\n\ncases:\n{words}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--case", action="append", choices=list(CASES), help="may be given several times; default all")
    parser.add_argument("--events", type=int, default=1_000_000, help="usage events; a thousandth as many documents")
    parser.add_argument("--folder", type=Path, help="where the company and its home lie while it is measured")
    parser.add_argument("--json", type=Path, help="where to write the figures")
    return parser.parse_args()


def measured(folder: Path, wanted: set[str], events: int, told: Console) -> Iterator[Result]:
    """The cases asked for, the cheap ones first; `told` hears what is being done."""
    if "matching" in wanted:
        told.print("matching")
        yield combinations.case(events // 10)
    if "fixed" in wanted:
        told.print("fixed")
        yield fixed.case(folder / "empty")
    if "compare" in wanted:
        told.print("compare")
        yield comparison.case(folder / "compare", events)
    if not wanted - {"matching", "fixed", "compare"}:
        return
    company = folder / "company"
    company.mkdir()
    told.print(f"making {events:,} events")
    measure(module("world", company, "--events", events))
    if "floor" in wanted:
        taken, found = close.tied(company)
        yield Result("floor", CASES["floor"], found, taken)
    if wanted & {*CLOSES, "pages"}:
        told.print("closing")
        yield from close.cases(company, wanted)
    if "pages" in wanted:
        told.print("pages")
        yield pages.case(company, events)


if __name__ == "__main__":
    main()
