"""Where in a YAML text a fault lies: the line of a key, an element, or the innermost part of them that is there."""

from __future__ import annotations

from collections.abc import Sequence

import yaml


def line_of(text: str, location: Sequence[str | int]) -> int:
    """The line, from 1, of the innermost part of `location` (keys and positions) that the text has."""
    node = yaml.compose(text, Loader=yaml.BaseLoader)
    line = 1
    for part in location:
        if isinstance(node, yaml.MappingNode):
            found = next(((key, value) for key, value in node.value if key.value == str(part)), None)
            if found is None:
                break
            line, node = found[0].start_mark.line + 1, found[1]
        elif isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
            node = node.value[part]
            line = node.start_mark.line + 1
    return line


def given_twice(text: str) -> list[tuple[str, int]]:
    """Keys that stand twice in one mapping, with the line of the second: YAML would keep the last of them unsaid."""
    found: list[tuple[str, int]] = []
    _collect(yaml.compose(text, Loader=yaml.BaseLoader), found)
    return found


def _collect(node: yaml.Node | None, found: list[tuple[str, int]]) -> None:
    if isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for key, value in node.value:
            if key.value in seen:
                found.append((key.value, key.start_mark.line + 1))
            seen.add(key.value)
            _collect(value, found)
    elif isinstance(node, yaml.SequenceNode):
        for value in node.value:
            _collect(value, found)
