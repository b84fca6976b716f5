"""What every page begins with: its title, as known at when, and whether there is something newer or nothing at all."""

from __future__ import annotations

import re
from datetime import datetime
from html import escape

import duckdb
import streamlit as st

from dagster_project.errors import ConfigurationError
from dagster_project.settings import Settings
from dashboards.components.table import Cell
from dashboards.queries import run
from dashboards.snapshot import Row, Snapshot, load_settings, newest, opened

LOOK_AGAIN_SECONDS = 30


def begin(title: str, question: str) -> Snapshot:
    """Shows the head of a page and returns the snapshot to read; stops the page with words where there is none."""
    st.title(title, anchor=False)
    st.html(f'<p class="tt-muted">{escape(question)}</p>')
    try:
        settings = load_settings()
    except ConfigurationError as error:
        st.error("The configuration cannot be read. Name it: `tieout dashboard --config path/to/tieout.yml`.")
        st.text(str(error))
        st.stop()
    snapshot = opened(settings)
    if snapshot is None:
        st.info(
            f"Nothing is published yet for {plain_text(settings.company)}. Run the close, then reload this page:\n\n"
            f"`tieout run --config {settings.config_path}`"
        )
        st.stop()
    facts = _facts(snapshot)
    if not facts:
        st.info(
            "This snapshot holds no results that this version can show. Run the close again:\n\n"
            f"`tieout run --config {settings.config_path}`"
        )
        st.stop()
    _offer_newer(settings, snapshot)
    st.html(
        '<div class="tt-head">'
        f"<span>Company <b>{escape(str(facts['company']))}</b></span>"
        f"<span>As known at <b>{moment(facts['as_of'])}</b></span>"
        f"<span>Published as <b>{escape(snapshot.path.rsplit('/', 1)[-1].removesuffix('.duckdb'))}</b></span></div>"
    )
    return snapshot


def _facts(snapshot: Snapshot) -> Row:
    try:
        return run.run_facts(snapshot)
    except duckdb.Error as error:
        st.error(f"The published file cannot be read: `{snapshot.path}`. `tieout run` publishes a new one.")
        st.text(str(error).splitlines()[0])
        st.stop()


@st.fragment(run_every=LOOK_AGAIN_SECONDS)
def _offer_newer(settings: Settings, snapshot: Snapshot) -> None:
    latest = newest(settings)
    if latest is None or str(latest) == snapshot.path:
        return
    st.warning(
        "A newer close has been published. The figures below are those of the earlier one.", icon=":material/update:"
    )
    if st.button("Show the newer figures", key="show_newer", type="primary"):
        st.session_state["snapshot"] = str(latest)
        st.rerun()


def moment(value: datetime | None) -> str:
    """A time in UTC, `12 Oct 2026, 00:00 UTC`."""
    return f"{value:%-d %b %Y, %H:%M} UTC" if value else "–"


def plain_text(text: str) -> str:
    """Text from outside for a place that reads Markdown."""
    return re.sub(r"([^\w\s])", r"\\\1", text)


def day_and_time(value: datetime | None) -> Cell:
    """The same on two lines, for narrow columns."""
    return Cell(f"{value:%-d %b %Y}", note=f"{value:%H:%M} UTC") if value else Cell("–")


def needs(snapshot: Snapshot, *tables: str) -> bool:
    """True when the tables are there; otherwise says that the snapshot is older than this page."""
    if snapshot.has(*tables):
        return True
    st.info("This snapshot was published without the figures of this section. `tieout run` publishes them.")
    return False
