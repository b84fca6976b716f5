"""Entry point: which pages there are. Everything a page shows comes from one published snapshot."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

st.set_page_config(page_title="Tieout", page_icon=":material/balance:", layout="wide")
st.html(Path(__file__).parent / "components" / "style.css")
st.navigation(
    [
        st.Page("views/close.py", title="Close", default=True),
        st.Page("views/variance.py", title="Variance"),
        st.Page("views/controls.py", title="Controls"),
    ],
    position="top",
).run()
