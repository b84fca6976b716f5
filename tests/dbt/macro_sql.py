"""The project's SQL macros as dbt would render them on DuckDB, without starting dbt: for tests of one macro on many rows."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import jinja2

MACROS = Path(__file__).resolve().parents[2] / "dbt_project" / "macros"
FILES = (
    "dates.sql",
    "arithmetic.sql",
    "arithmetic_exact.sql",
    "rating/rate.sql",
    "rating/intervals.sql",
    "bridge.sql",
    "reconcile.sql",
    "text.sql",
)


def render(template: str, **values: Any) -> str:
    """SQL of a template that may call the macros of FILES; `ref('x')` is the table x."""
    environment = jinja2.Environment(extensions=["jinja2.ext.do"], undefined=jinja2.StrictUndefined, autoescape=False)
    names: dict[str, Any] = {}

    def dispatch(name: str) -> Any:
        return names.get(f"duckdb__{name}") or names[f"default__{name}"]

    environment.globals.update(
        {
            "return": lambda value: value,
            "ref": lambda name: name,
            "source": lambda schema, name: f"{schema}.{name}",
            "adapter": SimpleNamespace(dispatch=dispatch),
            "dbt": SimpleNamespace(type_string=lambda: "varchar"),
            **values,
        }
    )
    for file in FILES:
        module = environment.from_string((MACROS / file).read_text(encoding="utf-8")).module
        for name, macro in vars(module).items():
            if not name.startswith("_"):
                names[name] = macro
                environment.globals[name] = macro
    return environment.from_string(template).render()
