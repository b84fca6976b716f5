"""The dashboard run as a reader does: through its entry point, over a published snapshot."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from dagster_project.settings import CONFIG_VARIABLE
from dashboards.serve import APP
from tests.dashboards import snapshots


@pytest.fixture(scope="session")
def books(tmp_path_factory) -> Path:
    """The `tieout.yml` of a small company with one published snapshot; tests only read it."""
    return snapshots.write(tmp_path_factory.mktemp("books"))


@pytest.fixture
def ask(books):
    """`ask("SELECT ...")`: what the snapshot itself says."""
    con = duckdb.connect(str(books.parent / ".tieout" / "published" / "current.duckdb"), read_only=True)
    yield lambda sql: con.execute(sql).fetchall()
    con.close()


@pytest.fixture
def visit(monkeypatch):
    """`visit(config, page, **parameters)`: the page as an `AppTest`, with the URL's parameters."""
    st.cache_data.clear()
    st.cache_resource.clear()

    def go(config: Path, page: str = "close", **parameters: str) -> AppTest:
        monkeypatch.setenv(CONFIG_VARIABLE, str(config))
        app = AppTest.from_file(APP, default_timeout=60)
        if page == "close":
            app.query_params.update(parameters)
            return app.run()
        app.run()
        app.switch_page(f"views/{page}.py")
        app.query_params.update(parameters)
        return app.run()

    return go
