"""What the pack's own text tells an auditor to run: it must run, agree with a sound pack, and not with a forged one."""

from __future__ import annotations

import re

import duckdb
import pytest

from tests.evidence.forger import PERIOD, forge_table

FORGED = {
    "an amount of a result": ("populations/R14/break", "delta_minor = delta_minor + 1", "delta_minor is not null"),
    "an amount of the bridge": ("bridge/bridge_cells", "posted_minor = posted_minor + 1", "true"),
    "how many differences block the close": (
        "results/close_status", "open_s1_exceptions = open_s1_exceptions + 1", f"period = '{PERIOD}'"
    ),
}  # fmt: skip


def rows_by_query(folder, monkeypatch) -> list[list[tuple]]:
    """What each query of the README finds, run as it says: in the folder of the pack."""
    monkeypatch.chdir(folder)
    text = (folder / "README.txt").read_text(encoding="utf-8")
    queries = re.search(r"^TO RE-PERFORM BY HAND\n(?:.*?)\n\n(?=-- 1\.)(.*?)^CODES$", text, re.DOTALL | re.MULTILINE)
    with duckdb.connect() as con:
        return [
            con.execute(query).fetchall() for query in re.split(r";$", queries[1], flags=re.MULTILINE) if query.strip()
        ]


def test_a_sound_pack_agrees_with_every_query_of_its_readme(pack, monkeypatch):
    """An auditor who follows the text and finds a difference that is none stops believing the pack."""
    assert rows_by_query(pack.path, monkeypatch) == [[], [], []]


@pytest.mark.parametrize(("number", "what"), list(enumerate(FORGED)))
def test_a_query_of_the_readme_finds_a_figure_that_was_changed(copy, monkeypatch, number, what):
    table, change, where = FORGED[what]
    forge_table(copy, table, change, where)
    found = rows_by_query(copy, monkeypatch)
    assert [bool(rows) for rows in found] == [place == number for place in range(len(found))]


def test_every_cause_and_owner_that_a_pack_names_is_told_in_its_readme(pack):
    """An auditor without Tieout read `C08` and `AR` and had to ask."""
    text = (pack.path / "README.txt").read_text(encoding="utf-8")
    with duckdb.connect() as con:
        codes = con.execute(f"""
            select cause_code from '{pack.path}/bridge/bridge_allocation.parquet'
            union select owner_role from '{pack.path}/exceptions_of_earlier_periods.parquet'
        """).fetchall()  # fmt: skip
    assert len(codes) > 20
    assert [code for (code,) in codes if not re.search(rf"^    {code} +\S", text, re.MULTILINE)] == []
