"""What sqlfluff's Jinja templater needs to render a model: a stand-in for every macro of the project and for dbt.

Models are linted as they are written, not as they expand: a macro that returns a query stands for a short one over the
relations that it is given, any other for an expression over its arguments. So a model is linted in a fraction of the
time, without dbt, and a new macro needs no entry here.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

_MACRO = re.compile(r"{%-?\s*macro\s+(\w+)\s*\((?:[^{}]|{[^%]*})*?\)\s*-?%}(.*?){%-?\s*endmacro\s*-?%}", re.DOTALL)
_JINJA = re.compile(r"{%-?\s*set\s+\w+\s*-?%}.*?{%-?\s*endset\s*-?%}|{%.*?%}|{#.*?#}|{{.*?}}", re.DOTALL)
_WORDS = re.compile(r"(?!case )[A-Za-z]+(?: [a-z]+)+\Z")
_IDENTIFIER = re.compile(r"[a-z_][a-z0-9_]*(\.[a-z_][a-z0-9_]*)?\Z")


class Text(str):
    """Rendered text that may also be looped over or looked into, as what a macro returns to a model may be."""

    def __iter__(self) -> Iterator[Any]:
        return iter((Text("stub"),))

    def __getitem__(self, key: Any) -> Any:
        return Text("stub")

    def __getattr__(self, name: str) -> Any:
        if name in ("unsafe_callable", "alters_data") or name.startswith("__"):  # asked by Jinja's sandbox
            raise AttributeError(name)
        return Text("stub")

    def __call__(self, *args: Any, **named: Any) -> Text:
        return Text("stub")

    def items(self) -> list[tuple[Text, Text]]:
        """One pair, so that a loop over a mapping runs once."""
        return [(Text("stub"), Text("stub"))]


class Namespace:
    """`dbt`, `adapter`, `exceptions`: any attribute is a function that renders an expression."""

    def __getattr__(self, name: str) -> Callable[..., Text]:
        return _expression(name)


def _texts(args: tuple[Any, ...], named: dict[str, Any]) -> list[str]:
    """The arguments that are text or numbers; separators and words of a sentence, which are no SQL, are left out."""
    given = [str(one).strip() for one in (*args, *named.values()) if isinstance(one, (str, int)) and one is not True]
    return [one for one in given if any(map(str.isalnum, one)) and not _WORDS.match(one)]


def _query(name: str) -> Callable[..., Text]:
    def render(*args: Any, **named: Any) -> Text:
        relations = dict.fromkeys(one for one in _texts(args, named) if _IDENTIFIER.match(one))
        return Text(f"select stub from {' cross join '.join(relations) or 'stub'}")

    return render


def _rest_of_query(name: str) -> Callable[..., Text]:
    def render(*args: Any, **named: Any) -> Text:
        return Text(f", {name} as ({_query(name)(*args, **named)}) select stub from {name}")

    return render


def _expression(name: str) -> Callable[..., Text]:
    def render(*args: Any, **named: Any) -> Text:
        return Text(f"{name}({', '.join(_texts(args, named))})")

    return render


def stand_ins(macros: Path) -> dict[str, Callable[..., Text]]:
    """A function for every macro in the folder, by the macro's name."""
    found: dict[str, Callable[..., Text]] = {}
    for file in sorted(macros.rglob("*.sql")):
        for name, body in _MACRO.findall(file.read_text(encoding="utf-8")):
            start = _JINJA.sub("", body).lstrip()
            if start.startswith(","):  # further CTEs and the final select of the model that calls it
                found[name] = _rest_of_query(name)
            else:
                found[name] = (
                    _query(name) if start.startswith(("select", "with", "from", "left join")) else _expression(name)
                )
    return found


dbt = adapter = exceptions = api = graph = target = model = Namespace()
execute = False
globals().update(stand_ins(Path(__file__).parents[1] / "macros"))
