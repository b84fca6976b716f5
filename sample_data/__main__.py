"""`python -m sample_data generate --out DIR ...`"""

from __future__ import annotations

import argparse
from pathlib import Path

from sample_data.build import TooSmall
from sample_data.config import SIZES
from sample_data.generate import generate

VARIANTS = ("truncated_erp", "stale_extract", "retyped_column", "second_engine")


def parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(prog="python -m sample_data", description="The sample company Aerolith.")
    command = top.add_subparsers(dest="command", required=True).add_parser(
        "generate", help="write the company's directory"
    )
    command.add_argument("--out", type=Path, required=True)
    command.add_argument("--size", choices=sorted(SIZES), default="ci")
    command.add_argument("--events", type=int, help="number of usage events, instead of the size's")
    command.add_argument("--customers", type=int, help="number of customers, which scales the documents")
    command.add_argument("--seed", type=int, default=1)
    command.add_argument("--clean", action="store_true", help="no defects")
    command.add_argument("--variant", choices=VARIANTS)
    return top


def main() -> None:
    options = vars(parser().parse_args())
    options.pop("command")
    try:
        generate(**options)
    except TooSmall as error:
        parser().exit(2, f"sample_data: {error}\n")


if __name__ == "__main__":
    main()
