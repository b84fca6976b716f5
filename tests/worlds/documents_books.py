"""A billing system and an ERP written row by row: sound documents unless the caller says otherwise.

Amounts are decimal text in major units. Every document posted by `post` has its journal, so that the ledger ties out
until a scenario breaks it.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

from tests.worlds.documents_files import AS_IT_IS, write_object

SOME_DAY = "2026-04-02"
OLD = "2025-12-01T00:00:00+00:00"
RECEIVABLE, REVENUE, BANK = "12.000", "40.100", "10.010"
# 4-4-5 weeks, Monday to Sunday: no period begins or ends with a calendar month
WEEKS = [
    ("2026-01", "2025-12-29", "2026-01-25", "hard_closed"), ("2026-02", "2026-01-26", "2026-02-22", "hard_closed"),
    ("2026-03", "2026-02-23", "2026-03-29", "soft_closed"), ("2026-04", "2026-03-30", "2026-04-26", "open"),
    ("2026-05", "2026-04-27", "2026-05-24", "open"), ("2026-06", "2026-05-25", "2026-06-28", "future"),
]  # fmt: skip
# the same, but its May ends on the Sunday before the run
SHIFTED = [*WEEKS[:3], ("2026-04", "2026-03-30", "2026-04-19", "open"), ("2026-05", "2026-04-20", "2026-05-17", "open"),
           ("2026-06", "2026-05-18", "2026-06-21", "open")]  # fmt: skip
CLOSED_AT = "2026-03-10T00:00:00+01:00"
OPTIONAL = {"prepaid_grants", "prepaid_drawdowns", "prepaid_balances"}

Rows = dict[str, list[dict[str, Any]]]


class Books:
    """Billing and ERP of one company as rows; `billing` and `erp` hold them by object."""

    def __init__(self) -> None:
        self.billing: Rows = {name: [] for name in (
            "customers", "skus", "prices", "price_tiers", "subscriptions", "subscription_items", "invoices",
            "invoice_lines", "credit_notes", "credit_note_lines", "payments", "refunds", "disputes", "payouts",
        )}  # fmt: skip
        self.erp: Rows = {name: [] for name in (
            "legal_entities", "accounting_periods", "gl_accounts", "customers", "items", "ar_documents",
            "ar_document_lines", "journal_lines", "cash_receipts", "cash_applications", "revenue_schedules", "fx_rates",
            "interface_log",
        )}  # fmt: skip
        self.currency: dict[str, str] = {}
        self.home: dict[str, str] = {}
        for number, kind, control in (
            (RECEIVABLE, "asset", "receivable"), ("12.900", "asset", "receivable"), (REVENUE, "revenue", "revenue"),
            (BANK, "asset", "cash"), ("69.000", "expense", "other"),
        ):  # fmt: skip
            self.erp["gl_accounts"].append(
                {"account_number": number, "name": control, "type": kind, "control": control, "updated_at": OLD}
            )

    def entity(self, code: str, currency: str, timezone: str = "Europe/Zurich", weeks: list[Any] = WEEKS) -> None:
        """A legal entity with its calendar."""
        self.currency[code] = currency
        self.erp["legal_entities"].append({
            "legal_entity_code": code, "name": f"{code} AG", "base_currency": currency, "country": "CH",
            "timezone": timezone, "parent_code": None, "updated_at": OLD,
        })  # fmt: skip
        for period, start, end, status in weeks:
            closed = CLOSED_AT if status == "hard_closed" else None
            self.erp["accounting_periods"].append({
                "legal_entity_code": code, "period": period, "start_date": start, "end_date": end, "status": status,
                "closed_at": closed, "updated_at": closed or OLD,
            })  # fmt: skip

    def customer(self, key: str, entity: str, parent: str | None = None, mapped: bool = True) -> None:
        """A customer in billing and its record in the ERP, `deb <key>`."""
        self.home[key] = entity
        base = {"name": f"Firma {key}", "legal_entity_code": entity, "currency": self.currency[entity], "country": "CH",
                "tax_id": None, "payment_terms_days": 30, "updated_at": OLD}  # fmt: skip
        self.billing["customers"].append(
            {"customer_id": key, "crm_account_id": None, "parent_customer_id": parent, "created_at": OLD} | base
        )
        self.erp["customers"].append({
            "erp_customer_id": f"deb {key}", "billing_customer_id": key if mapped else None,
            "parent_erp_customer_id": f"deb {parent}" if parent else None,
        } | base)  # fmt: skip

    def invoice(
        self, key: str, customer: str, *lines: tuple[str, str], post: Mapping[str, Any] | None = AS_IT_IS, **more: Any
    ) -> None:
        """A final invoice of (net, tax) lines, posted with the changes of `post`; None: not posted."""
        lines = lines or (("100", "8"),)
        entity = more.get("legal_entity_code", self.home[customer])
        net, tax = sum(Decimal(a) for a, _ in lines), sum(Decimal(b) for _, b in lines)
        day = more.get("issue_date", SOME_DAY)
        row = {
            "invoice_id": key, "number": f"R-{key}", "series": "R", "customer_id": customer, "legal_entity_code": entity,
            "currency": self.currency[entity], "issue_date": day, "finalized_at": f"{day}T09:00:00Z", "due_date": None,
            "status": "open", "net_amount": net, "tax_amount": tax, "total_amount": net + tax,
            "replaces_invoice_id": None, "updated_at": more.get("finalized_at") or f"{day}T09:00:00Z",
        } | more  # fmt: skip
        self.billing["invoices"].append(row)
        for number, (line_net, line_tax) in enumerate(lines):
            self.billing["invoice_lines"].append({
                "line_id": f"{key}/{number}", "invoice_id": key, "subscription_id": f"abo {customer}", "item_id": None,
                "sku": "setup", "kind": "one_time", "quantity": "1", "unit_amount": line_net, "discount_amount": "0",
                "amount": line_net, "tax_code": "V8", "tax_rate": "8", "tax_amount": line_tax, "service_start": day,
                "service_end": "2026-06-01", "is_proration": "false",
            })  # fmt: skip
        if post is not None:
            self.post(key, customer, **({
                "lines": lines, "currency": row["currency"], "day": day, "legal_entity_code": entity,
            } | post))  # fmt: skip

    def post(
        self, external: str | None, customer: str, lines: Any = (), *, net: Any = None, tax: Any = None, day: str = SOME_DAY,
        period: str | None = None, journal: Mapping[str, Any] | None = AS_IT_IS, doc: str | None = None, keep: Any = None, **more: Any,
    ) -> None:  # fmt: skip
        """An ERP document `B <external>` of the lines (of those in `keep`) and its journal; None: without one."""
        entity = more.get("legal_entity_code", self.home[customer])
        document = doc or f"B {external}"
        kept = [(number, line) for number, line in enumerate(lines) if keep is None or number in keep]
        net = sum(Decimal(a) for _, (a, _) in kept) if net is None else Decimal(net)
        tax = sum(Decimal(b) for _, (_, b) in kept) if tax is None else Decimal(tax)
        period = period or self.period(entity, day)
        row = {
            "document_id": document, "document_type": "invoice", "external_id": external, "number": document,
            "erp_customer_id": f"deb {customer}", "legal_entity_code": entity, "currency": self.currency[entity],
            "document_date": day, "posting_date": day, "period": period, "net_amount": net, "tax_amount": tax,
            "total_amount": net + tax, "open_amount": net + tax, "status": "open", "fx_rate": "1",
            "original_document_id": None, "created_at": f"{day}T10:00:00Z", "updated_at": f"{day}T10:00:00Z",
        } | more  # fmt: skip
        self.erp["ar_documents"].append(row)
        for number, (line_net, line_tax) in kept:
            self.erp["ar_document_lines"].append({
                "document_line_id": f"{document}/{number}", "document_id": document, "source_line_id": f"{external}/{number}",
                "item_code": "setup", "account_number": REVENUE, "amount": line_net, "tax_amount": line_tax,
            })  # fmt: skip
        if journal is not None:
            sign = -1 if row["document_type"] == "credit_memo" else 1
            self.journal(f"J {document}", entity, **({
                "amount": sign * (net + tax), "period": row["period"], "document_id": document, "currency": row["currency"],
                "posting_date": day,
            } | journal))  # fmt: skip

    def period(self, entity: str, day: str) -> str:
        """The accounting period of the entity that contains the day."""
        return next(
            row["period"]
            for row in self.erp["accounting_periods"]
            if row["legal_entity_code"] == entity and row["start_date"] <= day <= row["end_date"]
        )

    def journal(self, key: str, entity: str, amount: Any, period: str, account: str = RECEIVABLE, **more: Any) -> None:
        """A balanced journal that debits the account and credits revenue; negative: the other way round."""
        value = Decimal(amount)
        for number, (number_of, signed) in enumerate(((account, value), (REVENUE, -value)), start=1):
            debit, credit = max(signed, Decimal(0)), max(-signed, Decimal(0))
            self.erp["journal_lines"].append({
                "journal_id": key, "line_number": number, "legal_entity_code": entity, "account_number": number_of,
                "posting_date": SOME_DAY, "period": period, "currency": self.currency[entity], "debit": debit,
                "credit": credit, "base_debit": debit, "base_credit": credit, "source": "billing", "document_id": None,
                "entered_by": "schnittstelle", "reversal_of": None, "created_at": f"{SOME_DAY}T10:00:00Z",
            } | more)  # fmt: skip

    def reverse(self, document: str, amount: Any, day: str = SOME_DAY, **more: Any) -> None:
        """The document becomes reversed; its journal of the opposite sign has `reversal_of`. amount None: no journal."""
        row = next(row for row in self.erp["ar_documents"] if row["document_id"] == document)
        row |= {"status": "reversed", "open_amount": Decimal(0), "updated_at": f"{day}T15:00:00Z"}
        if amount is not None:
            self.journal(f"S {document}", row["legal_entity_code"], **({
                "amount": -Decimal(amount), "period": self.period(row["legal_entity_code"], day), "document_id": document,
                "posting_date": day, "currency": row["currency"], "reversal_of": f"J {document}",
            } | more))  # fmt: skip

    def void(self, key: str, day: str = SOME_DAY) -> None:
        """The invoice is voided on the day: a further version of it."""
        row = next(row for row in self.billing["invoices"] if row["invoice_id"] == key)
        self.billing["invoices"].append(row | {"status": "void", "updated_at": f"{day}T14:00:00Z"})

    def credit(
        self,
        key: str,
        invoice: str,
        net: str = "50",
        tax: str = "4",
        memo: Mapping[str, Any] | None = AS_IT_IS,
        **more: Any,
    ) -> None:
        """A credit note for an invoice, mirrored by the memo `B <key>` with the changes of `memo`; None: by none."""
        original = next(row for row in self.billing["invoices"] if row["invoice_id"] == invoice)
        day = more.get("issue_date", SOME_DAY)
        self.billing["credit_notes"].append({
            "credit_note_id": key, "number": f"G-{key}", "series": "G", "invoice_id": invoice, "reason": "goodwill",
            "customer_id": original["customer_id"], "legal_entity_code": original["legal_entity_code"],
            "currency": original["currency"], "issue_date": day, "approved_by": "chef", "status": "issued", "net_amount": net,
            "tax_amount": tax, "total_amount": Decimal(net) + Decimal(tax), "updated_at": f"{day}T09:00:00Z",
        } | more)  # fmt: skip
        if memo is not None:
            self.post(key, original["customer_id"], day=day, **({
                "net": net, "tax": tax, "document_type": "credit_memo", "original_document_id": f"B {invoice}",
            } | memo))  # fmt: skip

    def message(
        self, key: str, status: str, failure: str | None = None, kind: str = "invoice", number: int = 1
    ) -> None:
        """An interface message that carried the document."""
        self.erp["interface_log"].append({
            "message_id": f"M{number} {kind} {key}", "correlation_id": f"c {key}", "document_kind": kind, "source_id": key,
            "sent_at": f"2026-04-02T09:0{number}:00Z", "status": status, "failure_class": failure, "error_code": "E42",
            "error_message": "Zeitüberschreitung", "attempts": 3, "updated_at": f"2026-04-02T09:1{number}:00Z",
        })  # fmt: skip

    def payment(self, key: str, customer: str, amount: str, invoice: str | None = None, **more: Any) -> None:
        """A succeeded payment."""
        self.billing["payments"].append({
            "payment_id": key, "customer_id": customer, "invoice_id": invoice, "currency": self.currency[self.home[customer]],
            "amount": amount, "fee_amount": "0", "status": "succeeded", "received_at": "2026-04-07T11:00:00Z",
            "payout_id": None, "updated_at": "2026-04-07T11:00:00Z",
        } | more)  # fmt: skip

    def receipt(
        self, external: str, customer: str, amount: str, *applied: tuple[str, str], key: str | None = None, **more: Any
    ) -> None:
        """A receipt `Z <external>` and its (document, amount) applications; the journal credits what is applied."""
        entity = more.get("legal_entity_code", self.home[customer])
        receipt = key or f"Z {external}"
        currency = more.get("currency", self.currency[entity])
        self.erp["cash_receipts"].append({
            "receipt_id": receipt, "external_id": external, "erp_customer_id": f"deb {customer}", "legal_entity_code": entity,
            "currency": currency, "amount": amount, "received_date": "2026-04-07", "fx_rate": "1", "status": "gebucht",
            "updated_at": "2026-04-07T15:00:00Z",
        } | more)  # fmt: skip
        for number, (document, part) in enumerate(applied):
            row = next(row for row in self.erp["ar_documents"] if row["document_id"] == document)
            row["open_amount"] = Decimal(row["open_amount"]) - Decimal(part)
            self.erp["cash_applications"].append({
                "application_id": f"{receipt}/{number}", "receipt_id": receipt, "document_id": document, "amount": part,
                "applied_at": "2026-04-07T16:00:00Z", "period": "2026-04",
            })  # fmt: skip
            self.journal(f"J {receipt}/{number}", row["legal_entity_code"], -Decimal(part), "2026-04", source="cash",
                         currency=row["currency"], document_id=document)  # fmt: skip

    def write(self, folder: Path, billing: str = "billing", erp: str = "erp", **how: Any) -> None:
        """Both systems as landing files under `<folder>/<billing>` and `<folder>/<erp>`; `how` is of `write_object`."""
        for name, system in ((billing, self.billing), (erp, self.erp)):
            for number, (object_name, rows) in enumerate(system.items()):
                suffix = "jsonl" if number % 3 == 2 and rows else "csv"
                write_object(folder / name / object_name, object_name, rows, suffix=suffix, **how)
