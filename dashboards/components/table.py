"""Tables as real HTML tables: read by screen readers, copied into mails, turned into cards where the page is narrow.

Every text is escaped here and nowhere else: customer names come from outside.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from html import escape

import streamlit as st

from dashboards.components.money import MINUS


@dataclass(frozen=True)
class Column:
    """A column: key in the row, heading, and how it reads; `below` the others of its row where a page is narrower: on a
    line of its own where it is wide, else on a line that names each of them."""

    key: str
    label: str
    numeric: bool = False
    wide: bool = False
    widest: bool = False
    mid: bool = False
    narrow: bool = False
    below: bool = False
    hint: str = ""


@dataclass(frozen=True)
class Cell:
    """A value with what belongs to it: a second line, a link, a mark that says good or bad beside the colour."""

    text: str
    note: str = ""
    href: str = ""
    tone: str = ""
    label: str = ""
    note_tone: str = ""


@dataclass(frozen=True)
class Bars:
    """Counts over time, oldest first, as (name, count); `words` says the same in text."""

    counts: tuple[tuple[str, int], ...]
    words: str


Value = str | Cell | Bars | Sequence[Cell]


def table(caption: str, columns: Sequence[Column], rows: Iterable[Mapping[str, Value]], key: str = "") -> None:
    """Shows the table; the first column heads its row. `caption` is read aloud and shown above it."""
    st.html(markup(caption, columns, rows, key))


def markup(caption: str, columns: Sequence[Column], rows: Iterable[Mapping[str, Value]], key: str = "") -> str:
    """The table as HTML; empty tables keep their caption, so that the absence is said."""
    head = "".join(
        f'<th scope="col" role="columnheader"{_class(column)}{_title(column.hint)}>{escape(column.label)}</th>'
        for column in columns
    )
    body = "".join(f'<tr role="row">{_cells(columns, row)}</tr>' for row in rows)
    shares = sum(1.2 if column.mid else 1 for column in columns if not column.below) + columns[0].wide
    has_below = any(column.below for column in columns)
    kind = f'"tt tt-below" style="--tt-shares: {shares:g}"' if has_below else '"tt"'
    return (
        f'<div class="tt-scroll"><table class={kind} role="table" data-table="{escape(key)}">'
        f"<caption><span>{escape(caption)}</span></caption>"
        f'<thead role="rowgroup"><tr role="row">{head}</tr></thead><tbody role="rowgroup">{body}</tbody></table></div>'
    )


def _cells(columns: Sequence[Column], row: Mapping[str, Value]) -> str:
    cells = []
    for position, column in enumerate(columns):
        tag, role = ("th scope='row'", "rowheader") if position == 0 else ("td", "cell")
        cells.append(
            f'<{tag} role="{role}" data-label="{escape(column.label)}"{_class(column)}>'
            f"{content(row.get(column.key, ''))}</{tag.split()[0]}>"
        )
    return "".join(cells)


def content(value: Value) -> str:
    """A value as HTML."""
    if isinstance(value, Bars):
        return _bars(value)
    if isinstance(value, str):
        value = Cell(value)
    parts = [value] if isinstance(value, Cell) else value
    return f'<div class="tt-v">{"".join(_part(part) for part in parts)}</div>'


def _part(cell: Cell) -> str:
    tone = cell.tone or ("negative" if cell.text.startswith(MINUS) else "")
    text = f'<span class="tt-{escape(tone)}">{_text(cell.text)}</span>' if tone else _text(cell.text)
    if cell.href:
        label = f' aria-label="{escape(cell.label)}"' if cell.label else ""
        text = f'<a href="{escape(cell.href)}" target="_self"{label}>{text}</a>'
    note = f'<div class="tt-note tt-{escape(cell.note_tone or "muted")}">{_text(cell.note)}</div>' if cell.note else ""
    return f"<div>{text}</div>{note}"


def _bars(bars: Bars) -> str:
    highest = max((count for _, count in bars.counts), default=0)
    spoken = ", ".join(f"{name}: {count}" for name, count in bars.counts)
    drawn = "".join(
        f'<i class="{"on" if count else ""}" style="height:{max(6, 100 * count // highest) if count else 4}%"></i>'
        for _, count in bars.counts
    )
    return (
        f'<div class="tt-v"><div class="tt-bars" role="img" aria-label="{escape(spoken)}" title="{escape(spoken)}">'
        f"{drawn}</div>"
        f'<div class="tt-note">{escape(bars.words)}</div></div>'
    )


def _class(column: Column) -> str:
    names = " ".join(
        name
        for name, on in (
            ("num", column.numeric),
            ("wide", column.wide),
            ("widest", column.widest),
            ("mid", column.mid),
            ("narrow", column.narrow),
            ("below", column.below),
        )
        if on
    )
    return f' class="{names}"' if names else ""


def _title(hint: str) -> str:
    return f' title="{escape(hint)}"' if hint else ""


_DAY = re.compile(r"(?<![\w-])\d{4}-\d\d(?:-\d\d)?(?![\w-])")


def _text(text: str) -> str:
    """Escaped; a day or month stays on one line: broken at its hyphens it is read as two numbers."""
    return _DAY.sub(r'<span class="tt-whole">\g<0></span>', escape(text))
