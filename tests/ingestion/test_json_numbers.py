"""Numbers in JSON come out digit by digit as they went in: a lost digit is lost money."""

from __future__ import annotations

import json

import duckdb
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from dagster_project.archive.parsing.jsontext import exact_text, marked, minified

digits = st.text("0123456789", min_size=1, max_size=22)
whole = st.one_of(st.just("0"), st.from_regex(r"[1-9][0-9]{0,21}", fullmatch=True))
numbers = st.builds(
    lambda sign, first, rest, power: sign + first + rest + power,
    st.sampled_from(["", "-"]),
    whole,
    st.one_of(st.just(""), digits.map(lambda part: "." + part)),
    st.sampled_from(["", "", "", "e5", "E-7", "e+2"]),
)


@pytest.fixture(scope="module")
def con():
    with duckdb.connect() as connection:
        yield connection


@settings(max_examples=150, deadline=None)
@given(numbers, st.text(max_size=12))
@example("1.10", 'a: 5, "b": 1.0')
@example("0.00001", "")
@example("-0", "")
@example("0.0000001", "\\")
@example("123456789.123456789", "1e5")
@example("9007199254740993", "")
@example("100000000000000000000", "")
def test_a_number_keeps_its_text_and_strings_beside_it_theirs(con, number, text):
    line = f'{{"s": {json.dumps(text)}, "n": {number}, "deep": {{"m": [{number}]}}}}'
    sql = f"json_extract_string({marked('line')}, ['$.n', '$.s', '$.deep'])"
    found = con.execute(f"select {sql} from (select ?::varchar as line)", [line]).fetchone()[0]
    plain = found[0][1:-1] if found[0].startswith("\x02") else found[0]
    assert plain == number
    assert found[1] == text
    deep = con.execute(f"select {exact_text('line')} from (select ?::varchar as line)", [found[2]]).fetchone()[0]
    assert deep == f'{{"m":[{number}]}}'


def test_minified_json_has_no_white_space_between_tokens(con):
    sql = f"select {minified('line')} from (select ?::varchar as line)"
    assert con.execute(sql, ['{ "a" : 1.10 , "b c": "d  e" }']).fetchone()[0] == '{"a":1.10,"b c":"d  e"}'
