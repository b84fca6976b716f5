"""The SQL rater against an independent one, and the named cases of the pricing rules. Amounts are minor units."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise

import duckdb
import pyarrow as pa
import pytest

from tests.dbt.macro_sql import render
from tests.oracle.rater import Terms, Tier, interval, rate, top_up

REQUEST = """rate_id varchar, billing_instance varchar, price_id varchar, scheme varchar, unit_amount decimal(15,9),
    package_size decimal(21,9), quantity decimal(38,9), included_quantity decimal(21,9), discount_percent decimal(7,4),
    active_days bigint, interval_days bigint, exponent bigint"""
STEP = """billing_instance varchar, price_id varchar, tier_number bigint, tier_from decimal(21,9), up_to decimal(21,9),
    unit_amount decimal(15,9), flat_amount decimal(22,9), is_usable boolean"""


class SqlRater:
    """Rates many (quantity, terms, active days, interval days) in one statement."""

    def __init__(self) -> None:
        self.connection = duckdb.connect()
        self.connection.execute(f"create table requests ({REQUEST}); create table price_step ({STEP})")
        self.sql = render("{{ rate('requests') }}")

    def rate(self, *cases: tuple[Decimal, Terms, int | None, int | None]) -> list[int | None]:
        self.connection.execute("delete from requests; delete from price_step")
        requests, steps = [], []
        for number, (quantity, terms, active, length) in enumerate(cases):
            price = f"P{number}"
            requests.append(
                [
                    *(str(number), "b", price, terms.scheme, terms.unit_amount, terms.package_size, quantity),
                    *(terms.included, terms.discount_percent, active, length, terms.decimals),
                ],
            )
            begins = Decimal(0)
            for tier_number, tier in enumerate(terms.tiers, start=1):
                steps.append(("b", price, tier_number, begins, tier.up_to, tier.unit_amount, tier.flat_amount, True))
                begins = tier.up_to
        _insert(self.connection, "requests", requests)
        _insert(self.connection, "price_step", steps)
        found = dict(self.connection.execute(self.sql).fetchall())
        return [found[str(number)] for number in range(len(cases))]

    def value(self, expression: str) -> object:
        return self.connection.execute("select " + render(expression)).fetchone()[0]


def _insert(connection: duckdb.DuckDBPyConnection, table: str, rows: list[tuple]) -> None:
    """All rows in one statement, as text: decimals keep every digit and a hundred thousand rows take seconds."""
    if rows:
        texts = [pa.array([_text(value) for value in column], pa.string()) for column in zip(*rows, strict=True)]
        given = pa.Table.from_arrays(texts, names=[f"c{number}" for number in range(len(texts))])
        connection.register("given", given)
        connection.execute(f"insert into {table} select * from given")
        connection.unregister("given")


def _text(value: object) -> str | None:
    if value is None:
        return None
    return f"{value:f}" if isinstance(value, Decimal) else str(value)


@pytest.fixture(scope="module")
def sql() -> Iterator[SqlRater]:
    rater = SqlRater()
    yield rater
    rater.connection.close()


VOLUME = Terms(
    "volume", 2, tiers=(Tier(Decimal(100), Decimal(10)), Tier(Decimal(1000), Decimal(9)), Tier(None, Decimal(8)))
)
GRADUATED = Terms("graduated", 2, tiers=VOLUME.tiers)


def test_one_more_unit_in_a_lower_volume_tier_lowers_the_bill_by_ninety_one(sql: SqlRater) -> None:
    hundred, one_more = sql.rate((Decimal(100), VOLUME, None, None), (Decimal(101), VOLUME, None, None))
    assert (hundred, one_more, one_more - hundred) == (100000, 90900, -9100)


def test_graduated_tiers_price_each_unit_at_its_own_tier_and_no_tier_at_zero(sql: SqlRater) -> None:
    terms = Terms(
        "graduated", 2, tiers=(Tier(Decimal(10), Decimal(1), Decimal(5)), Tier(None, Decimal("0.5"), Decimal(7)))
    )
    assert sql.rate(*[(Decimal(q), terms, None, None) for q in (0, 10, 11)]) == [0, 1500, 2250]


def test_a_package_begun_is_a_package_billed(sql: SqlRater) -> None:
    terms = Terms("package", 2, unit_amount=Decimal("12.50"), package_size=Decimal(1000))
    quantities = [Decimal(0), Decimal("0.000000001"), Decimal(1000), Decimal("1000.000000001")]
    assert sql.rate(*[(q, terms, None, None) for q in quantities]) == [0, 1250, 1250, 2500]


def test_included_units_are_free_and_never_negative(sql: SqlRater) -> None:
    terms = Terms("per_unit", 2, unit_amount=Decimal("0.01"), included=Decimal(500))
    assert sql.rate((Decimal(499), terms, None, None), (Decimal(650), terms, None, None)) == [0, 150]


def test_half_a_minor_unit_is_rounded_away_from_zero_in_every_currency(sql: SqlRater) -> None:
    cases = [
        (Decimal(1), Terms("per_unit", d, unit_amount=Decimal(5).scaleb(-d - 1)), None, None) for d in (0, 2, 3, 4)
    ]
    assert sql.rate(*cases) == [1, 1, 1, 1]


def test_a_month_without_usage_owes_the_whole_minimum(sql: SqlRater) -> None:
    (usage,) = sql.rate((Decimal(0), GRADUATED, None, None))
    assert sql.value(f"{{{{ minimum_top_up('40000', '{usage}') }}}}") == 40000 == top_up(Decimal(0), GRADUATED, 40000)


def test_days_of_the_interval_are_those_of_the_calendar_not_thirty(sql: SqlRater) -> None:
    terms = Terms("per_unit", 2, unit_amount=Decimal("31.00"))
    assert sql.rate(*[(Decimal(1), terms, 10, days) for days in (28, 29, 30, 31)]) == [1107, 1069, 1033, 1000]


def test_an_unpriced_or_oversized_amount_is_unknown_and_ends_no_run(sql: SqlRater) -> None:
    bounded = Terms("volume", 2, tiers=(Tier(Decimal(10), Decimal(1)),))
    beyond = Terms("graduated", 2, tiers=bounded.tiers)
    no_price = Terms("per_unit", 2)
    huge = Terms("per_unit", 4, unit_amount=Decimal("999999.999999999"))
    assert sql.rate(
        (Decimal(11), bounded, None, None),
        (Decimal(11), beyond, None, None),
        (Decimal(1), no_price, None, None),
        (Decimal("9999999999999999999.999999999"), huge, 366, 366),
    ) == [None, None, None, None]


def test_the_widest_operands_of_the_landing_contract_are_exact(sql: SqlRater) -> None:
    quantity = Decimal("999999999999.999999999")
    terms = Terms("per_unit", 0, unit_amount=Decimal("999999.999999999"), discount_percent=Decimal("0.0001"))
    cases = [(quantity, terms, active, days) for active, days in ((None, None), (1, 366), (365, 366), (29, 31))]
    assert sql.rate(*cases) == [rate(quantity, terms, active or 1, days or 1) for _, _, active, days in cases]


@pytest.mark.parametrize("seed", range(5))
def test_a_hundred_thousand_random_lines_are_rated_alike(sql: SqlRater, seed: int) -> None:
    source = random.Random(f"rater-{seed}")
    cases = [_case(source) for _ in range(20_000)]
    wrong = [
        (case, found, expected)
        for case, found in zip(cases, sql.rate(*cases), strict=True)
        if found != (expected := rate(case[0], case[1], case[2] or 1, case[3] or 1))
    ]
    assert not wrong, wrong[:3]


def test_a_subscription_of_the_thirty_first_renews_on_the_last_day_of_short_months(sql: SqlRater) -> None:
    sql.connection.execute("create or replace table days (start_date date, day date, months bigint)")
    cases = [
        (start, start + timedelta(days=offset), months)
        for start in (date(2024, 1, 31), date(2024, 2, 29), date(2025, 11, 30), date(2025, 3, 1))
        for months in (1, 12)
        for offset in range(0, 800, 3)
    ]
    _insert(sql.connection, "days", cases)
    anchors = sql.connection.execute(
        render(
            """select start_date, day, months, {{ add_months('start_date', 'steps') }},
                {{ add_months('start_date', '(steps + months)') }}
            from (select *, {{ months_to_anchor('start_date', 'day', 'months') }} as steps from days)"""
        )
    ).fetchall()
    assert len(anchors) == len(cases)
    for start, day, months, begins, ends in anchors:
        assert (begins, ends) == interval(start, day, months), (start, day, months)


def _case(source: random.Random) -> tuple[Decimal, Terms, int | None, int | None]:
    scheme = source.choice(["flat", "per_unit", "graduated", "volume", "package"])
    tiers: list[Tier] = []
    if scheme in ("graduated", "volume"):
        bounds = sorted({_decimal(source, 7, 3) + 1 for _ in range(source.randint(1, 5))})
        assert all(low < high for low, high in pairwise(bounds))
        tiers = [Tier(bound, _price(source, 3, 9), _price(source, 4, 4)) for bound in (*bounds, None)]
    terms = Terms(
        scheme,
        source.choice([0, 2, 3, 4]),
        unit_amount=None if tiers else _price(source, 6, 9),
        package_size=_decimal(source, 4, 3) + 1 if scheme == "package" else None,
        tiers=tuple(tiers),
        included=source.choice([Decimal(0), _decimal(source, 4, 3)]),
        discount_percent=source.choice([Decimal(0), Decimal(100), _decimal(source, 2, 4)]),
    )
    edges = [tier.up_to + terms.included for tier in tiers if tier.up_to is not None]
    quantity = source.choice([*edges, Decimal(0), _decimal(source, 8, 9), _decimal(source, 8, 9)])
    if source.random() < 0.5:
        return quantity, terms, None, None
    length = source.choice([28, 29, 30, 31, 365, 366])
    return quantity, terms, source.randint(1, length), length


def _price(source: random.Random, digits: int, places: int) -> Decimal:
    """Now and then a rebate: a tier or price below zero, whose half a minor unit is rounded away from zero as well."""
    return _decimal(source, digits, places) * source.choice((1, 1, 1, -1))


def _decimal(source: random.Random, digits: int, places: int) -> Decimal:
    return Decimal(source.randrange(10 ** (source.randint(1, digits) + places))).scaleb(-places)
