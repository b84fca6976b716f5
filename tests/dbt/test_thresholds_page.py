"""The table of thresholds in docs/methodology.md is that of the settings: an auditor reads tolerances there."""

from __future__ import annotations

import json
import re
from typing import Any

from dagster_project.dbt import manifest
from dagster_project.settings import PROJECT_ROOT, Thresholds

PAGE = (PROJECT_ROOT / "docs" / "methodology.md").read_text(encoding="utf-8")
TABLE = PAGE.split("\n## Thresholds\n")[1].split("\n## ")[0]
ROWS = re.findall(r"^\| `(\w+)` \| (\S+) \| [^|]+ \| [^|]+ \| ([^|]*?) ?\|$", TABLE, flags=re.MULTILINE)


def test_the_page_lists_every_threshold_with_its_default():
    defaults = {name: field.default for name, field in Thresholds.model_fields.items()}
    assert {key: json.loads(default) for key, default, _ in ROWS} == defaults


def test_the_page_names_the_controls_that_use_each_threshold():
    """A threshold that moves another control than the page says moves figures that nobody looks at."""
    named = {key: [code for code in controls.split(", ") if code] for key, _, controls in ROWS}
    assert named == controls_by_threshold()


def controls_by_threshold() -> dict[str, list[str]]:
    """The controls that read a key themselves, or a model of `evidence/` that does; T1 reads both of rounding."""
    models = {name: node for name, node in manifest.parsed().as_dict()["nodes"].items() if name.startswith("model.")}
    controls = {name: node for name, node in models.items() if re.fullmatch(r"r\d\d_\w+", node["name"])}
    found = {}
    for key in Thresholds.model_fields:
        using = (
            node["name"][:3].upper()
            for node in controls.values()
            if any(_uses(one, key) for one in _read(node, models))
        )
        found[key] = sorted(using)
    return found


def _uses(node: dict[str, Any], key: str) -> bool:
    return key in node["raw_code"] or (key.startswith("rounding_") and "tolerance='T1'" in node["raw_code"])


def _read(node: dict[str, Any], models: dict[str, dict[str, Any]]) -> list[dict[str, Any]]:
    """The model and the evidence below it."""
    read, waiting = [], [node]
    while waiting:
        one = waiting.pop()
        read.append(one)
        parents = (models[name] for name in one["depends_on"]["nodes"] if name in models)
        waiting += [parent for parent in parents if "/evidence/" in parent["original_file_path"] and parent not in read]
    return read
