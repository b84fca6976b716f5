"""a x n / d in SQL, rounded once: a cent that is lost here is lost in every translated, prorated and discounted amount."""

from __future__ import annotations

import re

import duckdb
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dagster_project.dbt import manifest
from tests.dbt.macro_sql import render

_LARGEST_QUOTIENT, _LARGEST_PRODUCT, _LARGEST = 10**28, 10**37, 10**38 - 1


def test_a_product_divided_is_rounded_half_away_from_zero_or_null_where_38_digits_do_not_hold_it() -> None:
    """Around every bound at which the SQL takes another way, and at the halves."""
    edges = [1, 2, 3, 7, 10**9, 10**13, 10**15, 10**18, 2**63, 10**19, 10**28, 10**37]
    near = sorted({value + step for value in edges for step in (-1, 0, 1)})
    ratios = [(n, d) for n in [0, *near] for d in near if d and n * d <= _LARGEST]
    cases = [(a * sign, n, d) for a in near for n, d in ratios for sign in (1, -1)]
    assert _in_sql(cases) == [_exactly(*case) for case in cases]


@settings(max_examples=40, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.one_of(st.integers(-(10**16), 10**16), st.integers(-_LARGEST, _LARGEST)),
            st.one_of(st.integers(0, 10**14), st.integers(0, 10**25)),
            st.one_of(st.integers(1, 10**6), st.integers(1, 10**20), st.integers(1, _LARGEST)),
        ),
        min_size=1,
        max_size=200,
    )
)
def test_any_amounts_are_divided_as_python_divides_them(cases: list[tuple[int, int, int]]) -> None:
    assert _in_sql(cases) == [_exactly(*case) for case in cases]


@pytest.mark.parametrize(("a", "n", "d"), [(None, 1, 1), (1, None, 1), (1, 1, None), (1, 1, 0), (1, -1, 1), (1, 1, -1)])
def test_what_is_unknown_or_no_ratio_is_null(a: int | None, n: int | None, d: int | None) -> None:
    assert _in_sql([(a, n, d)]) == [None]


@pytest.mark.parametrize("value", [2**63 - 1, -(2**63) + 1, 2**63, -(2**63), 10**30, 0])
def test_an_amount_fits_where_it_and_its_opposite_are_bigint(value: int) -> None:
    found = duckdb.sql(f"select {render('{{ fits_bigint(x) }}', x='x')} from (select {value}::hugeint as x)").fetchall()
    assert found == [(value if abs(value) < 2**63 else None,)]


def _in_sql(cases: list[tuple[int | None, int | None, int | None]]) -> list[int | None]:
    texts = {
        name: pa.array([None if value is None else str(value) for value in values], pa.string())
        for name, values in zip("and", zip(*cases, strict=True), strict=True)
    }
    with duckdb.connect() as con:
        con.register("given", pa.table(texts | {"position": pa.array(range(len(cases)))}))
        whole = ", ".join(f'"{name}"::hugeint as {column}' for name, column in zip("and", ("a", "n", "d"), strict=True))
        divided = render("{{ mul_div_round('a', 'n', 'd') }}")
        rows = con.execute(f"select {divided} from (select {whole}, position from given) order by position").fetchall()
    return [row[0] for row in rows]


def _exactly(a: int, n: int, d: int) -> int | None:
    if n == 0:
        return 0
    if d * n > _LARGEST_PRODUCT or abs(a) // d * n > _LARGEST_QUOTIENT:
        return None
    rounded = (2 * abs(a) * n + d) // (2 * d)
    return rounded if a >= 0 else -rounded


def test_no_view_divides_numbers_of_38_digits() -> None:
    """DuckDB makes the views over tables that another engine built too, and would divide its decimals as floats."""
    views = [
        node["name"]
        for node in manifest.parsed().as_dict()["nodes"].values()
        if node["config"].get("materialized") == "view"
        and node["schema"] != "staging"
        and re.search(r"whole_div|mul_div_round", node["raw_code"])
    ]
    assert views == []
