"""Invoices of several customers that only a summary posts, a journal or one document: each month shows one case.

EUR has two decimals, JPY none, BHD three.
"""

from __future__ import annotations

from decimal import Decimal

from tests.dbt.document_world import DocumentWorld

CUSTOMERS = ("C1", "C2", "CHILD")
LONG_MONTH = [f"jp_{number:02}" for number in range(1, 19)]


def fill(world: DocumentWorld) -> None:
    _a_month_in_one_journal(world)
    _days_in_a_journal_each(world)
    _either_pair(world)
    _a_document_on_a_collective_account(world)
    _the_same_gross_with_other_tax(world)
    _gross_alone(world)
    _another_period(world)
    _taken_back(world)
    _two_companies_in_one_journal(world)
    _a_month_but_for_one_invoice(world)
    _a_day_net_of_a_credit(world)
    _a_credit_that_was_lost(world)


def _billed(world: DocumentWorld, entity: str, currency: str, day: str, **amounts: tuple[str, str]) -> None:
    for position, (key, (net, tax)) in enumerate(amounts.items()):
        world.invoice(
            key, net=net, tax=tax, issue_date=day, finalized_at=f"{day} 10:00", legal_entity_code=entity,
            currency=currency, customer_id=CUSTOMERS[position % len(CUSTOMERS)],
        )  # fmt: skip


def _journal(world: DocumentWorld, key: str, entity: str, currency: str, day: str, first_line: int = 1, **more) -> None:
    """A balanced journal of source billing without a document: receivable against `accounts` (number: credit)."""
    credits = more.pop("accounts")
    lines = [("1100", sum(map(Decimal, credits.values())))]
    lines += [(account, -Decimal(credit)) for account, credit in credits.items()]
    for number, (account, amount) in enumerate(lines, start=first_line):
        debit, credit = max(amount, Decimal(0)), max(-amount, Decimal(0))
        row = {
            "journal_id": key, "line_number": number, "legal_entity_code": entity, "account_number": account,
            "posting_date": day, "period": day[:7], "currency": currency, "debit": debit, "credit": credit,
            "base_debit": debit, "base_credit": credit, "source": "billing", "created_at": f"{day} 20:00",
        }  # fmt: skip
        world.add("erp", "erp", "journal_lines", row | more)


def _a_month_in_one_journal(world: DocumentWorld) -> None:
    """100.10 + 200.20 + 300.30 net and 19.02 + 38.04 + 57.06 tax: 600.60 + 114.12 = 714.72."""
    _billed(world, "DE", "EUR", "2026-01-07", month_1=("100.10", "19.02"), month_2=("200.20", "38.04"))
    _billed(world, "DE", "EUR", "2026-01-21", month_3=("300.30", "57.06"))
    _journal(world, "J-JAN", "DE", "EUR", "2026-01-31", accounts={"4000": "400.40", "2400": "200.20", "2200": "114.12"})


def _days_in_a_journal_each(world: DocumentWorld) -> None:
    """Friday and Saturday are posted on Monday, Tuesday on Wednesday."""
    _billed(world, "DE", "EUR", "2026-02-06", friday=("10", "1.90"))
    _billed(world, "DE", "EUR", "2026-02-07", saturday=("20", "3.80"))
    _billed(world, "DE", "EUR", "2026-02-10", tuesday_1=("30", "5.70"), tuesday_2=("40", "7.60"))
    _journal(world, "J-WEEKEND", "DE", "EUR", "2026-02-09", accounts={"4000": "30", "2200": "5.70"})
    _journal(world, "J-TUESDAY", "DE", "EUR", "2026-02-11", accounts={"4000": "70", "2200": "13.30"})


def _either_pair(world: DocumentWorld) -> None:
    """50 + 30 and 60 + 20 are both 80."""
    _billed(
        world, "DE", "EUR", "2026-03-10", fifty=("50", "0"), thirty=("30", "0"), sixty=("60", "0"), twenty=("20", "0")
    )
    _journal(world, "J-EITHER", "DE", "EUR", "2026-03-10", accounts={"4000": "80"})


def _a_document_on_a_collective_account(world: DocumentWorld) -> None:
    """1,000 + 2,000 net and 100 + 200 tax in one document of 3,300; a document of one customer alone is not sure."""
    _billed(world, "JP", "JPY", "2026-02-10", yen_1=("1000", "100"), yen_2=("2000", "200"))
    collective = {"erp_customer_id": "erp_unmapped", "legal_entity_code": "JP", "currency": "JPY", "lines": 0}
    for key, net, tax, day in (("SUM-JPY", "3000", "300", "2026-02-27"), ("SUM-ALONE", "7", "1", "2026-04-09")):
        world.posting(
            None, document_id=key, net=net, tax=tax, document_date=day, posting_date=day, period=day[:7], **collective
        )
    _billed(world, "JP", "JPY", "2026-04-09", yen_alone=("7", "1"))


def _the_same_gross_with_other_tax(world: DocumentWorld) -> None:
    """550 + 660 gross in both, of which 110 is tax in billing and 120 in the ledger."""
    _billed(world, "JP", "JPY", "2026-03-10", other_split_1=("500", "50"), other_split_2=("600", "60"))
    _journal(world, "J-OTHER-TAX", "JP", "JPY", "2026-03-31", accounts={"4000": "1090", "2200": "120"})


def _gross_alone(world: DocumentWorld) -> None:
    """1.234 + 0.123 and 2.345 + 0.234 make 3.936 against a clearing account, which shows neither net nor tax."""
    _billed(world, "BH", "BHD", "2026-03-10", gross_1=("1.234", "0.123"), gross_2=("2.345", "0.234"))
    _journal(world, "J-GROSS", "BH", "BHD", "2026-03-31", accounts={"9000": "3.936"})


def _another_period(world: DocumentWorld) -> None:
    _billed(world, "BH", "BHD", "2026-01-12", late_1=("0.005", "0"), late_2=("0.007", "0"))
    _journal(world, "J-LATE", "BH", "BHD", "2026-01-30", period="2026-02", accounts={"4000": "0.012"})


def _taken_back(world: DocumentWorld) -> None:
    _billed(world, "BH", "BHD", "2026-02-10", undone_1=("8", "0"), undone_2=("9", "0"))
    _journal(world, "J-UNDONE", "BH", "BHD", "2026-02-27", accounts={"4000": "17"})
    _journal(world, "J-BACK", "BH", "BHD", "2026-02-27", accounts={"4000": "-17"}, reversal_of="J-UNDONE")


def _two_companies_in_one_journal(world: DocumentWorld) -> None:
    _billed(world, "DE", "EUR", "2026-04-08", both_1=("11", "0"), both_2=("12", "0"))
    _billed(world, "BH", "BHD", "2026-04-08", both_3=("1.001", "0"), both_4=("1.002", "0"))
    _journal(world, "J-BOTH", "DE", "EUR", "2026-04-09", accounts={"4000": "23"})
    _journal(world, "J-BOTH", "BH", "BHD", "2026-04-09", first_line=3, accounts={"4000": "2.003"})


def _a_month_but_for_one_invoice(world: DocumentWorld) -> None:
    """1,001 to 1,018 yen are 18,171; the journal lacks the 1,007 of the seventh."""
    for number, key in enumerate(LONG_MONTH, start=1):
        _billed(world, "JP", "JPY", f"2026-01-{number:02}", **{key: (str(1000 + number), "0")})
    _journal(world, "J-SHORT", "JP", "JPY", "2026-01-30", accounts={"4000": "17164"})


def _a_day_net_of_a_credit(world: DocumentWorld) -> None:
    """10 + 20 less 4 is 26 net, 1 + 2 less 0.4 is 2.6 tax."""
    _billed(world, "BH", "BHD", "2026-04-01", net_1=("10", "1"), net_2=("20", "2"))
    world.credit(
        "netted", "net_1", net="4", tax="0.4", legal_entity_code="BH", currency="BHD", issue_date="2026-04-01",
        updated_at="2026-04-01 10:00",
    )  # fmt: skip
    _journal(world, "J-NET", "BH", "BHD", "2026-04-02", accounts={"4000": "26", "2200": "2.6"})


def _a_credit_that_was_lost(world: DocumentWorld) -> None:
    """The journal of January holds the invoices without it, so it is lost and they are not."""
    world.credit("lost", "jp_05", net="300", tax="0", legal_entity_code="JP", currency="JPY", issue_date="2026-01-20",
                 updated_at="2026-01-20 10:00")  # fmt: skip


POSTED = {
    "J-JAN": ("month_1", "month_2", "month_3"),
    "J-WEEKEND": ("friday", "saturday"),
    "J-TUESDAY": ("tuesday_1", "tuesday_2"),
    "SUM-JPY": ("yen_1", "yen_2"),
    "J-GROSS": ("gross_1", "gross_2"),
    "J-BOTH": ("both_1", "both_2", "both_3", "both_4"),
    "J-NET": ("net_1", "net_2"),
    "J-SHORT": tuple(key for key in LONG_MONTH if key != "jp_07"),
}
SUMMARIES = {
    **{key: ("matched", None, 0) for keys in POSTED.values() for key in keys},
    "fifty": ("break", "C02", 5000),
    "thirty": ("break", "C02", 3000),
    "sixty": ("break", "C02", 6000),
    "twenty": ("break", "C02", 2000),
    "yen_alone": ("not_testable", None, 0),
    "other_split_1": ("break", "C02", 550),
    "other_split_2": ("break", "C02", 660),
    "late_1": ("break", "C10", 0),
    "late_2": ("break", "C10", 0),
    "undone_1": ("break", "C02", 8000),
    "undone_2": ("break", "C02", 9000),
    "jp_07": ("break", "C02", 1007),
}
CREDITS = {"netted": ("matched", None, 0), "lost": ("break", "C08", -300)}
