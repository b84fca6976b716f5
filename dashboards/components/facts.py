"""A short list of facts: a term and what it is."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

import streamlit as st

from dashboards.components.table import Value, content

LONG = 180
"""Characters from which a fact takes twice the width."""


def facts(pairs: Iterable[tuple[str, Value]]) -> None:
    """Shows the pairs side by side, one below the other where the page is narrow."""
    inner = "".join(_fact(term, content(value)) for term, value in pairs if value)
    st.html(f'<dl class="tt-facts tt">{inner}</dl>')


def _fact(term: str, html: str) -> str:
    long = ' class="long"' if len(html) > LONG else ""
    return f"<div{long}><dt>{escape(term)}</dt><dd>{html}</dd></div>"


def heading(text: str) -> None:
    """A heading that holds text from the data: shown as it is, never read as markup."""
    st.html(f'<h3 class="tt-heading">{escape(text)}</h3>')


def back(text: str, href: str) -> None:
    """A link to where the reader came from."""
    onward(f"← {text}", href)


def onward(text: str, href: str) -> None:
    """A link within the dashboard."""
    st.html(f'<a class="tt-link" href="{escape(href)}" target="_self">{escape(text)}</a>')
