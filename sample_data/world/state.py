"""The world under construction: the company's contract layer as objects, everything it lands as rows."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import duckdb

from sample_data.dice import Dice

Row = dict[str, Any]


@dataclass
class Customer:
    number: int
    name: str
    entity: str
    currency: str
    country: str
    tax_id: str | None
    email: str
    terms_days: int
    tax_code: str
    tax_rate: Decimal
    pays_by_card: bool
    parent: int | None
    created_at: datetime

    @property
    def customer_id(self) -> str:
        return f"CUS-{self.number:04d}"

    @property
    def account_id(self) -> str:
        return f"ACC-{self.number:04d}"

    @property
    def erp_id(self) -> str:
        return f"EC-{self.number:04d}"

    @property
    def tenant_id(self) -> str:
        return f"TEN-{self.number:04d}"


@dataclass
class Terms:
    """One line of a package: of the contract, or billing's operational copy of it (an item)."""

    key: int
    sku: str
    price_id: str
    quantity: int | None
    effective_from: date
    effective_to: date | None = None
    discount: Decimal = Decimal(0)
    discount_until: date | None = None
    included: int = 0
    minimum: int = 0  # minor units
    opened_by: int = 1  # contract version
    closed_by: int | None = None

    def covers(self, day: date) -> bool:
        return self.effective_from <= day and (self.effective_to is None or day < self.effective_to)


@dataclass
class Version:
    number: int
    signed_at: datetime
    effective: date
    transaction_id: str


@dataclass
class Subscription:
    number: str
    customer: Customer
    interval: str
    start: date
    term_end: date
    ended: str | None = None  # None, cancelled or expired
    contract: list[Terms] = field(default_factory=list)
    items: list[Terms] = field(default_factory=list)
    versions: list[Version] = field(default_factory=list)
    profile: str = ""

    @property
    def subscription_id(self) -> str:
        return f"SUB-{self.number}"

    @property
    def contract_id(self) -> str:
        return f"CON-{self.number}"

    @property
    def currency(self) -> str:
        return self.customer.currency

    @property
    def end(self) -> date | None:
        return self.term_end if self.ended else None

    def item_id(self, terms: Terms) -> str:
        return f"IT-{self.number}-{terms.key}"

    def line_id(self, terms: Terms, version: int) -> str:
        return f"CL-{self.number}-v{version}-{terms.key}"


@dataclass
class World:
    seed: int
    events: int
    customer_count: int
    dice: Dice
    con: duckdb.DuckDBPyConnection
    customers: list[Customer] = field(default_factory=list)
    subscriptions: list[Subscription] = field(default_factory=list)
    prices: dict[str, Row] = field(default_factory=dict)
    tiers: dict[str, list[Row]] = field(default_factory=dict)
    spot: dict[tuple[str, str, date], Decimal] = field(default_factory=dict)
    metered: dict[tuple[str, str, str], Row] = field(default_factory=dict)
    tables: dict[str, list[Row]] = field(default_factory=lambda: defaultdict(list))
    truth: list[Row] = field(default_factory=list)
    decoys: list[Row] = field(default_factory=list)
    notes: dict[str, Any] = field(default_factory=lambda: defaultdict(dict))  # what stages tell later ones
    reserved: set[str] = field(default_factory=set)

    def add(self, table: str, **row: Any) -> Row:
        self.tables[table].append(row)
        return row

    def decoy(self, title: str, code: str, match_key: str) -> None:
        self.decoys.append(
            {"decoy_id": f"Y{len(self.decoys) + 1:03d}", "title": title, "code": code, "match_key": match_key}
        )
