"""Filters whose value stands in the URL as a code, so that a view can be bookmarked, mailed and gone back to.

A filter at its default is left out of the URL. What the reader chose for entity, currency and accounting period goes
along from page to page.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import streamlit as st

ALL = ""


def choose(
    page: str,
    key: str,
    label: str,
    options: Sequence[str],
    default: str = ALL,
    words: Callable[[str], str] = str,
    segmented: bool = False,
    follow: bool = False,
) -> str:
    """A choice of one of `options` (codes; `words` says how each reads); an unknown code in the URL is the default.

    `follow`: a choice made on one page holds on the next.
    """
    state = _prepare(page, key, default, lambda value: value if value in options else default, follow)
    if segmented:
        chosen = st.segmented_control(label, options, format_func=words, key=state, required=True, wrap=True)
    else:
        chosen = st.selectbox(label, options, format_func=words, key=state)
    return _remember(page, key, chosen if chosen is not None else default, default, follow)


def search(page: str, key: str, label: str, placeholder: str = "") -> str:
    """Free text, trimmed."""
    state = _prepare(page, key, "", str)
    return _remember(page, key, st.text_input(label, key=state, placeholder=placeholder).strip(), "")


def switch(page: str, key: str, label: str, default: bool) -> bool:
    """Yes or no."""
    text = "1" if default else "0"
    state = _prepare(page, key, default, lambda value: value == "1" if value in ("0", "1") else default)
    return _remember(page, key, "1" if st.toggle(label, key=state) else "0", text) == "1"


def drop(*keys: str) -> None:
    """Takes parameters without a widget (an opened record) out of the URL."""
    for key in keys:
        st.query_params.pop(key, None)


def _prepare(page: str, key: str, default: Any, read: Callable[[str], Any], follow: bool = False) -> str:
    """Sets the widget from the URL on the first run and whenever the URL was changed from outside (back, a link)."""
    state, last_url = f"{page}.{key}", f"{page}.{key}.url"
    in_url = st.query_params.get(key)
    if state not in st.session_state:
        followed = st.session_state.get(f"followed.{key}") if follow else None
        given = in_url if in_url is not None else followed
        st.session_state[state] = default if given is None else read(given)
    elif in_url != st.session_state.get(last_url):
        st.session_state[state] = default if in_url is None else read(in_url)
    else:
        st.session_state[state] = (
            st.session_state[state] if not isinstance(default, str) else read(st.session_state[state] or "")
        )
    return state


def _remember(page: str, key: str, value: str, default: str, follow: bool = False) -> str:
    if value == default:
        st.query_params.pop(key, None)
    elif st.query_params.get(key) != value:
        st.query_params[key] = value
    st.session_state[f"{page}.{key}.url"] = None if value == default else value
    if follow:
        # a default is no choice: the period that Close opens with must not narrow the controls
        st.session_state[f"followed.{key}"] = None if value == default else value
    return value
