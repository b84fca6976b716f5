"""Borealis, a telephone company in Zug: every subscription is one question to controls R03, R05, R06 and the bridge.

As of 3 April 2024, 00:00 UTC: February 2024, a leap month, is due everywhere; March has ended but is not yet due; April runs.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from tests.worlds.landing import Landing

AS_OF = "2024-04-03T00:00:00Z"
KNOWN = "2023-12-01T09:00:00+01:00"
METERING_RAN = {"2024-01": "2024-02-02T02:00:00Z", "2024-02": "2024-03-02T02:00:00Z", "2024-03": "2024-04-02T02:00:00Z"}
NEXT = {"2024-01": "2024-02-01", "2024-02": "2024-03-01", "2024-03": "2024-04-01", "2024-04": "2024-05-01"}

# sku, kind, then meters: code, aggregation, multiplier
SKUS = {
    "Minuten": "usage", "Speicher": "usage", "Roaming": "usage", "Spitze": "usage", "Geräte": "usage", "Pakete": "usage",
    "Stufen": "usage", "Menge": "usage", "Riesig": "usage", "Anschluss": "recurring", "Jahresabo": "recurring",
    "Grundgebühr": "recurring", "Aufschaltung": "one_time",
}  # fmt: skip
METERS = (
    ("min", "2023-01-01", "Minuten", "sum", "1"), ("min-ausland", "2023-01-01", "Minuten", "sum", "2.5"),
    ("mb", "2023-01-01", "Speicher", "sum", "0.001"),
    # a newer row supersedes an open one: from 15 February on a roaming unit counts twice
    ("roam", "2023-01-01", "Roaming", "sum", "1"), ("roam", "2024-02-15", "Roaming", "sum", "2"),
    ("spitze", "2023-01-01", "Spitze", "max", "1"), ("geraet", "2023-01-01", "Geräte", "unique", "1"),
    ("paket", "2023-01-01", "Pakete", "sum", "1"), ("stufe", "2023-01-01", "Stufen", "sum", "1"),
    ("menge", "2023-01-01", "Menge", "sum", "1"), ("riesig", "2023-01-01", "Riesig", "sum", "1"),
)  # fmt: skip
# price_id: sku, currency, scheme, unit amount, package size
PRICES = {
    "min-chf": ("Minuten", "CHF", "per_unit", "0.10", None), "min-chf-2023": ("Minuten", "CHF", "per_unit", "0.08", None),
    "min-kwd": ("Minuten", "KWD", "per_unit", "0.0125", None), "min-eur": ("Minuten", "EUR", "per_unit", "0.10", None),
    "min-klein": ("Minuten", "CHF", "per_unit", "0.014", None), "min-ten": ("Minuten", "CHF", "per_unit", "1", None),
    "mb-chf": ("Speicher", "CHF", "per_unit", "100", None), "roam-chf": ("Roaming", "CHF", "per_unit", "1", None),
    "spitze-chf": ("Spitze", "CHF", "per_unit", "2", None), "geraet-chf": ("Geräte", "CHF", "per_unit", "3", None),
    "paket-krw": ("Pakete", "KRW", "package", "5500", "1000"), "stufe-clf": ("Stufen", "CLF", "graduated", None, None),
    "menge-chf": ("Menge", "CHF", "volume", None, None), "riesig-chf": ("Riesig", "CHF", "per_unit", "0.000001", None),
    "anschluss-chf": ("Anschluss", "CHF", "per_unit", "29", None), "anschluss-31": ("Anschluss", "CHF", "per_unit", "31", None),
    "jahr-chf": ("Jahresabo", "CHF", "per_unit", "365", None), "grund-krw": ("Grundgebühr", "KRW", "flat", "99000", None),
    "auf-chf": ("Aufschaltung", "CHF", "per_unit", "49.95", None),
}  # fmt: skip
TIERS = {
    "stufe-clf": (("10", "0.1", "0.5"), ("50", "0.08", "0.25"), (None, "0.05", "0")),
    "menge-chf": (("100", "10", "0"), ("1000", "9", "0"), (None, "8", "0")),
}


class Borealis(Landing):
    """The company's masters, and short words for what a subscription agreed, used, was metered and was billed."""

    def __init__(self) -> None:
        super().__init__()
        self._events = 0
        for tenant, is_test in (("mandant-1", False), ("mandant-2", False), ("mandant-test", True)):
            self.add("product", "tenants", tenant_id=tenant, billing_customer_id="K-1", name=tenant, region="zrh",
                     is_test=is_test, created_at=KNOWN, updated_at=KNOWN)  # fmt: skip
        for code, since, sku, aggregation, multiplier in METERS:
            self.add("product", "meters", meter_code=code, effective_from=since, sku=sku, aggregation=aggregation, unit="u",
                     unit_multiplier=multiplier, effective_to=None, updated_at=KNOWN)  # fmt: skip
        for sku, kind in SKUS.items():
            self.add("billing", "skus", sku=sku, name=sku, kind=kind, unit="u", updated_at=KNOWN)
        for price, (sku, currency, scheme, amount, size) in PRICES.items():
            self.add("billing", "prices", price_id=price, sku=sku, currency=currency, scheme=scheme, unit_amount=amount,
                     package_size=size, effective_from="2023-01-01", effective_to=None, updated_at=KNOWN)  # fmt: skip
        for price, tiers in TIERS.items():
            for number, (up_to, amount, flat) in enumerate(tiers, start=1):
                self.add("billing", "price_tiers", price_id=price, tier_number=number, up_to=up_to, unit_amount=amount,
                         flat_amount=flat, updated_at=KNOWN)  # fmt: skip
        for customer in ("K-1", "K-2", "K-3"):
            self.add("billing", "customers", customer_id=customer, crm_account_id=f"KTO-{customer}", name=f"Kunde {customer}",
                     legal_entity_code="BO-CH", currency="CHF", country="CH", payment_terms_days=30, created_at=KNOWN,
                     updated_at=KNOWN)  # fmt: skip
            self.add("crm", "accounts", account_id=f"KTO-{customer}", name=f"Kunde {customer}", legal_entity_code="BO-CH",
                     country="CH", currency="CHF", payment_terms_days=30, status="active", updated_at=KNOWN)  # fmt: skip

    def sell(self, key: str, price: str, customer: str = "K-1", signed: bool = True, **more: Any) -> None:
        """Subscription `key` of the product of `price`: contract V-key of version 1 with line V-key/1, billing's item P-key."""
        sku, currency = PRICES[price][:2]
        currency = more.pop("currency", currency)
        start, interval = more.pop("start", "2024-01-01"), more.pop("interval", "month")
        end, contract = more.pop("end", "2025-01-01"), more.pop("contract", f"V-{key}")
        item, ended = more.pop("item", {}), more.pop("ended", None)
        self.add("billing", "subscriptions", subscription_id=key, customer_id=customer, contract_id=contract, status="active",
                 currency=currency, billing_interval=interval, start_date=start, end_date=ended, updated_at=KNOWN)  # fmt: skip
        line = {"sku": sku, "price_id": price, "quantity": None, "discount_percent": "0", "discount_until": None,
                "included_quantity": "0", "minimum_amount": "0", "effective_from": start, "effective_to": None} | more  # fmt: skip
        self.add("billing", "subscription_items", item_id=f"P-{key}", subscription_id=key, contract_line_id=f"V-{key}/1",
                 updated_at=KNOWN, **{**line, **item})  # fmt: skip
        if signed:
            self.sign(key, 1, line, start=start, end=end, currency=currency)

    def sign(self, key: str, version: int, *lines: dict[str, Any], **more: Any) -> None:
        """Version `version` of contract V-key with all its lines, which are named V-key/1, V-key/2 (later: V-key/v2/1)."""
        self.add("crm", "contracts", contract_id=f"V-{key}", version=version, account_id="KTO-K-1",
                 status=more.get("status", "signed"), currency=more.get("currency", "CHF"), start_date=more.get("start", "2024-01-01"),
                 end_date=more.get("end", "2025-01-01"), signed_at=KNOWN, business_transaction_id=f"GF-{key}-{version}",
                 updated_at=KNOWN)  # fmt: skip
        for number, line in enumerate(lines, start=1):
            name = f"V-{key}/{number}" if version == 1 else f"V-{key}/v{version}/{number}"
            self.add("crm", "contract_lines", contract_line_id=name, contract_id=f"V-{key}", version=version,
                     billing_interval=more.get("interval"), updated_at=KNOWN, **line)  # fmt: skip

    def use(self, key: str, meter: str, *quantities: str, at: str = "2024-02-10", **more: Any) -> list[str]:
        """One event per quantity at noon of `at`, ingested a minute later; returns their ids."""
        made = []
        for quantity in quantities:
            self._events += 1
            made.append(more.get("event_id", f"ev/{self._events:05}"))
            row = {"event_id": made[-1], "tenant_id": "mandant-1", "subscription_id": key, "meter_code": meter, "quantity": quantity,
                   "occurred_at": f"{at}T12:00:00Z" if len(at) == 10 else at, "ingested_at": f"{at[:10]}T12:01:00Z",
                   "properties": None}  # fmt: skip
            self.add("product", "usage_events", **(row | more))
        return made

    def metered(self, key: str, meter: str, quantity: str, events: int, month: str = "2024-02", **more: Any) -> None:
        """What the metering pipeline handed over for the month."""
        again = more.pop("again", "")
        row = {"meter_record_id": f"zs/{key}/{meter}/{month}{again}", "subscription_id": key, "meter_code": meter,
               "period_start": f"{month}-01", "period_end": NEXT[month], "quantity": quantity, "event_count": events,
               "computed_at": METERING_RAN[month]}  # fmt: skip
        self.add("product", "metered_usage", **(row | more))

    def bill(self, key: str, *lines: dict[str, Any], **more: Any) -> None:
        """A final invoice R-key[-again] in the subscription's currency; of each line at least sku, quantity and amount."""
        again = more.pop("again", "")
        currency = more.pop("currency", "CHF")
        customers = {row["subscription_id"]: row["customer_id"] for row in self.rows["billing", "subscriptions"]}
        net = str(sum((Decimal(line["amount"]) for line in lines), Decimal("0")))
        row = {"invoice_id": f"R-{key}{again}", "number": f"2024/{key}{again}", "series": "BO", "customer_id": customers.get(key, "K-1"),
               "legal_entity_code": "BO-CH", "currency": currency, "issue_date": "2024-03-05",
               "finalized_at": "2024-03-05T06:00:00Z", "due_date": "2024-04-04", "status": "open", "net_amount": net,
               "tax_amount": "0", "total_amount": net, "replaces_invoice_id": None, "updated_at": "2024-03-05T06:00:00Z"}  # fmt: skip
        self.add("billing", "invoices", **(row | more))
        for number, line in enumerate(lines, start=1):
            kind = SKUS[line["sku"]]
            month = {"service_start": "2024-02-01", "service_end": "2024-03-01"}
            self.add("billing", "invoice_lines", **({
                "line_id": f"Z-{key}{again}-{number}", "invoice_id": f"R-{key}{again}", "subscription_id": key, "item_id": f"P-{key}",
                "kind": kind, "unit_amount": None, "discount_amount": "0", "tax_code": "MWST", "tax_rate": "0", "tax_amount": "0",
                "is_proration": False} | month | line))  # fmt: skip

    def credit(
        self, key: str, amount: str, reason: str, line: int = 1, approved_by: str | None = "Leiterin", again: str = ""
    ) -> None:
        """A credit note over one line of the invoice R-key[again]."""
        self.add("billing", "credit_notes", credit_note_id=f"G-{key}{again}", number=f"G/{key}{again}", series="BO-G",
                 invoice_id=f"R-{key}{again}", customer_id="K-1", legal_entity_code="BO-CH", currency="CHF", issue_date="2024-03-08",
                 reason=reason, approved_by=approved_by, status="issued", net_amount=amount, tax_amount="0", total_amount=amount,
                 updated_at="2024-03-08T08:00:00Z")  # fmt: skip
        self.add("billing", "credit_note_lines", credit_note_line_id=f"GZ-{key}{again}", credit_note_id=f"G-{key}{again}",
                 invoice_line_id=f"Z-{key}{again}-{line}", amount=amount, tax_amount="0")  # fmt: skip
