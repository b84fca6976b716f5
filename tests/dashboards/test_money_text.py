"""A figure that a controller reads must be the figure in the books, to the minor unit."""

import pytest

from dashboards.components import money
from tests.dashboards.snapshots import BIG


@pytest.mark.parametrize(
    ("minor", "currency", "text"),
    [
        (123456, "USD", "1,234.56"),
        (-5, "USD", "−0.05"),
        (-1234567, "JPY", "−1,234,567"),
        (1000, "BHD", "1.000"),
        (BIG, "BHD", "9,007,199,254,740.993"),
        (0, "USD", "0.00"),
        (None, "USD", "–"),
        (12, "XXQ", "12 minor units"),
    ],
)
def test_amounts_read_in_major_units_with_the_decimals_of_their_currency(minor, currency, text):
    assert money.amount(minor, currency) == text


def test_a_file_holds_the_same_amount_without_separators():
    assert money.exact(-BIG, "USD") == "-90071992547409.93"
    assert money.exact(7, "JPY") == "7"
    assert money.exact(7, "XXQ") == ""


def test_half_a_minor_unit_is_refused_instead_of_rounded():
    from decimal import Decimal

    with pytest.raises(ValueError, match="whole number"):
        money.amount(Decimal("0.5"), "USD")


def test_quantities_keep_every_decimal_that_says_something():
    from decimal import Decimal

    assert money.quantity(Decimal("1234567890.123456789")) == "1,234,567,890.123456789"
    assert money.quantity(Decimal("10.500000000")) == "10.5"
    assert money.quantity(Decimal("-100.000000000")) == "−100"
