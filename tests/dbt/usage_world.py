"""A small company whose subscriptions each show one thing between usage event and invoice line. Amounts in USD unless said."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from dagster_project.settings import FilesConnector, Settings, Source
from dagster_project.warehouse import configuration, deliveries
from tests.dbt.landed_world import LandedWorld, find_copies

AS_OF = datetime(2026, 4, 4, tzinfo=UTC)  # March is due for metering, not yet for billing
INSTANCES = {"product": ["product"], "billing": ["billing"], "crm": ["crm"], "erp": [], "hub": []}
BEGIN = "2026-01-01"
KNOWN = "2026-01-01 00:00"
RUN = {"2026-02": "2026-03-03 06:00", "2026-03": "2026-04-03 06:00"}
KINDS = {"SEAT": "recurring", "YEAR": "recurring", "SETUP": "one_time"}
METERS = {"api": ("API", "sum", "1"), "mb": ("STORAGE", "sum", "0.001"), "peak": ("PEAK", "max", "1"), "users": ("USERS", "unique", "1"),
          "vol": ("VOL", "sum", "1"), "pack": ("PACK", "sum", "1")}  # fmt: skip
TIERS = (("100", "10"), ("1000", "9"), (None, "8"))


class UsageWorld(LandedWorld):
    """Contract, item and subscription of `key` are CON-, IT- and `key` itself; everything is as agreed unless said otherwise."""

    def __init__(self, path: Path, home: Path):
        super().__init__(path, INSTANCES)
        configuration.write(self.connection, _settings(home), AS_OF)
        deliveries.write(self.connection, _settings(home), [])
        self._events = 0
        self._catalogue()

    def sells(self, key: str, sku: str, customer: str = "C1", signed: bool = True, **terms: Any) -> None:
        """A subscription of one product, its contract and billing's copy of the terms."""
        currency = terms.pop("currency", "USD")
        start, end = terms.pop("start", BEGIN), terms.pop("end", "2029-01-01")
        interval = "year" if sku == "YEAR" else "month"
        self.add("billing", "billing", "subscriptions", {
            "subscription_id": key, "customer_id": customer, "contract_id": f"CON-{key}", "status": "active", "currency": currency,
            "billing_interval": interval, "start_date": start, "updated_at": KNOWN,
        })  # fmt: skip
        line = {"sku": sku, "price_id": f"{sku}-USD", "quantity": None if sku in SKUS_OF_USAGE else 1, "discount_percent": 0,
                "included_quantity": 0, "minimum_amount": 0, "effective_from": start} | terms  # fmt: skip
        item = {"item_id": f"IT-{key}", "subscription_id": key, "contract_line_id": f"CL-{key}-1", "updated_at": KNOWN}
        self.add("billing", "billing", "subscription_items", item | line)
        if signed:
            self.version(key, 1, line, end=end, currency=currency, interval=interval)

    def version(self, key: str, number: int, *lines: dict[str, Any], **more: Any) -> None:
        """A signed contract version with all its lines."""
        self.add("crm", "crm", "contracts", {
            "contract_id": f"CON-{key}", "version": number, "account_id": "A1", "status": more.get("status", "signed"),
            "currency": more.get("currency", "USD"), "start_date": BEGIN, "end_date": more.get("end", "2029-01-01"),
            "signed_at": KNOWN, "business_transaction_id": f"BT-{key}-{number}", "updated_at": KNOWN,
        })  # fmt: skip
        for position, line in enumerate(lines, start=1):
            self.add("crm", "crm", "contract_lines", {
                "contract_line_id": f"CL-{key}-{number}{'' if position == 1 else position}", "contract_id": f"CON-{key}",
                "version": number, "billing_interval": more.get("interval"), "updated_at": KNOWN, **line,
            })  # fmt: skip

    def uses(self, key: str, meter: str, *quantities: str | float, month: str = "2026-02", **more: Any) -> None:
        """One event per quantity; `copies` deliveries of each, the first ingested a minute after it happened."""
        copies, keys = more.pop("copies", 1), more.pop("keys", None)
        for position, quantity in enumerate(quantities):
            self._events += 1
            for copy in range(copies):
                self.add("product", "product", "usage_events", {
                    "event_id": f"EV-{self._events}", "tenant_id": "T1", "subscription_id": key, "meter_code": meter,
                    "quantity": quantity, "occurred_at": f"{month}-10 12:{position:02}", "ingested_at": f"{month}-{10 + copy} 12:59",
                    "properties": json.dumps({"key": keys[position]}) if keys else None, **more,
                })  # fmt: skip

    def metered(
        self, key: str, meter: str, quantity: str | float, events: int, month: str = "2026-02", **more: Any
    ) -> None:
        """A record of the metering pipeline."""
        suffix = more.pop("suffix", "")
        start = date.fromisoformat(f"{month}-01")
        self.add("product", "product", "metered_usage", {
            "meter_record_id": f"MR-{key}-{meter}-{month}{suffix}", "subscription_id": key, "meter_code": meter,
            "period_start": start, "period_end": _next_month(start), "quantity": quantity, "event_count": events,
            "computed_at": RUN[month], **more,
        })  # fmt: skip

    def bills(self, key: str, sku: str, quantity: str | float, amount: str | float, **more: Any) -> None:
        """A final invoice of one line; usage of February unless `start` and `end` are given."""
        name = more.pop("line", f"L-{key}")
        start, end = more.pop("start", "2026-02-01"), more.pop("end", "2026-03-01")
        currency = more.pop("currency", "USD")
        invoice = {
            "replaces_invoice_id": more.pop("replaces", None),
            "finalized_at": more.pop("final", "2026-03-05 08:00"),
        }
        self.add("billing", "billing", "invoices", {
            "invoice_id": f"IN-{name}", "number": f"N-{name}", "series": "A", "customer_id": "C1", "legal_entity_code": "US",
            "currency": currency, "issue_date": "2026-03-05", "status": "open", "net_amount": amount,
            "tax_amount": 0, "total_amount": amount, "updated_at": KNOWN, **invoice,
        })  # fmt: skip
        self.add("billing", "billing", "invoice_lines", {
            "line_id": name, "invoice_id": f"IN-{name}", "subscription_id": key, "item_id": f"IT-{key}", "sku": sku,
            "kind": KINDS.get(sku, "usage"), "quantity": quantity, "discount_amount": 0, "amount": amount, "tax_code": "T",
            "tax_rate": 0, "tax_amount": 0, "service_start": start, "service_end": end, "is_proration": False, **more,
        })  # fmt: skip

    def reject(self, domain: str, name: str, key: str | None, payload: dict[str, Any]) -> None:
        """One row that broke the contract and waits in quarantine."""
        self.connection.execute(
            "insert into landed.quarantine (source_instance, domain, vendor, object, batch_id, row_number, reason,"
            " failure_class, key_text, payload) values (?, ?, 'generic', ?, 'b1', 1, 'quantity is no number',"
            " 'business_rule', ?, ?)",
            [domain, domain, name, key, json.dumps(payload)],
        )

    def close(self) -> None:
        """Closes the file, as landing leaves it."""
        find_copies(self.connection)
        super().close()

    def _catalogue(self) -> None:
        for customer in ("C1", "C2"):
            self.add("billing", "billing", "customers", {
                "customer_id": customer, "name": customer, "legal_entity_code": "US", "currency": "USD", "country": "US",
                "payment_terms_days": 30, "created_at": KNOWN, "updated_at": KNOWN,
            })  # fmt: skip
        for tenant, is_test in (("T1", False), ("TEST", True)):
            self.add("product", "product", "tenants", {"tenant_id": tenant, "name": tenant, "region": "r", "is_test": is_test,
                                                       "created_at": KNOWN, "updated_at": KNOWN})  # fmt: skip
        for meter, (sku, aggregation, multiplier) in METERS.items():
            self.add("product", "product", "meters", {
                "meter_code": meter, "effective_from": BEGIN, "sku": sku, "aggregation": aggregation, "unit": "u",
                "unit_multiplier": multiplier, "updated_at": KNOWN,
            })  # fmt: skip
        for sku in (*SKUS_OF_USAGE, *KINDS):
            self.add("billing", "billing", "skus", {"sku": sku, "name": sku, "kind": KINDS.get(sku, "usage"), "unit": "u",
                                                    "updated_at": KNOWN})  # fmt: skip
            self.price(
                f"{sku}-USD",
                sku,
                {"VOL": "volume", "PACK": "package"}.get(sku, "per_unit"),
                unit_amount=_PRICE.get(sku, "0.10"),
            )
        self.price("API-OLD", "API", "per_unit", unit_amount="0.08")
        for number, (up_to, amount) in enumerate(TIERS, start=1):
            self.add("billing", "billing", "price_tiers", {"price_id": "VOL-USD", "tier_number": number, "up_to": up_to,
                                                           "unit_amount": amount, "flat_amount": 0, "updated_at": KNOWN})  # fmt: skip

    def price(self, price_id: str, sku: str, scheme: str, **more: Any) -> None:
        """A price of the book."""
        self.add("billing", "billing", "prices", {
            "price_id": price_id, "sku": sku, "currency": "USD", "scheme": scheme, "effective_from": BEGIN, "updated_at": KNOWN,
            "package_size": "1000" if scheme == "package" else None,
            **({"unit_amount": None} if scheme == "volume" else more),
        })  # fmt: skip


SKUS_OF_USAGE = tuple(sku for sku, _, _ in METERS.values())
_PRICE = {"SEAT": "31", "YEAR": "366", "SETUP": "500", "PACK": "12.50"}


def _next_month(day: date) -> date:
    return date(day.year + day.month // 12, day.month % 12 + 1, 1)


def _settings(home: Path) -> Settings:
    sources = tuple(
        Source(name=name, domain=domain, connector=FilesConnector(type="files", path=home))
        for domain, names in INSTANCES.items()
        for name in names
    )
    return Settings(company="Small", home=home, as_of=AS_OF, reporting_currency="USD", sources=sources)
