"""The fixed facts of Aerolith: clock, entities, accounts, sizes. No logic beyond the calendar of periods."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

UTC = UTC
AS_OF = datetime(2026, 10, 12, tzinfo=UTC)
EXTRACTED_AT = AS_OF - timedelta(hours=1)
FIRST_DAY = date(2025, 8, 1)  # Aerolith began to trade: no opening balances
PERIODS = [f"{2025 + m // 12}-{m % 12 + 1:02d}" for m in range(7, 22)]
RUNNING = PERIODS[-1]
GRACE_DAYS = 3
REPORTING = "USD"

EXPONENT = {"USD": 2, "GBP": 2, "EUR": 2, "JPY": 0, "BHD": 3}
# Units of a currency for one US dollar in the price book, and the rates' starting point.
PRICE_LEVEL = {"USD": "1", "GBP": "0.8", "EUR": "0.9", "JPY": "150", "BHD": "0.4"}
RATE_LEVEL = {"USD": "1", "GBP": "0.7512", "EUR": "0.8634", "JPY": "148.35", "BHD": "0.376"}


@dataclass(frozen=True)
class Entity:
    code: str
    name: str
    currency: str
    country: str
    timezone: str
    parent: str | None
    foreign: tuple[str, ...]  # currencies of its customers beside its own


ENTITIES = [
    Entity("US", "Aerolith Inc", "USD", "US", "America/New_York", None, ("EUR",)),
    Entity("UK", "Aerolith Ltd", "GBP", "GB", "Europe/London", "US", ("USD", "EUR")),
    Entity("DE", "Aerolith GmbH", "EUR", "DE", "Europe/Berlin", "US", ("USD",)),
    Entity("JP", "Aerolith KK", "JPY", "JP", "Asia/Tokyo", "US", ("USD",)),
    Entity("BH", "Aerolith WLL", "BHD", "BH", "Asia/Bahrain", "US", ("USD",)),
]
ENTITY = {e.code: e for e in ENTITIES}

AR, CASH, UNBILLED, IC_RECEIVABLE = "1100", "1000", "1150", "1300"
TAX, DEFERRED, IC_PAYABLE, UNAPPLIED = "2100", "2200", "2300", "2400"
FEES, RENT, IC_EXPENSE, FX_REALISED, FX_UNREALISED = "6000", "6100", "6900", "7000", "7010"
IC_INCOME = "4900"
ACCOUNTS = [
    (CASH, "Cash at bank", "asset", "cash"),
    (AR, "Accounts receivable", "asset", "receivable"),
    (UNBILLED, "Unbilled receivable", "asset", "unbilled"),
    (IC_RECEIVABLE, "Intercompany receivable", "asset", "intercompany"),
    (TAX, "Tax payable", "liability", "tax"),
    (DEFERRED, "Deferred revenue", "liability", "deferred_revenue"),
    (IC_PAYABLE, "Intercompany payable", "liability", "intercompany"),
    (UNAPPLIED, "Unapplied cash", "liability", "unapplied_cash"),
    ("4000", "Revenue, seats", "revenue", "revenue"),
    ("4100", "Revenue, API", "revenue", "revenue"),
    ("4200", "Revenue, storage", "revenue", "revenue"),
    ("4300", "Revenue, services", "revenue", "revenue"),
    (IC_INCOME, "Royalty income, group", "revenue", "other"),
    (FEES, "Payment fees", "expense", "fees"),
    (RENT, "Rent", "expense", "other"),
    (IC_EXPENSE, "Royalty expense, group", "expense", "other"),
    (FX_REALISED, "Realised exchange difference", "expense", "other"),
    (FX_UNREALISED, "Unrealised exchange difference", "expense", "other"),
]
COST_CENTER = {"4000": "CC-410", "4100": "CC-420", "4200": "CC-430", "4300": "CC-440"}

SIZES = {"ci": 50_000, "standard": 1_500_000}
CUSTOMERS = 400
HIERARCHY_SHARE = 10  # one customer in ten is the head of a hierarchy
