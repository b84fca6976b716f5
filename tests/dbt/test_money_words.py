"""Amounts as a controller reads them: a comma in the wrong place is another amount, and its planning must cost nothing."""

from __future__ import annotations

import csv

import duckdb
import pytest

from tests.dbt.macro_sql import MACROS, render

SEED = MACROS.parent / "seeds" / "currencies.csv"


@pytest.mark.parametrize(
    ("minor", "currency", "words"),
    [
        ("123450", "'USD'", "1,234.50 USD"),
        ("-910", "'JPY'", "-910 JPY"),
        ("12345", "'BHD'", "12.345 BHD"),
        ("-10001", "'CLF'", "-1.0001 CLF"),
        ("5", "'EUR'", "0.05 EUR"),
        ("-12345678901234567890123", "'EUR'", "-123,456,789,012,345,678,901.23 EUR"),
        ("null::bigint", "'EUR'", "an unknown amount"),
        ("5", "null::varchar", "an unknown amount"),
    ],
)
def test_an_amount_reads_with_the_decimals_of_its_currency(minor, currency, words):
    assert value(f"{{{{ money_words('{minor}', \"{currency}\") }}}}") == words


def test_every_code_of_three_letters_has_the_decimals_of_the_list_of_currencies():
    """The exceptions stand in texts: a code that were found across two of them would move every comma by two places."""
    with SEED.open(encoding="utf-8") as file:
        listed = {row["currency_code"]: int(row["exponent"]) for row in csv.DictReader(file)}
    letters = "(select chr(65 + range::int) as letter from range(26))"
    found = duckdb.sql(
        render(
            "select code, {{ currency_exponent('code') }} from (select a.letter || b.letter || c.letter as code"
            f" from {letters} as a, {letters} as b, {letters} as c)"
        )
    ).fetchall()
    assert len(found) == 26**3
    assert {code: exponent for code, exponent in found if exponent != listed.get(code, 2)} == {}


def test_a_reason_with_amounts_plans_no_join():
    """DuckDB turns a list of `in` into a join: with one per currency of each amount R15 took eight times its time."""
    words = " || ".join(["{{ money_words('amount_minor', 'currency_code') }}"] * 4)
    with duckdb.connect() as con:
        con.execute("create table documents (amount_minor bigint, currency_code varchar)")
        plan = con.execute(render(f"explain select {words} from documents")).fetchall()[0][1]
    assert "join" not in plan.lower()


def value(template: str) -> str:
    return duckdb.sql(render(f"select {template}")).fetchall()[0][0]
