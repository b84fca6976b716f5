"""Reads the cells of a workbook as a person would see them: by sheet and place, as text."""

from __future__ import annotations

import zipfile
from pathlib import Path
from xml.etree import ElementTree

_MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
_RELATION = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"

Cells = dict[str, str]


def same_parts(one: Path, other: Path) -> bool:
    """Whether two workbooks hold the same files, however compressed; raises ValueError for what is no workbook."""
    try:
        with zipfile.ZipFile(one) as left, zipfile.ZipFile(other) as right:
            names = left.namelist()
            return names == right.namelist() and all(left.read(name) == right.read(name) for name in names)
    except zipfile.BadZipFile as error:
        raise ValueError(f"not a workbook: {error}") from None


def read_cells(file: Path) -> Cells:
    """Every cell that holds something, as `{"Breaks!A2": "R14"}`; raises ValueError for what is no workbook."""
    try:
        with zipfile.ZipFile(file) as book:
            relations = ElementTree.fromstring(book.read("xl/_rels/workbook.xml.rels"))
            parts = {one.attrib["Id"]: one.attrib["Target"].removeprefix("/xl/") for one in relations}
            texts = _texts(book)
            sheets = ElementTree.fromstring(book.read("xl/workbook.xml")).iter(f"{_MAIN}sheet")
            return {
                f"{sheet.attrib['name']}!{cell.attrib['r']}": value
                for sheet in sheets
                for cell in ElementTree.fromstring(book.read(f"xl/{parts[sheet.attrib[_RELATION]]}")).iter(f"{_MAIN}c")
                if (value := _value(cell, texts))
            }
    except (KeyError, IndexError, zipfile.BadZipFile, ElementTree.ParseError) as error:
        raise ValueError(f"not a workbook: {error}") from None


def _texts(book: zipfile.ZipFile) -> list[str]:
    part = "xl/sharedStrings.xml"
    if part not in book.namelist():
        return []
    return [_text(one) for one in ElementTree.fromstring(book.read(part)).iter(f"{_MAIN}si")]


def _value(cell: ElementTree.Element, texts: list[str]) -> str:
    if cell.attrib.get("t") == "inlineStr":
        return _text(cell)
    value = cell.findtext(f"{_MAIN}v") or ""
    return texts[int(value)] if value and cell.attrib.get("t") == "s" else value


def _text(element: ElementTree.Element) -> str:
    return "".join(part.text or "" for part in element.iter(f"{_MAIN}t"))
