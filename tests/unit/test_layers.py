"""Imports point down: a reconciliation that depends on the orchestrator or the dashboard could not be re-performed
without them."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LOWER = ("settings.py", "connections.py", "errors.py", "money.py", "version.py", "leftovers.py", "publish.py", "snapshot.py",
         "warehouse", "sources", "archive", "matching", "close", "evidence", "lineage", "observability",
         "alerts")  # fmt: skip
FORBIDDEN_BELOW = ("dagster", "dagster_dbt", "streamlit", "dashboards", "dagster_project.defs", "dagster_project.cli",
                   "dagster_project.definitions", "dagster_project.pipeline")  # fmt: skip


def imports(file: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def python_files(*parts: str) -> list[Path]:
    path = ROOT.joinpath(*parts)
    return [path] if path.is_file() else sorted(path.rglob("*.py"))


def within(name: str, package: str) -> bool:
    return name == package or name.startswith(package + ".")


@pytest.mark.parametrize("room", LOWER)
def test_lower_rooms_know_neither_dagster_nor_streamlit(room):
    for file in python_files("dagster_project", room):
        wrong = {name for name in imports(file) for package in FORBIDDEN_BELOW if within(name, package)}
        assert not wrong, f"{file.relative_to(ROOT)} imports {wrong}"


def test_the_environment_is_read_in_settings_alone():
    allowed = {ROOT / "dagster_project" / "settings.py"}
    for file in python_files("dagster_project") + python_files("dashboards"):
        if file in allowed:
            continue
        reads = [
            node.lineno
            for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
            if isinstance(node, ast.Attribute) and node.attr == "getenv"
        ]
        assert not reads, f"{file.relative_to(ROOT)}:{reads} reads the environment"


def test_sample_data_shares_no_code_with_the_pipeline():
    for file in python_files("sample_data"):
        wrong = {name for name in imports(file) if within(name, "dagster_project") or within(name, "expectations")}
        assert not wrong, f"{file.relative_to(ROOT)} imports {wrong}: truth must not come from what it judges"


def test_only_the_warehouse_opens_duckdb_for_writing():
    writers = []
    for file in python_files("dagster_project") + python_files("dashboards"):
        if file.name == "warehouse.py" or "warehouse" in file.parts:
            continue
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if (
                isinstance(node, ast.Call)
                and ast.unparse(node.func) == "duckdb.connect"
                and (node.args or node.keywords)
                and not any(keyword.arg == "read_only" for keyword in node.keywords)
                and ":memory:" not in ast.unparse(node)
            ):
                writers.append(f"{file.relative_to(ROOT)}:{node.lineno}")
    assert not writers
