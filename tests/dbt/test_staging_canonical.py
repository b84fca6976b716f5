"""Staging and canonical over one small company with two billing engines, three systems of customers and bad amounts."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

import pytest

from dagster_project.sources.contracts import load_contracts
from tests.dbt.dbt_in_process import build_foundation, rows
from tests.dbt.landed_world import LandedWorld, find_copies

EARLY, LATE = datetime(2026, 1, 1), datetime(2026, 2, 1)
INSTANCES = {
    "product": ["product"],
    "billing": ["east", "west"],
    "crm": ["crm"],
    "erp": ["erp", "erp_east"],
    "hub": ["hub"],
}
LINKS = [
    ("erp_east", "billing", "east"),
    ("east", "erp", "erp"),
    ("east", "erp", "erp_east"),
    ("west", "erp", "erp"),
]


def _customer(key: str, **more) -> dict:
    return {"customer_id": key, "name": key, "legal_entity_code": "US", "currency": "USD", "updated_at": EARLY} | more


def _account(key: str, parent: str | None = None) -> dict:
    return {"account_id": key, "name": key, "parent_account_id": parent, "currency": "USD", "updated_at": EARLY}


def _invoice(key: str, currency: str = "USD") -> dict:
    return {
        "invoice_id": key,
        "customer_id": "C1",
        "legal_entity_code": "US",
        "currency": currency,
        "status": "open",
        "finalized_at": LATE,
        "issue_date": date(2026, 2, 1),
        "net_amount": Decimal(10),
        "updated_at": LATE,
    }


def _line(key: str, invoice: str, amount: str) -> dict:
    return {
        "line_id": key,
        "invoice_id": invoice,
        "subscription_id": "S",
        "sku": "SEAT",
        "kind": "recurring",
        "quantity": 1,
        "amount": Decimal(amount),
    }


def _document(key: str, kind: str, external: str) -> dict:
    return {
        "document_id": key,
        "document_type": kind,
        "external_id": external,
        "legal_entity_code": "US",
        "currency": "USD",
        "net_amount": Decimal(10),
        "status": "open",
        "updated_at": LATE,
    }


def _receipt(key: str, external: str, amount: str) -> dict:
    return {
        "receipt_id": key,
        "external_id": external,
        "currency": "USD",
        "amount": Decimal(amount),
        "updated_at": LATE,
    }


def _journal_line(number: int, base: str, entity: str = "JP") -> dict:
    return {
        "journal_id": "J",
        "line_number": number,
        "legal_entity_code": entity,
        "currency": "USD",
        "debit": Decimal("1.25"),
        "base_debit": Decimal(base),
        "created_at": LATE,
    }


def _fill(world: LandedWorld) -> None:
    entity = {"name": "", "country": "", "timezone": "UTC", "updated_at": EARLY}
    world.add("erp", "erp", "legal_entities", {"legal_entity_code": "US", "base_currency": "USD"} | entity)
    world.add("erp", "erp", "legal_entities", {"legal_entity_code": "JP", "base_currency": "JPY"} | entity)
    world.add("erp_east", "erp", "legal_entities", {"legal_entity_code": "US-EAST", "base_currency": "USD"} | entity)
    _fill_customers(world)
    _fill_billing(world)
    _fill_erp(world)
    contract = {"contract_id": "K", "account_id": "top", "currency": "USD", "updated_at": EARLY}
    versions = ((1, "signed"), (2, "signed"), (3, "draft"))
    world.add("crm", "crm", "contracts", *({"version": n, "status": status} | contract for n, status in versions))
    terms = {"contract_id": "K", "sku": "SEAT", "price_id": "P", "minimum_amount": Decimal(5), "updated_at": EARLY}
    world.add("crm", "crm", "contract_lines", *({"contract_line_id": f"L{n}", "version": n} | terms for n in (1, 2, 3)))


def _fill_customers(world: LandedWorld) -> None:
    accounts = (_account("top"), _account("mid", "top"), _account("low", "mid"), _account("prospect"))
    world.add("crm", "crm", "accounts", *accounts, _account("round", "robin"), _account("robin", "round"))
    world.add("east", "billing", "customers", _customer("C1", crm_account_id="top", legal_entity_code="US-EAST"))
    world.add("east", "billing", "customers", _customer("C2", crm_account_id="mid"))
    world.add("west", "billing", "customers", _customer("C1", crm_account_id="low", parent_customer_id="C9"))
    world.add("west", "billing", "customers", _customer("C3", crm_account_id="round"), _customer("C9"))
    customer = {"name": "", "currency": "USD", "updated_at": EARLY}
    world.add("erp", "erp", "customers", {"erp_customer_id": "D1", "billing_customer_id": "C2"} | customer)
    world.add("erp", "erp", "customers", {"erp_customer_id": "D2", "billing_customer_id": "C2"} | customer)
    world.add("erp", "erp", "customers", {"erp_customer_id": "D3", "billing_customer_id": "C1"} | customer)
    world.add("erp_east", "erp", "customers", {"erp_customer_id": "D1", "billing_customer_id": "C1"} | customer)


def _fill_billing(world: LandedWorld) -> None:
    world.add("east", "billing", "invoices", _invoice("I1"), _invoice("I2"))
    world.add("west", "billing", "invoices", _invoice("I1"), _invoice("YEN", "JPY"))
    lines = (_line("good", "I1", "10.25"), _line("orphan", "NONE", "7"), _line("half_yen", "YEN", "0.5"))
    world.add("west", "billing", "invoice_lines", *lines)
    note = {"credit_note_id": "N1", "currency": "USD", "status": "issued", "net_amount": 3, "updated_at": LATE}
    world.add("east", "billing", "credit_notes", note)
    world.add("east", "billing", "payments", {"payment_id": "X", "customer_id": "C1", "currency": "USD", "amount": 5})
    world.add("east", "billing", "refunds", {"refund_id": "X", "payment_id": "X", "currency": "USD", "amount": 5})


def _fill_erp(world: LandedWorld) -> None:
    shared = (_document("A", "invoice", "I1"), _document("B", "invoice", "I2"), _document("E", "invoice", "NEVER"))
    world.add("erp", "erp", "ar_documents", *shared)
    own = (_document("A", "invoice", "I1"), _document("C", "invoice", "N1"), _document("D", "credit_memo", "N1"))
    world.add("erp_east", "erp", "ar_documents", *own)
    world.add("erp_east", "erp", "cash_receipts", _receipt("R1", "X", "5"), _receipt("R2", "X", "-5"))
    lines = (_journal_line(1, "190"), _journal_line(2, "190.5"), _journal_line(3, "1", entity="NOWHERE"))
    world.add("erp", "erp", "journal_lines", *lines)


@pytest.fixture(scope="module")
def work(tmp_path_factory):
    return tmp_path_factory.mktemp("foundation")


@pytest.fixture(scope="module")
def warehouse(work):
    path = work / "tieout.duckdb"
    world = LandedWorld(path, INSTANCES, LINKS)
    _fill(world)
    find_copies(world.connection)
    world.close()
    build_foundation(path, work)
    return path


def test_every_landing_column_reaches_staging(warehouse):
    renamed = {"currency": "currency_code", "base_currency": "base_currency_code"}
    renamed["quote_currency"] = "quote_currency_code"
    query = "select table_name, column_name from information_schema.columns where table_schema = 'staging'"
    staged = set(rows(warehouse, query))
    for contract in load_contracts().values():
        for column in contract.columns:
            name = renamed.get(column.name, column.name)
            assert (f"stg_generic__{contract.domain}__{contract.name}", name) in staged


def test_an_amount_that_cannot_be_converted_is_neither_rounded_nor_lost(warehouse):
    found = rows(
        warehouse,
        """select object, key_text, reason_code, parent_object, parent_key_text, column_name, amount_text
        from canonical.unconvertible_row order by object, key_text""",
    )
    assert found == [
        ("invoice_lines", "half_yen", "too_many_decimals", "invoices", "YEN", "amount", "0.5000"),
        ("invoice_lines", "orphan", "missing_parent", "invoices", "NONE", None, None),
        ("journal_lines", "J|2", "too_many_decimals", "legal_entities", "JP", "base_debit", "190.5000"),
        ("journal_lines", "J|3", "missing_parent", "legal_entities", "NOWHERE", None, None),
    ]
    assert rows(warehouse, "select line_id, amount_minor from canonical.invoice_line") == [("good", 1025)]
    assert rows(warehouse, "select debit_minor, base_debit_minor from canonical.journal_line") == [(125, 190)]


def test_the_reason_of_an_unconvertible_row_can_be_read_by_a_person(warehouse):
    query = "select reason from canonical.unconvertible_row where object = 'invoice_lines' order by key_text"
    assert [reason for (reason,) in rows(warehouse, query)] == [
        "invoice_lines half_yen: amount 0.5000 has more decimals than JPY allows",
        "invoice_lines orphan names invoices NONE, which is not there: its currency is unknown",
    ]


def test_a_document_of_one_ledger_is_never_given_to_the_other_billing_engine_with_the_same_invoice_number(warehouse):
    query = "select source_instance, document_id, billing_instance from canonical.ar_document order by 1, 2"
    assert rows(warehouse, query) == [
        ("erp", "A", None),  # both engines have an I1: a guess would settle the wrong customer's invoice
        ("erp", "B", "east"),
        ("erp", "E", None),
        ("erp_east", "A", "east"),
        ("erp_east", "C", "east"),
        ("erp_east", "D", "east"),
    ]


def test_a_credit_note_posted_as_an_invoice_is_seen_as_what_it_stands_for(warehouse):
    query = "select document_id, sign, external_object from canonical.ar_document where external_id = 'N1' order by 1"
    assert rows(warehouse, query) == [("C", 1, "credit_note"), ("D", -1, "credit_note")]


def test_a_refund_with_its_payments_key_is_not_taken_for_the_payment(warehouse):
    query = "select amount_minor, external_object from canonical.cash_receipt order by receipt_id"
    assert rows(warehouse, query) == [(500, "payment"), (-500, "refund")]


def test_a_draft_amendment_does_not_displace_the_signed_terms(warehouse):
    query = "select version, status, is_signed, latest_version from canonical.contract"
    assert rows(warehouse, query) == [(2, "signed", True, 3)]
    query = "select contract_line_id, is_in_force, minimum_amount_minor from canonical.contract_line order by 1"
    assert rows(warehouse, query) == [("L1", False, 500), ("L2", True, 500), ("L3", False, 500)]


def test_a_legal_entity_is_found_in_the_ledger_that_keeps_its_books(warehouse):
    query = "select source_instance, customer_id, erp_instance from canonical.billing_customer order by 1, 2"
    assert rows(warehouse, query)[:3] == [("east", "C1", "erp_east"), ("east", "C2", "erp"), ("west", "C1", "erp")]


def test_an_account_is_one_customer_across_the_systems_with_its_top_parent(warehouse):
    query = """select account_key, crm_account_id, erp_instance, erp_customer_id, erp_customer_count,
        top_account_key, hierarchy_level, is_circular from canonical.account order by account_key"""
    top = "billing|east|C1"
    assert rows(warehouse, query) == [
        ("billing|east|C1", "top", "erp_east", "D1", 1, top, 0, False),
        ("billing|east|C2", "mid", "erp", "D1", 2, top, 1, False),
        # the CRM's parent counts, not billing's own C9
        ("billing|west|C1", "low", None, None, 0, top, 2, False),
        ("billing|west|C3", "round", None, None, 0, "billing|west|C3", 0, True),
        ("billing|west|C9", None, None, None, 0, "billing|west|C9", 0, False),
        ("crm|crm|prospect", "prospect", None, None, 0, "crm|crm|prospect", 0, False),
        ("crm|crm|robin", "robin", None, None, 0, "crm|crm|robin", 0, True),
        # C1 exists in both engines, so nothing says whose customer it is
        ("erp|erp|D3", None, "erp", "D3", 1, "erp|erp|D3", 0, False),
    ]
