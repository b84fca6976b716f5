"""Entry point: which pages there are. Everything a page shows comes from one published snapshot."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

HERE = Path(__file__).parent

st.set_page_config(page_title="Tieout", page_icon=str(HERE / "components" / "icon.png"), layout="wide")
st.html(HERE / "components" / "style.css")
PAGES = [
    st.Page("views/close.py", title="Close", default=True),
    st.Page("views/variance.py", title="Variance"),
    st.Page("views/controls.py", title="Controls"),
    st.Page("views/sources.py", title="Sources"),
]
chosen = st.navigation(PAGES, position="hidden")
# links in the page itself: on a phone the built-in navigation hides behind a symbol
with st.container(horizontal=True, key="pages"):
    for page in PAGES:
        st.page_link(page, label=f"**{page.title}**" if page == chosen else page.title)
chosen.run()
