"""The words of finance for owners, stages and causes, wherever a person reads them: on a page or in a workbook."""

from __future__ import annotations

_UPPER = {name: name.upper() for name in ("ar", "crm", "erp", "fx", "gl", "id", "sku")} | {"skus": "SKUs"}
OWNER = {
    "RevOps": "Revenue operations",
    "BillingOps": "Billing operations",
    "ProductData": "Product data",
    "IntegrationOps": "Integration operations",
    "AR": "Accounts receivable",
    "GL": "General ledger",
    "RevenueAccounting": "Revenue accounting",
    "Tax": "Tax",
    "Treasury": "Treasury",
    "MasterData": "Master data",
}
BY_OBJECT = ("R19", "R20")
"""Controls of many objects: each break has an owner of its own."""
KEEPER = "Who keeps the object"
LEG = {
    "A": "Expected to metered",
    "B": "Metered to billed",
    "C": "Billed to posted",
    "D": "Posted to paid",
    "T": "Translation",
}
CAUSE = {
    "A01": "usage dropped", "A02": "usage arrived late, within grace", "A03": "usage arrived after the cut-off",
    "A04": "usage counted twice", "A05": "usage without an event, or of a test tenant",
    "A06": "usage of another subscription",
    "A07": "usage in the wrong period", "A08": "wrong unit or aggregation", "A99": "capture, unexplained",
    "B01": "contract not in billing", "B02": "older contract version billed", "B03": "bill run skipped or held",
    "B04": "wrong quantity billed", "B05": "wrong price, tier or scheme", "B06": "allowance, minimum or commitment",
    "B07": "proration", "B08": "discount", "B09": "invoiced in another currency", "B10": "rounding in billing",
    "B11": "invoiced twice", "B12": "billed without or after the contract", "B13": "authorised credit",
    "B14": "unauthorised credit or override", "B99": "billing, unexplained",
    "C01": "on its way to the ERP", "C02": "transmission failed", "C03": "rejected by a business rule",
    "C04": "rejected by an accounting control", "C05": "posted twice", "C06": "posted without a billing document",
    "C07": "line dropped", "C08": "credit missing or with the wrong sign", "C09": "wrong entity, account or customer",
    "C10": "wrong period", "C11": "tax", "C12": "exchange rate", "C13": "rounding in posting",
    "C14": "amount altered on the way", "C99": "posting, unexplained",
    "D01": "not due yet", "D02": "overdue", "D03": "disputed", "D04": "received, not applied",
    "D05": "applied to another customer",
    "D06": "short payment, withholding or fee", "D07": "overpaid or paid twice", "D08": "refund or chargeback",
    "D09": "written off", "D10": "realised exchange difference", "D11": "credit applied to another document",
    "D12": "rounding in settlement", "D99": "settlement, unexplained",
    "translation": "posted or paid at the rate of another day",
}  # fmt: skip


_READINESS = {"ready": "Can close", "blocked": "Cannot close", "running": "Still running"}
_HARD_CLOSED = {"ready": "Closed", "blocked": "Closed, gates fail"}


def readiness(code: str | None, period_state: str | None = None) -> str:
    """Whether an entity can close a period; of one that is hard closed, whether it should have been."""
    held = _HARD_CLOSED.get(code or "") if period_state == "hard_closed" else None
    return held or _READINESS.get(code or "") or plain(code)


def owner(role: str | None) -> str:
    """Who acts."""
    return OWNER.get(role or "", role or "–")


def owner_of(code: str, role: str | None) -> str:
    """Who acts on what a control finds: of many objects, whoever keeps that of the record."""
    return KEEPER if code in BY_OBJECT else owner(role)


def plain(text: str | None) -> str:
    """A name from the data as words: `ar_documents` reads `AR documents`."""
    if not text:
        return "–"
    parts = [_UPPER.get(part, part) for part in text.split("_")]
    return " ".join([parts[0][:1].upper() + parts[0][1:], *parts[1:]])


def cause(code: str | None) -> str:
    """A cause in words, its code behind it for the auditor; empty where there is none."""
    if not code:
        return ""
    return f"{CAUSE[code][:1].upper()}{CAUSE[code][1:]} ({code})" if code in CAUSE else plain(code)


def leg(code: str | None) -> str:
    """A stage of the bridge in words, its letter before it; what is none as it is."""
    return f"{code}: {LEG[code]}" if code in LEG else plain(code)
