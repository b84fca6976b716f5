"""Where in a YAML text a fault lies, and why a text is none, in words that name the line."""

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


def not_yaml(where: str, error: yaml.YAMLError) -> str:
    """Why a text is not YAML, with the line in the file `where`, and that of what was begun and not ended."""
    mark = getattr(error, "problem_mark", None)
    problem = str(getattr(error, "problem", None) or error)
    began = getattr(error, "context_mark", None)
    if "'\\t'" in problem:
        problem = "a tab; expected spaces"
    elif problem.startswith("mapping values are not allowed"):
        problem = "a key where none can be; a text with `: ` in it needs quotes, and keys of one level the same indent"
    elif began and mark and began.line != mark.line:
        problem = f"{problem}, {getattr(error, 'context', '')}, which begins on line {began.line + 1}"
    return f"{where}:{mark.line + 1}: not valid YAML: {problem}" if mark else f"{where}: not valid YAML: {problem}"


def not_utf8(where: str, error: UnicodeDecodeError) -> str:
    """Where in the file `where` a text is not UTF-8."""
    line = error.object[: error.start].count(b"\n") + 1
    return f"{where}:{line}: not UTF-8 (byte {error.object[error.start]:02x}); save it as UTF-8"


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
