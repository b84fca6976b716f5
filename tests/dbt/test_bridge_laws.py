"""The split of an amount to the minor unit: what the bridge spreads over lines and causes must neither lose nor make one."""

from __future__ import annotations

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.dbt.macro_sql import render

AMOUNTS = st.integers(-(10**13), 10**13)
WEIGHTS = st.lists(st.integers(0, 10**13), min_size=1, max_size=12).filter(sum)


@pytest.fixture(scope="module")
def split():
    """Shares of an amount by weights, in the order of the weights."""
    sql = render("{{ largest_remainder('parts', ['part_of'], ['id']) }}")
    con = duckdb.connect()
    con.execute("create table parts (part_of bigint, id bigint, amount_minor bigint, weight_minor bigint)")

    def shares(amount: int, weights: list[int]) -> list[int]:
        con.execute("delete from parts")
        con.executemany("insert into parts values (1, ?, ?, ?)", [[n, amount, w] for n, w in enumerate(weights)])
        return [row[0] for row in con.execute(f"select share_minor from ({sql}) order by id").fetchall()]

    return shares


@settings(max_examples=60, deadline=None)
@given(amount=AMOUNTS, weights=WEIGHTS)
def test_the_shares_of_an_amount_add_up_to_it_and_none_is_a_minor_unit_off(split, amount, weights):
    """A cent lost per document is a residual in every cell of the company."""
    shares = split(amount, weights)
    assert sum(shares) == amount
    total = sum(weights)
    assert all(abs(share * total - amount * weight) < total for share, weight in zip(shares, weights, strict=True))


@settings(max_examples=30, deadline=None)
@given(weights=st.lists(st.integers(-1000, 1000), min_size=1, max_size=8).filter(sum))
def test_all_that_is_owed_is_split_exactly_as_it_is_owed(split, weights):
    """Credits and unused rests are negative lines; a paid document must leave none of its lines open."""
    assert split(sum(weights), weights) == weights


def test_the_largest_remainder_takes_the_minor_unit_that_is_left(split):
    assert split(100, [1, 1, 1]) == [34, 33, 33]
    assert split(-100, [1, 1, 1]) == [-34, -33, -33]
    assert split(10, [5, 3, 8]) == [3, 2, 5]
