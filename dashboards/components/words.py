"""The words a controller reads for codes, statuses and severities; each status has a sign beside its colour."""

from __future__ import annotations

import re
from typing import Any

from dagster_project import words as in_words
from dagster_project.close import terms
from dagster_project.close.terms import LEG, cause, owner, owner_of, plain
from dashboards.components.table import Cell

__all__ = ["LEG", "cause", "owner", "owner_of", "plain"]

STATUS = {
    "matched": ("✓ Ties", "good"),
    "in_tolerance": ("≈ Within tolerance", "good"),
    "timing": ("◷ Not due yet", "warn"),
    "break": ("✕ Does not tie", "bad"),
    "not_testable": ("– Not tested", "muted"),
}
SEVERITY = {
    "S1": "S1, blocks the close",
    "S2": "S2, financial",
    "S3": "S3, operational",
    "S4": "S4, information",
}
FAILURE_CLASS = {
    "transport": "Transmission failed",
    "business_rule": "Rejected by a business rule",
    "accounting_control": "Accounting control",
}
WAITING = ("open", "refused_again")
"""States of a dead letter in which it stands in the way of a figure."""

DEAD_LETTER = {
    "waiting": "Waiting",
    "open": "✕ Open",
    "refused_again": "✕ Refused again",
    "replayed": "✓ Replayed",
    "mended_at_source": "✓ Mended at the source",
}
PERIOD_STATE = {
    "future": "Not begun",
    "open": "Open",
    "soft_closed": "Soft closed",
    "hard_closed": "Hard closed",
    "reopened": "Reopened",
}
STATE = {"new": "New", "in_progress": "In progress"}


def status(code: str | None) -> Cell:
    """The status of a result, in words and with its sign."""
    text, tone = STATUS.get(code or "", (code or "–", "muted"))
    return Cell(text, tone=tone)


def dead_letter(state: str) -> Cell:
    """What has become of a dead letter."""
    return Cell(DEAD_LETTER.get(state, plain(state)), tone="bad" if state in WAITING else "good")


def severity(code: str | None) -> str:
    """A severity in words."""
    return SEVERITY.get(code or "", code or "–")


def differences(number: int, problems: int) -> str:
    """`27 differences, which go back to 18 separate problems`: one defect may show in several controls."""
    back = f"which go{'es' if number == 1 else ''} back to {in_words.counted(problems, 'separate problem')}"
    return f"{in_words.counted(number, 'difference')}, {back}"


def counted(code: str, quantity: Any) -> str:
    """What the quantities of a control count, as it follows a quantity: `1 system`, `2 systems`."""
    one, many = _COUNTED.get(code, ("unit", "units"))
    return one if quantity is not None and abs(quantity) == 1 else many


_COUNTED = {
    "R02": ("day", "days"),
    "R10": ("system", "systems"),
    "R11": ("percentage point", "percentage points"),
    "R13": ("invoice", "invoices"),
    "R17": ("invoice", "invoices"),
    "R18": ("invoice", "invoices"),
}
_SIDES = {
    "R02": ("Live", "Allowed"),
    "R04": ("Valid usage", "Metered usage"),
    "R07": ("Expected balance", "Balance in billing"),
    "R08": ("Usage not yet billed", "Unbilled in the ledger"),
    "R10": ("Due", "Reached"),
    "R12": ("Due", "Billed"),
    "R13": ("Due", "Found"),
    "R15": ("Tax recomputed", "Tax charged or posted"),
    "R17": ("Invoice", "Same meaning"),
    "R18": ("Found", "Expected"),
    "R19": ("Expected", "Found"),
    "R20": ("With a reference", "Resolved"),
    "R21": ("Belongs in the period", "Posted there"),
    "R22": ("Sent", "Arrived"),
    "R25": ("Payout expected", "Payout"),
    "R28": ("Open in billing", "Open in the ERP"),
    "R29": ("At the document's rate", "At the policy rate"),
    "R31": ("Rolled forward", "In the ledger"),
    "R32": ("Billed", "Proved by the ledger"),
    "R34": ("Supported", "Moved by hand"),
    "R35": ("One side", "Other side"),
    "R38": ("Rows reported", "Rows received"),
}


def sides(code: str, title: str | None) -> tuple[str, str]:
    """What the left and the right value of a control are: its own names, or those that its title gives them."""
    if code in _SIDES:
        return _SIDES[code]
    left, to, right = (title or "").partition(" to ")
    return (left, right[:1].upper() + right[1:]) if to else ("Left side", "Right side")


COUNTS = {
    "compared": "Population",
    "matched": "Ties",
    "in_tolerance": "Within tolerance",
    "timing": "Not due yet",
    "breaks": "Does not tie",
    "not_testable": "Not tested",
}
_CODED = re.compile(r"^[TW]\w: ")
_RECORDS = {
    "ar_document": "receivable document in the ERP",
    "ar_subledger": "receivables subledger",
    "ar_documents": "receivable document in the ERP",
    "cash_receipt": "cash receipt in the ERP",
    "cash_receipts": "cash receipt in the ERP",
    "contract": "contract in the CRM",
    "crm_account": "account in the CRM",
    "customer": "customer in billing",
    "customers": "customer in billing",
    "deferred_movement": "movements of deferred revenue",
    "erp_customer": "customer in the ERP",
    "gl_balance": "balance in the ledger",
    "invoices": "invoice in billing",
    "item": "item in the ERP",
    "message": "message of the interface",
    "prepaid_balance": "prepaid balance in billing",
    "prepaid_grant": "prepaid grant in billing",
    "sku": "product in billing",
    "unbilled_usage": "usage not yet billed, at contract terms",
    "credit_note": "credit note in billing",
    "invoice": "invoice in billing",
    "invoice_line": "invoice line in billing",
    "payment": "payment in billing",
    "gl_account": "ledger account",
    "metered_usage": "metered usage",
    "usage_month": "usage events of the month",
    "terms": "contract terms",
    "journal": "journal",
    "journal_line": "journal line in the ledger",
    "source": "source",
}
_FIELDS = {
    "leg": "Between",
    "cause_code": "Cause",
    "service_period_start": "Service from",
    "left_ref": "Record before",
    "right_ref": "Record after",
    "currency_code": "Currency",
    "legal_entity_code": "Entity",
    "customer_id": "Customer",
    "line_id": "Line",
    "sku": "Product",
    "amount_minor": "Net amount",
    "net_amount_minor": "Net amount",
    "tax_amount_minor": "Tax",
    "total_amount_minor": "Total",
    "discount_amount_minor": "Discount",
    "open_amount_minor": "Open",
    "external_id": "Billing record",
    "source_instance": "Source",
    "fx_rate": "Exchange rate",
}
_SINGULAR = {
    "ar_documents": "receivable document",
    "ar_document_lines": "line of a receivable document",
    "cash_applications": "cash application",
    "cash_receipts": "cash receipt",
    "contract_lines": "contract line",
    "contracts": "contract",
    "credit_note_lines": "line of a credit note",
    "credit_notes": "credit note",
    "customers": "customer",
    "invoice_lines": "invoice line",
    "invoices": "invoice",
    "journal_lines": "journal line",
    "payments": "payment",
    "subscription_items": "item of a subscription",
    "subscriptions": "subscription",
    "tenants": "tenant",
    "usage_events": "usage event",
}
_SYSTEMS = {"product": "product usage", "billing": "billing", "crm": "CRM", "erp": "ERP", "hub": "event hub"}


def objects(listed: str | None) -> str:
    """`billing.invoices, erp.ar_documents` as `billing: invoices; ERP: ar documents`."""
    grouped: dict[str, list[str]] = {}
    for name in filter(None, (part.strip() for part in (listed or "").split(","))):
        system, _, item = name.partition(".")
        grouped.setdefault(_SYSTEMS.get(system, system), []).append(plain(item))
    return "; ".join(f"{system}: {', '.join(items)}" for system, items in grouped.items())


def unplaced(entity: str, period: str) -> str:
    """What a break lacks that is left out by entity or period alone: `entity or period`."""
    return " or ".join(name for name, chosen in (("entity", entity), ("period", period)) if chosen)


def verdict(counts: dict[str, int]) -> Cell:
    """The last result of a control from its counts."""
    if counts["breaks"]:
        return status("break")
    if not counts["compared"]:
        return Cell("– Nothing to compare", tone="muted")
    if counts["not_testable"] == counts["compared"]:
        return status("not_testable")
    if counts["not_testable"]:
        return Cell("◐ Ties where tested", tone="warn")
    return status("matched")


def record(kind: str) -> str:
    """What kind of record a reference names."""
    return _RECORDS.get(kind, kind.replace("_", " "))


def title(code: str, match_key: str) -> str:
    """What a result is called: its key; of R19 and R20, whose keys begin with an object, that in words."""
    kind, _, key = match_key.partition("|")
    return f"{_SINGULAR[kind]} {key}" if code in ("R19", "R20") and kind in _SINGULAR else match_key


def sentence(text: str | None) -> str:
    """The text with its full stop; empty where there is none."""
    return f"{text}." if text and text[-1] not in ".!?" else text or ""


def reference(text: str) -> str:
    """`invoice_line:IN-7-1` as `invoice line in billing IN-7-1`."""
    kind, _, keys = text.partition(":")
    return f"{record(kind)} {keys}" if keys else text


def without_code(text: str | None) -> str:
    """`T0: exact` without its code, as a sentence begins."""
    plain_text = _CODED.sub("", text or "")
    return plain_text[:1].upper() + plain_text[1:]


def field(name: str) -> str:
    """A field's name as a heading."""
    return _FIELDS.get(name) or plain(name.removesuffix("_minor").removesuffix("_id").removesuffix("_code"))


def readiness(code: str | None, state: str | None = None) -> Cell:
    """Whether an entity can close a period, in words and with its sign."""
    sign, tone = {"ready": ("✓ ", "good"), "blocked": ("✕ ", "bad"), "running": ("◷ ", "warn")}.get(
        code or "", ("", "muted")
    )
    return Cell(sign + terms.readiness(code, state), tone=tone)


def gate(code: str | None) -> Cell:
    """Whether a gate of the close is passed."""
    known = {
        "passed": Cell("✓ Passed", tone="good"),
        "failed": Cell("✕ Failed", tone="bad"),
        "not_testable": Cell("– Not tested", tone="muted"),
    }
    return known.get(code or "", Cell(plain(code), tone="muted"))


def health(code: str | None, is_optional: bool) -> Cell:
    """Whether an object of a source is fit to be reconciled."""
    known = {
        "ok": Cell("✓ Fit", tone="good"),
        "note": Cell("✓ Fit, with a note", tone="warn"),
        "failing": Cell("✕ Failing", tone="bad"),
        "not_testable": Cell("– Not tested", tone="muted", note="optional" if is_optional else ""),
    }
    return known.get(code or "", Cell(plain(code), tone="muted"))


_STEPS = {
    ("usage_to_invoice", "ingested"): "Usage event recorded, from when it occurred",
    ("usage_to_invoice", "metered"): "Usage metered, from the end of its month",
    ("usage_to_invoice", "billed"): "Usage billed, from the end of its month",
    ("invoice_to_posting", "posted"): "Invoice posted in the ERP, from when it was final",
    ("payment_to_application", "received"): "Payment received in the ERP, from when it was paid",
    ("payment_to_application", "applied"): "Payment applied in the ERP, from when it was paid",
    ("customer_activation", "contract"): "Contract of a new customer, from when it was won",
    ("customer_activation", "subscription"): "Subscription of a new customer, from when it was signed",
    ("customer_activation", "entitlement"): "Entitlement of a new customer, from when it was signed",
    ("customer_activation", "erp_customer"): "New customer in the ERP, from when it was signed",
    ("amendment", "signed"): "Amendment signed",
    ("amendment", "billing"): "Amendment in billing, from when it was signed",
    ("amendment", "entitlement"): "Amended entitlement, from when it was signed",
    ("amendment", "erp"): "Amendment in the ERP, from when it was signed",
}


def step(workflow: str, name: str) -> str:
    """A step of a workflow: what is waited for, and since when."""
    return _STEPS.get((workflow, name)) or f"{plain(workflow)}: {plain(name).lower()}"


def duration(minutes: int | None) -> str:
    """Minutes as a reader says them: `0 min`, `1 h 20 min`, `3 d 4 h`; a dash where nothing was measured."""
    if minutes is None:
        return "–"
    days, rest = divmod(int(minutes), 24 * 60)
    hours, left = divmod(rest, 60)
    if days:
        return f"{days:,} d {hours} h" if hours else f"{days:,} d"
    if hours:
        return f"{hours} h {left} min" if left else f"{hours} h"
    return f"{left} min"


def system(domain: str | None) -> str:
    """The system that a domain stands for."""
    return _SYSTEMS.get(domain or "", domain or "")
