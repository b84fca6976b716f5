"""A figure shown in the wrong unit is a figure misstated by a factor of ten or more."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dagster_project.money import major


@pytest.mark.parametrize(
    ("minor", "exponent", "text"),
    [(0, 2, "0.00"), (5, 0, "5"), (-5, 2, "-0.05"), (123456789, 3, "123,456.789"), (-100000, 2, "-1,000.00")],
)
def test_minor_units_in_major_units(minor, exponent, text):
    assert major(minor, exponent) == text


@given(st.integers(-(10**20), 10**20), st.integers(0, 4))
def test_no_digit_is_lost_or_added(minor, exponent):
    text = major(minor, exponent).replace(",", "").replace(".", "")
    assert int(text) == minor
