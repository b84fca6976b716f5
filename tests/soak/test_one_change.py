"""One record of a sound company is changed, for each of many customers another: would anybody have been told?

Every change has a customer of its own, so that one close judges all of them: each must be a break with its cause and
amount, and no customer that nothing was done to may have one. `make soak`.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest

from sample_data.build import build, new_world
from sample_data.defects.planting import SPECIAL, plain
from sample_data.output.directory import save
from sample_data.world.state import Row, World

pytestmark = pytest.mark.soak
LONG_AGO = date(2026, 8, 1)
EXPECTED: dict[tuple[str, str], tuple[str, str, int | None]] = {}  # (control, match key) -> change, cause, delta
TOUCHED: set[str] = set()


class Books:
    """The rows of a sound company; a row is taken with its customer, whom no later change may touch."""

    def __init__(self, world: World) -> None:
        self.tables = world.tables
        self.taken = {sub.customer.customer_id for sub in world.subscriptions if sub.profile in SPECIAL}
        self.taken |= {row["customer_id"] for row in self.tables["billing.customers"] if row["parent_customer_id"]}
        self.taken |= {row["parent_customer_id"] for row in self.tables["billing.customers"]}
        self.owner = {row["erp_customer_id"]: row["billing_customer_id"] for row in self.tables["erp.customers"]}
        self.invoices = {row["invoice_id"]: row for row in self.tables["billing.invoices"]}
        self.payments = {row["payment_id"]: row for row in self.tables["billing.payments"]}
        self.documents = {row["document_id"]: row for row in self.tables["erp.ar_documents"]}

    def sound(self, invoice_id: str | None) -> bool:
        """Whether it is a paid invoice of long ago, without credit or void, of a customer that is free."""
        row = self.invoices.get(invoice_id or "")
        if row is None or row["customer_id"] in self.taken or row["issue_date"] >= LONG_AGO:
            return False
        return plain(row) and row["status"] == "paid"

    def take(self, table: str, invoice_of: Callable[[Row], str | None], test: Callable[[Row], Any] = bool) -> Row:
        """The first free row whose invoice is sound."""
        found = next(row for row in self.tables[table] if self.sound(invoice_of(row)) and test(row))
        self.touch(self.invoices[invoice_of(found) or ""]["customer_id"])
        return found

    def touch(self, customer_id: str) -> None:
        self.taken.add(customer_id)
        TOUCHED.add(customer_id)

    def payment(self) -> Row:
        return self.take("billing.payments", lambda row: row["invoice_id"], lambda row: row["status"] == "succeeded")

    def receipt(self) -> Row:
        return self.take("erp.cash_receipts", self.paid_invoice)

    def paid_invoice(self, receipt: Row) -> str | None:
        return self.payments.get(receipt["external_id"], {}).get("invoice_id")

    def document_line(self) -> Row:
        return self.take(
            "erp.ar_document_lines",
            lambda row: self.documents[row["document_id"]]["external_id"],
            lambda row: row["tax_amount"] > 0 and row["amount"] > 0,
        )

    def invoice_of(self, line: Row) -> str:
        return self.documents[line["document_id"]]["external_id"]


def expect(change: str, code: str, key: str, cause: str, delta: int | None) -> None:
    EXPECTED[code, key] = (change, cause, delta)


def document_lines(books: Books) -> None:
    lines = books.tables["erp.ar_document_lines"]
    line = books.document_line()
    lines.remove(line)
    expect("line not posted", "R14", books.invoice_of(line), "C07", line["amount"] + line["tax_amount"])
    line = books.document_line()
    lines.append({**line, "document_line_id": f"{line['document_line_id']}-again"})
    expect("line posted twice", "R14", books.invoice_of(line), "C05", -line["amount"] - line["tax_amount"])
    for field, cause in (("amount", "C14"), ("tax_amount", "C11")):
        line = books.document_line()
        expect(f"{field} of a posted line doubled", "R14", books.invoice_of(line), cause, -line[field])
        line[field] *= 2


def document_line_names(books: Books) -> None:
    """The amounts agree line by line; which line is which does not."""
    lines = books.tables["erp.ar_document_lines"]
    siblings: dict[str, list[Row]] = {}
    for row in lines:
        siblings.setdefault(row["document_id"], []).append(row)
    line, other = books.document_line(), books.document_line()
    expect("names another invoice's line", "R14", books.invoice_of(line), "C14", 0)
    line["source_line_id"] = other["source_line_id"]
    for change in ("one line of several names none", "two lines name one"):
        line = books.take(
            "erp.ar_document_lines",
            lambda row: books.documents[row["document_id"]]["external_id"],
            lambda row: row["amount"] > 0 and len(siblings[row["document_id"]]) > 1,
        )
        expect(change, "R14", books.invoice_of(line), "C14", 0)
        sibling = next(row for row in siblings[line["document_id"]] if row is not line)
        line["source_line_id"] = None if change.endswith("none") else sibling["source_line_id"]


def turned(books: Books) -> None:
    document = books.take(
        "erp.ar_documents", lambda row: row["external_id"], lambda row: row["document_type"] == "invoice"
    )
    invoice = books.invoices[document["external_id"]]
    change = "an invoice is posted as a credit memo"
    expect(change, "R14", invoice["invoice_id"], "C08", 2 * invoice["total_amount"])
    document["document_type"] = "credit_memo"
    for payment in books.payments.values():
        if payment["invoice_id"] == invoice["invoice_id"] and payment["status"] == "succeeded":
            expect(change, "R24", payment["payment_id"], "D07", payment["amount"])


def documents(books: Books) -> None:
    document = books.documents[books.document_line()["document_id"]]
    expect("reversed in the ERP alone", "R14", document["external_id"], "C06", document["total_amount"])
    document.update(status="reversed", open_amount=0)
    document = books.documents[books.document_line()["document_id"]]
    expect("posted on a day of another period", "R21", document["document_id"], "C10", document["total_amount"])
    document["posting_date"] += timedelta(days=45)


def credits_(books: Books) -> None:
    notes = [row for row in books.tables["billing.credit_notes"] if row["customer_id"] not in books.taken]
    lines = {row["credit_note_id"]: row for row in books.tables["billing.credit_note_lines"]}
    note = notes[0]
    books.touch(note["customer_id"])
    line = lines[note["credit_note_id"]]
    expect("amount of a credit's line doubled", "R16", note["credit_note_id"], "C14", -line["amount"])
    line["amount"] *= 2
    note = next(row for row in notes if row["customer_id"] not in books.taken)
    books.touch(note["customer_id"])
    expect("net of a credit doubled", "R16", note["credit_note_id"], "C14", 0)
    note["net_amount"] *= 2


def payments(books: Books) -> None:
    row, other = books.payment(), books.payment()
    expect("names another's invoice", "R24", row["payment_id"], "D05", row["amount"])
    row["invoice_id"] = other["invoice_id"]
    row = books.payment()
    expect("pending, and booked", "R24", row["payment_id"], "D07", -row["amount"])
    row["status"] = "pending"


def receipts(books: Books) -> None:
    row, other = books.receipt(), books.receipt()
    expect("on another's account", "R24", row["external_id"], "D05", row["amount"])
    row["erp_customer_id"] = other["erp_customer_id"]
    row = books.receipt()
    expect("in another entity", "R24", row["external_id"], "D05", row["amount"])
    row["legal_entity_code"] = "US" if row["legal_entity_code"] != "US" else "DE"
    row = books.receipt()
    expect("amount of a receipt doubled", "R24", row["external_id"], "D07", -row["amount"])
    row["amount"] *= 2
    row = books.receipt()
    expect("application missing", "R24", row["external_id"], "D04", row["amount"])
    books.tables["erp.cash_applications"][:] = [
        one for one in books.tables["erp.cash_applications"] if one["receipt_id"] != row["receipt_id"]
    ]


def contracts(books: Books) -> None:
    free = (row for row in books.tables["billing.subscriptions"] if row["customer_id"] not in books.taken)
    for change in ("subscription is another's", "contract is another's"):
        row, other = next(free), next(one for one in free)
        if change.startswith("subscription"):
            books.touch(row["customer_id"])
            books.touch(other["customer_id"])
            _everywhere(books, row["subscription_id"], customer_id=other["customer_id"])
        else:
            books.touch(row["customer_id"])
            books.touch(other["customer_id"])
            account = f"ACC-{other['customer_id'][4:]}"
            for contract in books.tables["crm.contracts"]:
                if contract["contract_id"] == row["contract_id"]:
                    contract["account_id"] = account
        expect(change, "R09", row["contract_id"], "B02", None)


def kinds(books: Books) -> None:
    for stated, kind in (("recurring", "one_time"), ("recurring", "usage"), ("usage", "recurring")):
        line = books.take(
            "billing.invoice_lines",
            lambda row: row["invoice_id"],
            lambda row, stated=stated: row["kind"] == stated and row["amount"] > 0 and not row["is_proration"],
        )
        expect(f"{stated} line called {kind}", "R06", line["line_id"], "wrong kind", 0)
        line["kind"] = kind


def fees(books: Books) -> None:
    """Of an invoice with two fees of one interval, one is left out, and one states no time."""
    lines = books.tables["billing.invoice_lines"]

    def regular(row: Row) -> bool:
        return row["kind"] == "recurring" and row["amount"] > 0 and not row["is_proration"]

    starts: dict[tuple[str, str, date], int] = {}
    for row in filter(regular, lines):
        key = (row["invoice_id"], row["subscription_id"], row["service_start"])
        starts[key] = starts.get(key, 0) + 1
    for change in ("a fee is left out", "a fee ends before it starts"):
        line = books.take(
            "billing.invoice_lines",
            lambda row: row["invoice_id"],
            lambda row: regular(row) and starts[row["invoice_id"], row["subscription_id"], row["service_start"]] > 1,
        )
        expect(change, "R13", f"{line['subscription_id']}|{line['service_start']}", "B03", line["amount"])
        if change.endswith("out"):
            lines.remove(line)
        else:
            line["service_end"] = line["service_start"] - timedelta(days=1)


def prepaid(books: Books) -> None:
    """Customers with prepaid units are special, and each has one of these changes alone."""
    owner = {row["subscription_id"]: row["customer_id"] for row in books.tables["billing.subscriptions"]}
    balances: dict[str, list[Row]] = {}
    for row in books.tables["billing.prepaid_balances"]:
        balances.setdefault(row["subscription_id"], []).append(row)
    grants = iter({row["subscription_id"]: row for row in reversed(books.tables["billing.prepaid_grants"])}.values())
    free = (one for one in grants if len(balances[one["subscription_id"]]) > 3)

    def take() -> tuple[Row, list[Row]]:
        grant = next(free)
        TOUCHED.add(owner[grant["subscription_id"]])
        return grant, balances[grant["subscription_id"]]

    def told(change: str, balance: Row, delta: int) -> None:
        key = "|".join((balance["subscription_id"], balance["sku"], balance["period"]))
        expect(change, "R07", key, "B06", delta)

    grant, (first, *_) = take()
    told("grant in another currency", first, -first["closing_amount"])
    grant["currency"] = "USD" if grant["currency"] != "USD" else "EUR"
    _, (_, second, *_) = take()
    told("balance in another currency", second, second["closing_amount"])
    second["currency"] = "USD" if second["currency"] != "USD" else "EUR"
    _, (_, second, *_) = take()
    told("more left than was not drawn", second, -1000)
    second["closing_amount"] += 1000


def _everywhere(books: Books, subscription_id: str, **changes: Any) -> None:
    for row in books.tables["billing.subscriptions"]:
        if row["subscription_id"] == subscription_id:
            row.update(changes)


def _changed(folder: Path) -> None:
    EXPECTED.clear()
    TOUCHED.clear()
    world = build(new_world("ci", 5))
    books = Books(world)
    for change in (
        document_lines,
        document_line_names,
        turned,
        documents,
        credits_,
        payments,
        receipts,
        contracts,
        kinds,
        fees,
        prepaid,
    ):
        change(books)
    save(world, folder)


@pytest.fixture(scope="module")
def changed(worlds, tmp_path_factory):
    _changed(tmp_path_factory.mktemp("expected"))  # fills the expectations, also where another worker closed it
    return worlds("one_change", _changed)


def test_every_change_is_told_with_its_cause_and_amount(changed):
    """A change that nobody is told of is money that moves unseen; a wrong cause sends the wrong people to look for it."""
    assert changed.run.code == 1, changed.run.text
    with duckdb.connect(str(changed.published), read_only=True) as con:
        found = {
            (code, key): (cause, delta)
            for code, key, cause, delta in con.execute(
                "select code, match_key, cause_code, delta_minor from marts.exceptions"
            ).fetchall()
        }
    wrong = [(key, *told, found.get(key)) for key, told in EXPECTED.items() if found.get(key) != told[1:]]
    assert wrong == []


def test_nobody_else_has_a_break(changed):
    with duckdb.connect(str(changed.published), read_only=True) as con:
        innocent = con.execute(
            "select code, match_key, reason from marts.exceptions where customer_id not in (select unnest(?))",
            [sorted(TOUCHED)],
        ).fetchall()
        plugs = con.execute(
            "select * from marts.bridge_allocation where cause_code like '_99' and amount_minor <> 0"
        ).fetchall()
    assert innocent == []
    assert plugs == []
