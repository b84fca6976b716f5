"""Reads what a page shows: its tables as rows of text, its words."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser

from streamlit.testing.v1 import AppTest


@dataclass
class Table:
    """One table: heading texts, rows of cell texts, and every link in it."""

    head: list[str] = field(default_factory=list)
    rows: list[list[str]] = field(default_factory=list)
    links: list[str] = field(default_factory=list)

    def row(self, first: str) -> dict[str, str]:
        """The row whose first cell begins with the text, by heading."""
        found = [row for row in self.rows if row[0].startswith(first)]
        assert len(found) == 1, f"{len(found)} rows begin with {first!r}: {[row[0] for row in self.rows]}"
        return dict(zip(self.head, found[0], strict=True))

    def column(self, heading: str) -> list[str]:
        return [row[self.head.index(heading)] for row in self.rows]


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tables: dict[str, Table] = {}
        self._table: Table | None = None
        self._cell: list[str] | None = None
        self._in_head = False

    def handle_starttag(self, tag, attributes):
        values = dict(attributes)
        if tag == "table":
            self._table = self.tables[values["data-table"]] = Table()
        elif tag == "thead":
            self._in_head = True
        elif tag == "tr" and self._table is not None and not self._in_head:
            self._table.rows.append([])
        elif tag in ("td", "th"):
            self._cell = []
        elif tag == "div" and self._cell:
            self._cell.append(" ")
        elif tag == "a" and self._table is not None:
            self._table.links.append(values["href"])

    def handle_endtag(self, tag):
        if tag == "thead":
            self._in_head = False
        elif tag in ("td", "th") and self._table is not None and self._cell is not None:
            text = " ".join("".join(self._cell).split())
            (self._table.head if self._in_head else self._table.rows[-1]).append(text)
            self._cell = None

    def handle_data(self, data):
        if self._cell is not None:
            self._cell.append(data)


def tables(app: AppTest) -> dict[str, Table]:
    """Every table of the page by its key; fails when the page raised."""
    assert not app.exception, [error.message for error in app.exception]
    reader = _Reader()
    for element in app.get("html"):
        reader.feed(element.proto.body)
    return reader.tables


def words(app: AppTest) -> str:
    """Every sentence of the page outside its tables."""
    assert not app.exception, [error.message for error in app.exception]
    kinds = ("title", "subheader", "markdown", "info", "warning", "error", "success", "caption", "text")
    return "\n".join(element.value for kind in kinds for element in getattr(app, kind))


def facts(app: AppTest) -> str:
    """What the page states beside its tables: verdict, reason, owner, next step, as the markup that holds it."""
    assert not app.exception, [error.message for error in app.exception]
    return "\n".join(element.proto.body for element in app.get("html"))
