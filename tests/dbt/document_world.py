"""A small company whose invoices, credits and payments each show one thing: the rows around them are filled in here."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from dagster_project.settings import FilesConnector, Settings, Source
from dagster_project.warehouse import configuration, deliveries
from tests.dbt.landed_world import LandedWorld, find_copies

AS_OF = datetime(2026, 4, 15, 12, tzinfo=UTC)  # a Wednesday
INSTANCES = {"product": ["product"], "billing": ["main", "second"], "crm": ["crm"], "erp": ["erp", "erp_b"], "hub": []}
PAIRS = {"main": "erp", "second": "erp_b"}
ERP_OF = {"erp_c1": "C1", "erp_c2": "C2", "erp_parent": "PARENT", "erp_child": "CHILD"}
NEW_YEAR = "2026-01-01 00:00"


class DocumentWorld(LandedWorld):
    """Every document is sound unless the caller says otherwise; amounts are decimal text in major units."""

    def __init__(self, path: Path, home: Path):
        links = [(a, "erp", b) for a, b in PAIRS.items()] + [(b, "billing", a) for a, b in PAIRS.items()]
        super().__init__(path, INSTANCES, links)
        settings = settings_of(home)
        configuration.write(self.connection, settings, AS_OF)
        deliveries.write(self.connection, settings, [])
        find_copies(self.connection)
        objects = self.connection.execute(
            "select source_instance, domain, object from config.source_objects"
        ).fetchall()
        for source, domain, name in objects:
            self.batch(source, domain, name)
        self._masters()

    def batch(self, source: str, domain: str, name: str, **more: Any) -> None:
        """One delivered file; fresh, complete and with a sidecar unless said otherwise. Replaces the object's others."""
        if not more.pop("beside", False):
            self.connection.execute(
                "delete from landed.batches where source_instance = ? and object = ?", [source, name]
            )
        row = {
            "source_instance": source, "domain": domain, "vendor": "generic", "object": name, "batch_id": f"{source}{name}",
            "file_name": f"{name}.csv", "extracted_at": datetime(2026, 4, 15, 9), "received_at": datetime(2026, 4, 15, 10),
            "state": "loaded", "received_rows": 10, "parsed_rows": 10, "accepted_rows": 10, "duplicate_rows": 0,
            "quarantined_rows": 0, "reported_row_count": 10,
        }  # fmt: skip
        row |= more
        marks = ", ".join("?" * len(row))
        self.connection.execute(f"insert into landed.batches ({', '.join(row)}) values ({marks})", list(row.values()))

    def reject(self, source: str, domain: str, name: str, key: str | None, payload: str) -> None:
        """One row that broke the contract and waits in quarantine."""
        self.connection.execute(
            "insert into landed.quarantine (source_instance, domain, vendor, object, batch_id, row_number, reason,"
            " failure_class, key_text, payload) values (?, ?, 'generic', ?, 'b1', 1, 'amount is no number',"
            " 'business_rule', ?, ?)",
            [source, domain, name, key, payload],
        )

    def invoice(
        self, key: str, net: str = "100", tax: str = "10", lines: int = 1, source: str = "main", **more: Any
    ) -> None:
        """A final invoice of `lines` equal lines."""
        row = {
            "invoice_id": key, "number": key, "series": "A", "customer_id": "C1", "legal_entity_code": "US",
            "currency": "USD", "issue_date": "2026-03-10", "finalized_at": "2026-03-10 10:00", "status": "open",
            "net_amount": net, "tax_amount": tax, "total_amount": Decimal(net) + Decimal(tax),
            "updated_at": "2026-03-10 10:00",
        }  # fmt: skip
        self.add(source, "billing", "invoices", row | more)
        for number in range(lines):
            line = {
                "line_id": f"{key}-{number}", "invoice_id": key, "subscription_id": "S1", "sku": "SEAT", "kind": "recurring",
                "quantity": 1, "discount_amount": 0, "amount": Decimal(net) / lines, "tax_code": "T", "tax_rate": 10,
                "tax_amount": Decimal(tax) / lines, "service_start": f"2026-{number + 1:02}-01",
                "service_end": f"2026-{number + 2:02}-01", "is_proration": False,
            }  # fmt: skip
            self.add(source, "billing", "invoice_lines", line)

    def posting(
        self, external: str | None, net: str = "100", tax: str = "10", lines: int = 1, source: str = "erp", **more: Any
    ) -> None:
        """An ERP document for a billing document, with one line per source line."""
        key = more.pop("document_id", f"D-{external}")
        row = {
            "document_id": key, "document_type": "invoice", "external_id": external, "number": key,
            "erp_customer_id": "erp_c1", "legal_entity_code": "US", "currency": "USD", "document_date": "2026-03-10",
            "posting_date": "2026-03-10", "period": "2026-03", "net_amount": net, "tax_amount": tax,
            "total_amount": Decimal(net) + Decimal(tax), "open_amount": Decimal(net) + Decimal(tax), "status": "open",
            "fx_rate": 1, "created_at": "2026-03-10 11:00", "updated_at": "2026-03-10 11:00",
        }  # fmt: skip
        self.add(source, "erp", "ar_documents", row | more)
        for number in range(lines):
            line = {
                "document_line_id": f"{key}-{number}", "document_id": key, "source_line_id": f"{external}-{number}",
                "item_code": "SEAT", "account_number": "4000", "amount": Decimal(net) / lines,
                "tax_amount": Decimal(tax) / lines,
            }  # fmt: skip
            self.add(source, "erp", "ar_document_lines", line)

    def credit(self, key: str, invoice: str, net: str = "20", tax: str = "2", **more: Any) -> None:
        """An issued credit note for an invoice."""
        row = {
            "credit_note_id": key, "number": key, "series": "CR", "invoice_id": invoice, "customer_id": "C1",
            "legal_entity_code": "US", "currency": "USD", "issue_date": "2026-03-12", "reason": "goodwill",
            "status": "issued", "net_amount": net, "tax_amount": tax, "total_amount": Decimal(net) + Decimal(tax),
            "updated_at": "2026-03-12 10:00",
        }  # fmt: skip
        self.add("main", "billing", "credit_notes", row | more)

    def memo(self, external: str, original: str | None, net: str = "20", tax: str = "2", **more: Any) -> None:
        """The ERP credit memo of a credit note."""
        self.posting(
            external, net, tax, lines=0, **({"document_type": "credit_memo", "original_document_id": original} | more)
        )

    def message(self, key: str, status: str, failure_class: str | None = None, kind: str = "invoice") -> None:
        """The interface message that carried a document."""
        row = {
            "message_id": f"M-{key}", "correlation_id": key, "document_kind": kind, "source_id": key,
            "sent_at": "2026-03-10 10:01", "status": status, "failure_class": failure_class, "error_code": "E1",
            "error_message": "as planted", "attempts": 6, "updated_at": "2026-03-10 10:05",
        }  # fmt: skip
        self.add("erp", "erp", "interface_log", row)

    def payment(self, key: str, amount: str, received: str = "2026-03-20 10:00", **more: Any) -> None:
        """A succeeded payment."""
        row = {
            "payment_id": key, "customer_id": "C1", "currency": "USD", "amount": amount, "fee_amount": 0,
            "status": "succeeded", "received_at": received, "updated_at": received,
        }  # fmt: skip
        self.add("main", "billing", "payments", row | more)

    def receipt(self, key: str, amount: str, *applications: tuple[str, str], **more: Any) -> None:
        """A cash receipt of a payment and its (document, amount) applications."""
        receipt = more.pop("receipt_id", f"R-{key}")
        source, period = more.pop("source", "erp"), more.pop("applied_in", "2026-03")
        row = {
            "receipt_id": receipt, "external_id": key, "erp_customer_id": "erp_c1", "legal_entity_code": "US",
            "currency": "USD", "amount": amount, "received_date": "2026-03-20", "fx_rate": 1, "status": "booked",
            "updated_at": "2026-03-20 12:00",
        }  # fmt: skip
        self.add(source, "erp", "cash_receipts", row | more)
        for number, (document, applied) in enumerate(applications):
            application = {
                "application_id": f"{receipt}-{number}", "receipt_id": receipt, "document_id": document,
                "amount": applied, "applied_at": "2026-03-20 13:00", "period": period,
            }  # fmt: skip
            self.add(source, "erp", "cash_applications", application)

    def journal(
        self, key: str, account: str, amount: str, period: str = "2026-03", source: str = "billing", **more: Any
    ) -> None:
        """One journal line in the second ERP; a negative amount is a credit."""
        value = Decimal(amount)
        row = {
            "journal_id": key, "line_number": 1, "legal_entity_code": "UK", "account_number": account,
            "posting_date": f"{period}-15", "period": period, "currency": "GBP", "debit": max(value, Decimal(0)),
            "credit": max(-value, Decimal(0)), "base_debit": max(value, Decimal(0)), "base_credit": max(-value, Decimal(0)),
            "source": source, "created_at": f"{period}-15 10:00",
        }  # fmt: skip
        self.add("erp_b", "erp", "journal_lines", row | more)

    def _masters(self) -> None:
        for erp, entities in (("erp", ("US", "JP", "DE", "BH")), ("erp_b", ("UK", "IE"))):
            for entity in entities:
                currency = {"JP": "JPY", "UK": "GBP", "US": "USD", "BH": "BHD"}.get(entity, "EUR")
                self.add(erp, "erp", "legal_entities", {
                    "legal_entity_code": entity, "name": entity, "base_currency": currency, "country": entity,
                    "timezone": "UTC", "updated_at": NEW_YEAR,
                })  # fmt: skip
                for month, end in ((1, 31), (2, 28), (3, 31), (4, 30)):
                    self.add(erp, "erp", "accounting_periods", {
                        "legal_entity_code": entity, "period": f"2026-{month:02}", "start_date": f"2026-{month:02}-01",
                        "end_date": f"2026-{month:02}-{end}", "status": "open", "updated_at": NEW_YEAR,
                    })  # fmt: skip
            for account, control in (("1100", "receivable"), ("1110", "receivable"), ("4000", "revenue"),
                                     ("2200", "tax"), ("2400", "deferred_revenue"), ("9000", "other")):  # fmt: skip
                kind = {"revenue": "revenue", "receivable": "asset"}.get(control, "liability")
                self.add(erp, "erp", "gl_accounts", {
                    "account_number": account, "name": control, "type": kind, "control": control, "updated_at": NEW_YEAR,
                })  # fmt: skip
        for erp_customer, customer in ERP_OF.items():
            parent = "PARENT" if customer == "CHILD" else None
            self.add("main", "billing", "customers", {
                "customer_id": customer, "parent_customer_id": parent, "name": customer, "legal_entity_code": "US",
                "currency": "USD", "country": "US", "payment_terms_days": 30, "created_at": NEW_YEAR, "updated_at": NEW_YEAR,
            })  # fmt: skip
            self._erp_customer("erp", erp_customer, customer)
        self._erp_customer("erp", "erp_unmapped", None)
        self._erp_customer("erp_b", "erp_c1", "C1")
        self.add("second", "billing", "customers", {
            "customer_id": "C1", "name": "another C1", "legal_entity_code": "UK", "currency": "GBP", "country": "UK",
            "payment_terms_days": 30, "created_at": NEW_YEAR, "updated_at": NEW_YEAR,
        })  # fmt: skip

    def _erp_customer(self, source: str, key: str, billing: str | None) -> None:
        self.add(source, "erp", "customers", {
            "erp_customer_id": key, "billing_customer_id": billing, "name": key, "legal_entity_code": "US",
            "currency": "USD", "country": "US", "payment_terms_days": 30, "updated_at": NEW_YEAR,
        })  # fmt: skip


def settings_of(home: Path, **more: Any) -> Settings:
    """The settings of the small company, its five systems linked in pairs."""
    sources = tuple(
        Source(
            name=name,
            domain=domain,
            connector=FilesConnector(type="files", path=home),
            links=(PAIRS[name],) if name in PAIRS else (),
        )
        for domain, names in INSTANCES.items()
        for name in names
    )
    return Settings(company="Small", home=home, as_of=AS_OF, reporting_currency="USD", sources=sources, **more)
