"""Nothing that the contract takes is too wide: the same company, many times as large, has the same breaks, as many times as large.

Amounts that one engine multiplies in 64 bits end the run of every other amount with them.
"""

from __future__ import annotations

from fractions import Fraction

import pytest

from dagster_project.dbt.manifest import DBT_PROJECT, parsed
from dagster_project.dbt.runner import build
from tests.dbt import test_document_controls as documents
from tests.dbt import test_usage_controls as usage
from tests.dbt.dbt_in_process import rows
from tests.dbt.document_world import DocumentWorld
from tests.dbt.usage_world import UsageWorld
from tests.dbt.wide_world import widen

pytestmark = pytest.mark.slow

TIMES = 60_000_000  # 165,000 yen are then 9,900,000,000,000, of 13 digits
USAGE_TIMES = 9_000_000_000  # 1,009 dollars are then 9,081,000,000,000
QUANTITY_TIMES = USAGE_TIMES // 10  # and 1,001 units 900,900,000,000, of 12
FIRST = "split_part(match_key, '|', 1)"
WIDE = {"US": ("CLF", 4, "40"), "DE": ("EUR", 2, "1.1"), "JP": ("JPY", 0, "0.0000041")}
"""Entity to a currency of four, two or no decimals and its rate to the reporting currency."""
NET, TAX, TOTAL = "9000000000000", "900000000000", "9900000000000"


def _widest(world: DocumentWorld) -> None:
    """In a currency of no, two and four decimals each: what was planted, at the widest amounts."""
    for entity, (currency, _, rate) in WIDE.items():
        said = {"legal_entity_code": entity, "currency": currency}
        for kind, day in (("spot", "2026-03-10"), ("closing", "2026-01-02")):
            world.add("erp", "erp", "fx_rates", {
                "base_currency": currency, "quote_currency": "USD", "rate_date": day, "rate_type": kind,
                "rate": rate, "updated_at": "2026-03-10 06:00",
            })  # fmt: skip
        for key, net, tax in (
            ("low", "8999999999000", TAX), ("tax", NET, "899999999500"), ("paid", NET, TAX), ("back", NET, TAX),
            ("credited", NET, TAX), ("turned", NET, TAX),
        ):  # fmt: skip
            name = f"{key}_{currency}"
            world.invoice(name, NET, TAX, **said)
            world.posting(name, net, tax, **said)
            _journal(world, name, {"1100": int(net) + int(tax), "4000": -int(net), "2200": -int(tax)}, **said)
        world.payment(f"paid_{currency}", TOTAL, invoice_id=f"paid_{currency}", currency=currency)
        world.receipt(f"paid_{currency}", TOTAL, (f"D-paid_{currency}", "9000000000000"), **said)
        world.payment(f"back_{currency}", TOTAL, invoice_id=f"back_{currency}", currency=currency)
        world.receipt(f"back_{currency}", TOTAL, (f"D-back_{currency}", TOTAL), **said)
        world.add("main", "billing", "refunds", {
            "refund_id": f"back_{currency}", "payment_id": f"back_{currency}", "currency": currency, "amount": TOTAL,
            "status": "succeeded", "created_at": "2026-03-25 10:00", "updated_at": "2026-03-25 10:00",
        })  # fmt: skip
        for key, sign in (("credited", ""), ("turned", "-")):
            note = f"CN-{key}_{currency}"
            world.credit(note, f"{key}_{currency}", "4000000000000", "0", **said)
            world.add("main", "billing", "credit_note_lines", {
                "credit_note_line_id": f"{note}-0", "credit_note_id": note, "invoice_line_id": f"{key}_{currency}-0",
                "amount": "4000000000000", "tax_amount": 0,
            })  # fmt: skip
            world.memo(note, f"D-{key}_{currency}", f"{sign}3999999999000", "0", **said)
            world.add("erp", "erp", "ar_document_lines", {
                "document_line_id": f"D-{note}-0", "document_id": f"D-{note}", "source_line_id": f"{note}-0",
                "item_code": "SEAT", "account_number": "4000", "amount": f"{sign}3999999999000", "tax_amount": 0,
            })  # fmt: skip


def _journal(world: DocumentWorld, key: str, amounts: dict[str, int], **more: str) -> None:
    for number, (account, amount) in enumerate(amounts.items(), start=1):
        sides = {"debit": max(amount, 0), "credit": max(-amount, 0)}
        world.add("erp", "erp", "journal_lines", {
            "journal_id": f"J-{key}", "line_number": number, "account_number": account, "posting_date": "2026-03-10",
            "period": "2026-03", "source": "billing", "document_id": f"D-{key}", "created_at": "2026-03-10 11:00",
            **sides, **{f"base_{side}": amount for side, amount in sides.items()}, **more,
        })  # fmt: skip


def _misread_rates(world: DocumentWorld) -> None:
    """Ten digits before the point, the most that the contract takes: CLF to USD at once, GBP through CHF."""
    for source, base, quote in (("erp", "CLF", "USD"), ("erp_b", "GBP", "CHF"), ("erp_b", "CHF", "USD")):
        world.add(source, "erp", "fx_rates", {
            "base_currency": base, "quote_currency": quote, "rate_date": "2026-01-03", "rate_type": "closing",
            "rate": "9999999999.9999999999", "updated_at": "2026-01-03 06:00",
        })  # fmt: skip


MANY = 95
"""Documents of the widest amount in a currency of four decimals: together more than 64 bits."""


def _many(world: DocumentWorld) -> None:
    """Billed, posted and deferred in one entity; journals without a document or of somebody's own in another."""
    widest = 9_999_999_999_999
    said = {"legal_entity_code": "US", "currency": "CLF"}
    for number in range(MANY):
        key = f"many_{number:03}"
        world.invoice(key, str(widest), "0", **said)
        world.posting(key, str(widest), "0", **said)
        _journal(world, key, {"1100": widest, "2400": -widest}, **said)
        for account, source in (("1100", "manual"), ("2400", "revenue")):
            world.journal(f"J-{source}-{key}", account, str(widest), "2026-02", source, currency="CLF")


@pytest.fixture(scope="module")
def books(tmp_path_factory):
    work = tmp_path_factory.mktemp("wide_books")
    path = work / "tieout.duckdb"
    world = DocumentWorld(path, work / "home")
    for fill in documents.CASES:
        fill(world)
    widen(world, {"money": TIMES}, {"USD": "CLF"})
    _widest(world)
    _misread_rates(world)
    _many(world)
    _crowded(world)
    world.close()
    outcome = build(
        parsed(DBT_PROJECT), path, work, work / "logs", select=documents.WANTED, exclude=documents.OF_OTHER_MODELS
    )
    assert outcome.success, [f"{one.name}: {one.message}" for one in outcome.failures] or outcome.error
    return path


def _crowded(world: DocumentWorld) -> None:
    """Documents whose header is the widest amount, and whose lines, of which each is, are more than 92: beyond 64 bits."""
    widest = "9999999999999"
    said = {"legal_entity_code": "US", "currency": "CLF"}
    for key in ("crowded", "crowded_too"):
        world.invoice(key, widest, "0", **said)
        world.posting(key, widest, "0", **said)
        _journal(world, key, {"1100": int(widest), "4000": -int(widest)}, **said)
    world.credit("CN-crowded", "crowded", widest, "0", **said)
    world.memo("CN-crowded", "D-crowded", widest, "0", **said)
    for number in range(1, 94):
        world.add("main", "billing", "invoice_lines", {
            "line_id": f"crowded-{number}", "invoice_id": "crowded", "subscription_id": "S1", "sku": "SEAT",
            "kind": "recurring", "quantity": 1, "discount_amount": 0, "amount": widest, "tax_code": "T", "tax_rate": 10,
            "tax_amount": 0, "service_start": "2026-01-01", "service_end": "2026-02-01", "is_proration": False,
        })  # fmt: skip
        world.add("erp", "erp", "ar_document_lines", {
            "document_line_id": f"D-crowded-{number}", "document_id": "D-crowded", "source_line_id": f"crowded-{number}",
            "item_code": "SEAT", "account_number": "4000", "amount": widest, "tax_amount": 0,
        })  # fmt: skip
        world.add("main", "billing", "credit_note_lines", {
            "credit_note_line_id": f"CN-crowded-{number}", "credit_note_id": "CN-crowded",
            "invoice_line_id": f"crowded-{number}", "amount": widest, "tax_amount": 0,
        })  # fmt: skip
    lines = [(account, sign) for _ in range(93) for account, sign in (("1100", 1), ("4000", -1))]
    for number, (account, sign) in enumerate(lines, start=10):
        world.add("erp", "erp", "journal_lines", {
            "journal_id": "J-crowd", "line_number": number, "account_number": account, "posting_date": "2026-03-10",
            "period": "2026-03", "source": "billing", "document_id": "D-crowded_too", "created_at": "2026-03-10 11:00",
            "debit": widest if sign > 0 else 0, "credit": widest if sign < 0 else 0,
            "base_debit": widest if sign > 0 else 0, "base_credit": widest if sign < 0 else 0, **said,
        })  # fmt: skip
    world.payment("crowded", widest, currency="CLF")
    world.receipt("crowded", widest, *[("D-crowded_too", widest)] * 93, **said)


def _dearest(world: UsageWorld) -> None:
    """The widest quantity, priced as if by the thousand, and at a price that makes more than any record can have."""
    for key, price in (("dear", "9000"), ("beyond", "92233")):
        world.price(f"{key}-USD", "API", "per_unit", unit_amount=price)
        world.sells(key, "API", price_id=f"{key}-USD")
        world.uses(key, "api", "999999999999")
        world.metered(key, "api", "999999999999", 1)
        world.bills(key, "API", "999999999999", "-9999999999999")


@pytest.fixture(scope="module")
def metered(tmp_path_factory):
    work = tmp_path_factory.mktemp("wide_usage")
    path = work / "tieout.duckdb"
    world = UsageWorld(path, work / "home")
    for fill in usage.CASES:
        fill(world)
    widen(
        world,
        {"money": USAGE_TIMES, "quantity": QUANTITY_TIMES, "unit_price": 10, "flat_price": USAGE_TIMES},
        {"USD": "CLF"},
    )
    _dearest(world)
    world.close()
    outcome = build(parsed(DBT_PROJECT), path, work, work / "logs", select=usage.WANTED)
    assert outcome.success, [f"{one.name}: {one.message}" for one in outcome.failures] or outcome.error
    return path


ROUNDED = {"tax_rounding", "one_cent"}
"""Differences that are tolerated as roundings while they are a few minor units."""


@pytest.mark.parametrize(
    ("code", "source", "expected"),
    [
        (
            "R14",
            "main",
            documents.INVOICES | documents.matched_documents.SUMMARIES | documents.summary_postings.SUMMARIES,
        ),
        ("R16", "main", documents.CREDITS | documents.summary_postings.CREDITS),
        ("R24", "main", documents.PAYMENTS | documents.matched_documents.CASH),
        ("R33", "erp_b", documents.LEDGER),
    ],
    ids=["R14", "R16", "R24", "R33"],
)
def test_every_case_of_the_books_has_its_status_and_as_many_times_its_amount(books, code, source, expected):
    query = f"""select match_key, status, cause_code, currency_code, delta_minor from marts.reconciliation_results
        where code = '{code}' and source_instance = '{source}'"""
    found = {
        key: (*judged, _unwidened(amount, TIMES, currency)) for key, *judged, currency, amount in rows(books, query)
    }
    same = expected.keys() - ROUNDED
    assert {key: found.get(key) for key in same} == {key: expected[key] for key in same}
    assert {found[key][0] for key in expected.keys() & ROUNDED} <= {"break"}


def test_the_widest_amounts_break_by_exactly_what_was_planted(books):
    """In whole units of the currency: posted too low, tax off, a credit memo off, one turned, money not applied, a refund."""
    expected = {
        ("R14", "low"): ("C14", 1000),
        ("R14", "tax"): ("C11", 500),
        ("R15", "low"): ("C11", 0),
        ("R15", "tax"): ("C11", 500),
        ("R16", "CN-credited"): ("C14", -1000),
        ("R16", "CN-turned"): ("C08", -4_000_000_000_000 - 3_999_999_999_000),
        ("R24", "paid"): ("D04", 900_000_000_000),
        ("R26", "back"): ("D08", 9_900_000_000_000),
    }
    for currency, places, _ in WIDE.values():
        query = f"""select code, replace(match_key, '_{currency}', ''), cause_code, delta_minor from marts.exceptions
            where code in ('R14', 'R15', 'R16', 'R24', 'R26') and match_key like '%\\_{currency}' escape '\\'"""
        found = {(code, key): (cause, amount) for code, key, cause, amount in rows(books, query)}
        assert found == {key: (cause, amount * 10**places) for key, (cause, amount) in expected.items()}


def test_sums_of_many_records_that_exceed_64_bits_are_exact_and_a_difference_that_does_is_not_tested(books):
    """A receivable that both sides hold is still compared to the minor unit."""
    query = """select cast(left_value as hugeint), cast(right_value as hugeint), delta_minor
        from marts.reconciliation_results where code = 'R33' and match_key = 'US|1100|CLF|2026-03'"""
    ((subledger, ledger, delta),) = rows(books, query)
    assert subledger > MANY * 99_999_999_999_990_000 > 2**63 and delta == subledger - ledger
    query = """select status, cast(right_value as hugeint), delta_minor, reason from marts.reconciliation_results
        where code = 'R33' and match_key = 'UK|1100|CLF|2026-02'"""
    reason = "Not tested: the two sides differ by more than an amount can hold"
    assert rows(books, query) == [("not_testable", MANY * 99_999_999_999_990_000, None, reason)]


def test_a_rate_that_lost_its_decimal_point_translates_nothing_and_ends_no_close(books):
    """Through another currency, and times the widest amounts, it has more than 38 digits; the other currencies keep theirs."""
    query = """select currency_code, cast(sum(amount_minor) as hugeint), cast(sum(reporting_minor) as hugeint)
        from marts.bridge_reporting
        where leg = 'C' and service_period_start = '2026-01-01' and currency_code in ('CLF', 'EUR', 'GBP')
        group by currency_code order by currency_code"""
    clf, (_, euro, dollars), gbp = rows(books, query)
    assert clf[2] is None and gbp[2] is None
    assert abs(euro) > 10**14 and dollars * 10 == euro * 11


def test_the_widest_credit_that_was_posted_as_a_debit_is_told_from_one_that_was_posted_too_low(books):
    """The product of both amounts would not fit: the bridge would end, and with it the close."""
    query = """select right_ref, cause_code, cast(amount_minor as bigint) from marts.bridge_allocation
        where leg = 'C' and right_ref like 'ar_document_line:D-CN-%' and right_ref not like '%crowded%'
        and amount_minor <> 0"""
    found = {reference: tuple(told) for reference, *told in rows(books, query)}
    assert found == {
        f"ar_document_line:D-CN-{key}_{currency}-0": (cause, amount * 10**places)
        for currency, places, _ in WIDE.values()
        for key, cause, amount in (("credited", "C14", -1000), ("turned", "C08", -7_999_999_999_000))
    }


def test_a_document_whose_lines_exceed_64_bits_is_set_aside_in_words_and_ends_no_close(books):
    """Ninety-three lines of the widest amount ended the run, and with it the figures of every other document."""
    query = """select object, reason_code, count(*) from canonical.unconvertible_row
        where key_text like '%crowd%' group by all order by all"""
    assert rows(books, query) == [
        ("ar_document_lines", "too_large_together", 94), ("cash_applications", "too_large_together", 93),
        ("credit_note_lines", "too_large_together", 93), ("invoice_lines", "too_large_together", 94),
        ("journal_lines", "too_large_together", 188),
    ]  # fmt: skip
    query = """select distinct status, reason from marts.reconciliation_results
        where (code, match_key) in (('R06', 'crowded-7'), ('R15', 'crowded'), ('R24', 'crowded'))"""
    found = rows(books, query)
    assert {status for status, _ in found} == {"not_testable"}
    assert all("add up to more than 900,000,000,000,000 in major units" in reason for _, reason in found)


def test_the_hash_totals_of_the_widest_amounts_are_whole(books):
    """What completeness multiplies is the amount as delivered; a total that does not fit is no proof that nothing was lost."""
    query = """select object, cast(current_total as hugeint), cast(canonical_total as hugeint) from marts.completeness
        where source_instance = 'main' and object in ('invoices', 'payments', 'refunds')"""
    found = {name: totals for name, *totals in rows(books, query)}
    assert all(received == held and received > 10**17 for received, held in found.values())
    assert found["refunds"] == [3 * 9_900_000_000_000 * 10_000] * 2


@pytest.mark.parametrize(
    ("control", "columns", "key", "expected", "others"),
    [
        ("r03_raw_to_metered_usage", "cast(delta_quantity as hugeint), delta_minor", FIRST, usage.CAPTURE, {"distinct", "mebibytes"}),
        ("r05_metered_to_billed_quantity", "cast(delta_quantity as hugeint), delta_minor", FIRST, usage.QUANTITIES, set()),
        ("r06_rerated_to_billed_amount", "delta_minor", "match_key", usage.AMOUNTS, {"L-cent", "L-thirty", "L-pack"}),
    ],
    ids=["R03", "R05", "R06"],
)  # fmt: skip
def test_every_case_of_usage_has_its_status_and_as_many_times_its_amount(
    metered, control, columns, key, expected, others
):
    """All but those that count keys, count packages or are roundings."""
    found = {}
    query = f"select {key}, status, cause_code, {columns} from reconciliation.{control} order by match_key desc"
    for name, status, cause, *quantity, amount in rows(metered, query):
        found[name] = (
            status, cause, *[_unwidened(one, QUANTITY_TIMES, "") for one in quantity], _unwidened(amount, USAGE_TIMES, "CLF"),
        )  # fmt: skip
    same = expected.keys() - others
    assert {name: found.get(name) for name in same} == {name: expected[name] for name in same}


def test_what_is_rated_beyond_any_record_is_not_tested_and_ends_no_close(metered):
    """Billed as a credit it would differ by more than 64 bits hold."""
    query = """select match_key, status, delta_minor, reason from reconciliation.r06_rerated_to_billed_amount
        where match_key in ('L-dear', 'L-beyond') order by all"""
    beyond, dear = rows(metered, query)
    assert beyond[:3] == ("L-beyond", "not_testable", None) and beyond[3].endswith("or the amount is too large")
    assert dear[:3] == ("L-dear", "break", 999_999_999_999 * 9000 * 100 + 999_999_999_999_900)


def _unwidened(amount: int | None, times: int, currency: str) -> Fraction | None:
    if amount is None:
        return None
    return Fraction(amount, times * (100 if currency == "CLF" else 1))
