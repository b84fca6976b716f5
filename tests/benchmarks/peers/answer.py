"""What each tool hands back, whatever Python it runs in: only the standard library may be imported here."""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable, Iterable
from pathlib import Path


def answer(*ways: Callable[[str, str], Iterable[str]]) -> None:
    """Compares two files by the way named on the command line and writes the keys that differ, a line each.

    Prints the seconds and processor seconds of the comparison alone, libraries imported, up to the list of keys.
    """
    parser = argparse.ArgumentParser()
    parser.add_argument("way", choices=[way.__name__ for way in ways])
    for name in ("left", "right", "keys"):
        parser.add_argument(name, type=Path)
    asked = parser.parse_args()
    (compare,) = [way for way in ways if way.__name__ == asked.way]
    began, processor = time.monotonic(), time.process_time()
    keys = list(compare(str(asked.left), str(asked.right)))
    used = {"seconds": time.monotonic() - began, "processor_seconds": time.process_time() - processor}
    asked.keys.write_text("\n".join(keys), encoding="utf-8")
    print(json.dumps(used))  # noqa: T201
