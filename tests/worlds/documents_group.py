"""A group of companies under one configuration: seven billing systems and eight ERPs that share ids, ERPs and faults.

`ours` is the company of documents_scenarios, delivered in pieces, twice and out of order; the others may change nothing
about it. `EXPECTED`: (source instance, code, match key) -> (status, cause).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.worlds.documents_books import Books
from tests.worlds.documents_files import write_object
from tests.worlds.documents_scenarios import AS_OF, company

LINKS = {
    "billing": ["erp"], "same": ["same_erp"], "left": ["shared_erp"], "right": ["shared_erp"],
    "regions": ["west_erp", "east_erp"], "faulty": ["faulty_erp"], "nameless": ["nameless_erp"],
}  # fmt: skip
EXPECTED: dict[tuple[str, str, str], tuple[str, str | None]] = {}


def group(folder: Path) -> None:
    """Writes every company and the configuration."""
    folder.mkdir(parents=True, exist_ok=True)
    in_pieces(company(), folder)
    twin().write(folder, "same", "same_erp")
    shared(folder)
    regions(folder)
    faulty(folder)
    nameless(folder)
    lines = ["company: Konzern", "home: .tieout", f"as_of: {AS_OF}", "reporting_currency: CHF", "sources:"]
    for billing, erps in LINKS.items():
        for name, domain in ((billing, "billing"), *((erp, "erp") for erp in erps)):
            links = f", links: [{', '.join(erps)}]" if domain == "billing" else ""
            line = f"  - {{name: {name}, domain: {domain}, vendor: generic, connector: {{type: files, path: {name}}}{links}}}"
            if line not in lines:
                lines.append(line)
    (folder / "tieout.yml").write_text("\n".join(lines) + "\n", encoding="utf-8")


def found(instance: str, code: str, key: str, status: str, cause: str | None = None) -> None:
    """Writes one expected result."""
    EXPECTED[instance, code, key] = (status, cause)


def in_pieces(books: Books, folder: Path) -> None:
    """Every object in two files, the newer rows first, and the first file again under another name."""
    for name, system in (("billing", books.billing), ("erp", books.erp)):
        for object_name, rows in system.items():
            half = len(rows) // 2
            where = folder / name / object_name
            write_object(where, object_name, rows[half:][::-1], stem="a_spät")
            write_object(where, object_name, rows[:half], stem="b_früh", suffix="jsonl" if half else "csv")
            write_object(where, object_name, rows[half:][::-1], stem="c_nochmals")


def twin() -> Books:
    """Another company whose every id is one of the first's; nothing is wrong with it."""
    theirs, ours = company(), Books()
    for entity in theirs.erp["legal_entities"]:
        ours.entity(entity["legal_entity_code"], entity["base_currency"])
    for customer in theirs.billing["customers"]:
        ours.customer(customer["customer_id"], customer["legal_entity_code"])
    for number, row in enumerate({row["invoice_id"]: row for row in theirs.billing["invoices"]}.values(), start=1):
        ours.invoice(row["invoice_id"], row["customer_id"], (str(7 * number), str(number)))
    for row in theirs.billing["payments"]:
        ours.payment(row["payment_id"], row["customer_id"], "7")
        key = next(
            (key["invoice_id"] for key in ours.billing["invoices"] if key["customer_id"] == row["customer_id"]), None
        )
        if key is None:
            ours.invoice(key := f"neu {row['payment_id']}", row["customer_id"])
        ours.receipt(row["payment_id"], row["customer_id"], "7", (f"B {key}", "7"))
    return ours


def shared(folder: Path) -> None:
    """Two billing systems, one ERP: an id that both have issued is never matched; a rejected row hides only its key."""
    left, right, erp = Books(), Books(), Books()
    for books in (left, right, erp):
        books.entity("COM", "CHF")
        books.entity("QUA", "CHF")
    for books, side in ((left, "left"), (right, "right")):
        for system in (books, erp):
            system.customer(f"k {side}", "COM")
        for key, post in (("1", {"doc": f"B 1 {side}"}), (f"{side} 2", {}), (f"{side} 3", None), (f"{side} 4", {})):
            books.invoice(key, f"k {side}", post=None)
            if post is not None:
                erp.post(key, f"k {side}", [("100", "8")], **post)
        books.payment("p", f"k {side}", "108")
        erp.receipt("p", f"k {side}", "108", (f"B 1 {side}", "108"), key=f"Z p {side}")
        books.payment(f"{side} p", f"k {side}", "108")
        erp.receipt(f"{side} p", f"k {side}", "108", (f"B {side} 2", "108"))
        for code, key in (("R14", "1"), ("R24", "p")):
            found(side, code, key, "not_testable")
        for code, key in (("R14", f"{side} 2"), ("R14", f"{side} 4"), ("R24", f"{side} p")):
            found(side, code, key, "matched")
        found(side, "R14", f"{side} 3", "break", "C02")
    # rejected rows: a document, an invoice's only copy, a receipt, a journal line whose currency is none
    left.invoice("left 5", "k left", post=None)
    erp.post("left 5", "k left", [("100", "8")], total_amount="viel", journal=None)
    left.invoice("left 6", "k left", post=None, total_amount="108.001")
    left.payment("left q", "k left", "108")
    erp.receipt("left q", "k left", "keine Zahl")
    for code, key in (("R14", "left 5"), ("R14", "left 6"), ("R24", "left q")):
        found("left", code, key, "not_testable")
    # the document stands on a second ERP record of the customer, which was rejected: nobody knows whose it is
    erp.erp["customers"].append(erp.erp["customers"][0] | {"erp_customer_id": "deb zwei", "payment_terms_days": "-1"})
    left.invoice("left 7", "k left", post=None)
    erp.post("left 7", "k left", [("100", "8")], erp_customer_id="deb zwei")
    found("left", "R14", "left 7", "not_testable")
    erp.customer("k qua", "QUA")
    erp.post(None, "k qua", [("10", "1")], doc="ohne Vorlage")
    erp.journal("J XX", "QUA", "5", "2026-04", currency="XXQ")
    found("shared_erp", "R33", "QUA|12.000|CHF|2026-04", "not_testable")
    found("shared_erp", "R33", "COM|12.000|CHF|2026-04", "not_testable")
    for books, name in ((left, "left"), (right, "right")):
        for object_name, rows in books.billing.items():
            write_object(folder / name / object_name, object_name, rows)
    for object_name, rows in erp.erp.items():
        write_object(folder / "shared_erp" / object_name, object_name, rows)


def regions(folder: Path) -> None:
    """One billing system, an ERP per region; the east's documents are cut off, and the west is none the worse."""
    billing, erps = Books(), {"WST": Books(), "EST": Books()}
    for code, erp in erps.items():
        for books in (billing, erp):
            books.entity(code, "CHF")
            books.customer(f"k {code}", code)
        for number in range(3):
            billing.invoice(f"{code} {number}", f"k {code}", post=None)
            if number:  # the first is not posted: in the east nobody can know
                erp.post(f"{code} {number}", f"k {code}", [("100", "8")], doc=f"B {number}")
        billing.payment(f"{code} p", f"k {code}", "108")
        erp.receipt(f"{code} p", f"k {code}", "108", ("B 1", "108"), key="Z 1")
        billing.credit(f"{code} g", f"{code} 2", memo=None)
        erp.post(
            f"{code} g",
            f"k {code}",
            net="50",
            tax="4",
            doc="B g",
            document_type="credit_memo",
            original_document_id="B 2",
        )
    for code, key, cause in (("R14", "0", "C02"), ("R14", "1", None), ("R14", "2", None), ("R16", "g", None)):
        found("regions", code, f"WST {key}", "break" if cause else "matched", cause)
        found("regions", code, f"EST {key}", "not_testable")
    found("regions", "R24", "WST p", "matched")
    found("regions", "R24", "EST p", "not_testable")
    found("west_erp", "R33", "WST|12.000|CHF|2026-04", "matched")
    found("east_erp", "R33", "EST|12.000|CHF|2026-04", "not_testable")
    found("east_erp", "R38", "east_erp|ar_documents", "break")
    for object_name, rows in billing.billing.items():
        write_object(folder / "regions" / object_name, object_name, rows)
    for code, name in (("WST", "west_erp"), ("EST", "east_erp")):
        for object_name, rows in erps[code].erp.items():
            cut = {"row_count": len(rows) + 1} if (code, object_name) == ("EST", "ar_documents") else {}
            write_object(folder / name / object_name, object_name, rows, sidecar=cut)


def faulty(folder: Path) -> None:
    """Every way in which a snapshot is no longer what the source holds, and those that are none."""
    books = Books()
    books.entity("FLT", "CHF")
    books.customer("k", "FLT")
    books.invoice("1", "k")
    books.credit("g", "1")
    books.payment("p", "k", "10.50")
    changes: dict[str, dict[str, Any] | None] = {
        "customers": None, "payments": {"extracted_at": "2026-05-17T03:59:59Z"}, "invoices": {"row_count": 2},
        "credit_notes": {"control_totals": {"net_amount": "50.01"}}, "skus": {"extracted_at": "2026-05-17T04:00:00Z"},
        "invoice_lines": {"control_totals": {"amount": "100.0", "tax_amount": "8"}},
        "ar_documents": {"control_totals": {"net_amount": "150.000", "total_amount": "162"}},
    }  # fmt: skip
    for name, system in (("faulty", books.billing), ("faulty_erp", books.erp)):
        for object_name, rows in system.items():
            if object_name == "cash_receipts":
                continue
            if object_name == "legal_entities":  # a column has another name
                rows = [
                    {("zeitzone" if key == "timezone" else key): value for key, value in row.items()} for row in rows
                ]
            if object_name == "accounting_periods":
                rows = [row | {"bemerkung": None} for row in rows]
            file = write_object(folder / name / object_name, object_name, rows, sidecar=changes.get(object_name, {}))
            if object_name == "gl_accounts":
                file.write_bytes(file.read_bytes().decode().encode("utf-16"))
    for key, status in (
        ("faulty|customers", "not_testable"), ("faulty|payments", "break"), ("faulty|invoices", "break"),
        ("faulty|credit_notes", "break"), ("faulty|skus", "matched"), ("faulty|invoice_lines", "matched"),
        ("faulty|prepaid_grants", "not_testable"),
    ):  # fmt: skip
        found("faulty", "R38", key, status)
    for key, status in (
        ("ar_documents", "matched"), ("legal_entities", "break"), ("gl_accounts", "break"), ("accounting_periods", "matched"),
        ("cash_receipts", "not_testable"),
    ):  # fmt: skip
        found("faulty_erp", "R38", f"faulty_erp|{key}", status)
    for code, key in (("R14", "1"), ("R16", "g"), ("R24", "p")):
        found("faulty", code, key, "not_testable")
    found("faulty_erp", "R33", "not testable|faulty_erp", "not_testable")  # no account, so no cell could say so


def nameless(folder: Path) -> None:
    """Rows whose key cannot be read: they may be any, so nothing of their object is tested."""
    books = Books()
    books.entity("NON", "CHF")
    books.customer("k", "NON")
    books.invoice("1", "k")
    books.invoice("2", "k", post=None)
    books.credit("g", "1")
    books.payment("p", "k", "108")
    books.receipt("p", "k", "108", ("B 1", "108"))
    books.erp["ar_documents"].append(books.erp["ar_documents"][0] | {"document_id": None, "external_id": None})
    books.erp["cash_applications"].append(
        books.erp["cash_applications"][0] | {"application_id": None, "receipt_id": None}
    )
    for code, key in (("R14", "1"), ("R14", "2"), ("R16", "g"), ("R24", "p")):
        found("nameless", code, key, "not_testable")
    found("nameless_erp", "R33", "NON|12.000|CHF|2026-04", "not_testable")
    books.write(folder, "nameless", "nameless_erp")
