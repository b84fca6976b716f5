"""Pages of a long list: the database counts and cuts, the browser gets one page."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from hashlib import sha256

import streamlit as st

PAGE_ROWS = 25
DEEPEST_PAGE = 100
"""Sorting ten million rows to show page 4,000 serves nobody: filter, or take the file."""


@dataclass(frozen=True)
class Page:
    """Which rows to fetch, and how to say it."""

    limit: int
    offset: int
    words: str


def page_of(name: str, total: int, filters: Hashable, rows: int = PAGE_ROWS) -> Page:
    """Shows the pager where there is more than one page; another filter begins at the first page again."""
    pages = max(1, -(-total // rows))
    number = 1
    shown = min(pages, DEEPEST_PAGE)
    if pages > 1:
        key = f"{name}.{sha256(repr(filters).encode()).hexdigest()[:12]}"
        number = st.pagination(shown, key=key, max_visible_pages=5)
    first = (number - 1) * rows
    words = f"{first + 1:,} to {min(first + rows, total):,} of {total:,}" if pages > 1 else f"{total:,} in all"
    if pages > shown:
        words += f", of which the first {shown * rows:,} can be turned to; filter, or download, for the others"
    return Page(rows, first, words)
