"""The bill run: recurring fees in advance, usage in arrears, proration, minimums, one-time fees.

It works from billing's operational copy of the terms (the items) and from what metering handed over."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

from sample_data.clock import add_months, at, intervals, month_start
from sample_data.config import AS_OF, GRACE_DAYS, PERIODS, RUNNING
from sample_data.money import round_half_away
from sample_data.world.catalogue import KIND, METERS
from sample_data.world.rating import amounts
from sample_data.world.state import Row, Subscription, Terms, World


def bill_day(world: World, sub: Subscription, month: date) -> date:
    """The day on which the month before `month` is billed: right after the grace or a day later."""
    return month + timedelta(days=GRACE_DAYS + world.dice.between(0, 1, "billday", sub.number))


class Run:
    """Collects one subscription's lines under the invoice on which they appear."""

    def __init__(self, world: World, sub: Subscription) -> None:
        self.world, self.sub = world, sub
        self.invoices: dict[tuple[date, str], list[Row]] = defaultdict(list)

    def line(
        self,
        terms: Terms,
        kind: str,
        quantity: Decimal | int,
        amount: int,
        start: date,
        end: date,
        gross: int | None = None,
        proration: bool = False,
        unit: Decimal | None = None,
    ) -> Row:
        return {
            "subscription_id": self.sub.subscription_id,
            "item_id": self.sub.item_id(terms),
            "sku": terms.sku,
            "kind": kind,
            "quantity": quantity,
            "unit_amount": unit,
            "discount_amount": (amount if gross is None else gross) - amount,
            "amount": amount,
            "tax_code": self.sub.customer.tax_code,
            "tax_rate": self.sub.customer.tax_rate,
            "service_start": start,
            "service_end": end,
            "is_proration": proration,
            "_terms": terms,
        }

    def glitch(self, terms: Terms, start: date) -> Row:
        """What this run gets wrong about one line; empty in the clean world."""
        return self.world.notes["glitch"].get((self.sub.number, terms.sku, start), {})

    def misread(self, terms: Terms, glitch: Row) -> Terms:
        return replace(terms, **{k: v for k, v in glitch.items() if k in ("price_id", "discount", "discount_until")})

    def unit(self, terms: Terms) -> Decimal | None:
        price = self.world.prices[terms.price_id]
        return price["unit_amount"] if price["scheme"] in ("flat", "per_unit", "package") else None

    def _issued(self, start: date) -> tuple[date, str]:
        """Fees that begin on the 1st travel with the bill run of the month before, where there is one."""
        if start.day == 1 and any(
            KIND[t.sku] == "usage" and t.covers(start - timedelta(days=1)) for t in self.sub.items
        ):
            return bill_day(self.world, self.sub, start), "R"
        return start, "F"

    def recurring(self, terms: Terms) -> None:
        for begin, end in intervals(self.sub.start, self.sub.interval, self.sub.end):
            if terms.covers(begin):
                self._interval(terms, begin, end)
            if begin < terms.effective_from < end:
                self._prorate(terms, terms.effective_from, begin, end, 1)
            if terms.effective_to and begin < terms.effective_to < end and terms.covers(begin):
                self._prorate(terms, terms.effective_to, begin, end, -1)

    def _interval(self, terms: Terms, begin: date, end: date) -> None:
        read = self.misread(terms, self.glitch(terms, begin))
        gross, net = amounts(self.world, read, self.sub.currency, terms.quantity or 0, begin)
        line = self.line(terms, "recurring", terms.quantity or 0, net, begin, end, gross, unit=self.unit(read))
        self.invoices[self._issued(begin)].append(line)

    def _prorate(self, terms: Terms, day: date, begin: date, end: date, sign: int) -> None:
        if day > AS_OF.date():
            return
        wrong = self.glitch(terms, day)
        share = Fraction((end - day).days, wrong.get("days") or (end - begin).days)
        quantity = terms.quantity or 0
        gross, net = amounts(self.world, terms, self.sub.currency, quantity, day if sign > 0 else begin, share)
        gross, net = gross + wrong.get("shift", 0) * sign, net + wrong.get("shift", 0) * sign
        line = self.line(terms, "recurring", quantity, sign * net, day, end, sign * gross, True, self.unit(terms))
        self.invoices[day, "A"].append(line)

    def usage(self, terms: Terms) -> None:
        for period in PERIODS[: PERIODS.index(RUNNING)]:
            start = month_start(period)
            if terms.covers(start):
                metered = self.world.metered[self.sub.subscription_id, METERS[terms.sku][0], period]["quantity"]
                self._usage_month(terms, Decimal(str(self.glitch(terms, start).get("quantity", metered))), start)

    def _usage_month(self, terms: Terms, quantity: Decimal, start: date) -> None:
        end, wrong = add_months(start, 1), self.glitch(terms, start)
        read = self.misread(terms, wrong)
        gross, net = amounts(self.world, read, self.sub.currency, quantity, start, scheme=wrong.get("scheme"))
        gross, net = gross + wrong.get("shift", 0), net + wrong.get("shift", 0)
        lines = self.invoices[bill_day(self.world, self.sub, end), "R"]
        lines.append(self.line(terms, "usage", quantity, net, start, end, gross, unit=self.unit(read)))
        if net < terms.minimum and "no_minimum" not in wrong:
            top_up = terms.minimum - net - wrong.get("minimum_short", 0)
            lines.append(self.line(terms, "minimum", 1, top_up, start, end))

    def one_time(self, terms: Terms) -> None:
        first = min(k for k in self.invoices if k[0] >= terms.effective_from)
        _, net = amounts(self.world, terms, self.sub.currency, terms.quantity or 1, terms.effective_from)
        self.invoices[first].append(
            self.line(
                terms,
                "one_time",
                terms.quantity or 1,
                net,
                terms.effective_from,
                terms.effective_from + timedelta(days=1),
                unit=self.unit(terms),
            )
        )


def run(world: World, sub: Subscription) -> dict[tuple[date, str], list[Row]]:
    job = Run(world, sub)
    steps = {"recurring": job.recurring, "usage": job.usage, "one_time": job.one_time}
    for kind, step in steps.items():
        for terms in sub.items:
            if KIND[terms.sku] == kind:
                step(terms)
    return job.invoices


def invoice(world: World, sub: Subscription, day: date, tag: str, lines: list[Row]) -> Row:
    """One finalized invoice with its lines; numbers come later, in the order of issue."""
    customer, key = sub.customer, f"{sub.number}-{day:%Y%m%d}{tag}"
    finalized = at(day, 6) + timedelta(seconds=world.dice.between(0, 5 * 3600, "finalized", key))
    row = world.add(
        "billing.invoices",
        invoice_id=f"IN-{key}",
        number=None,
        series="INV",
        customer_id=customer.customer_id,
        legal_entity_code=customer.entity,
        currency=sub.currency,
        issue_date=day,
        finalized_at=finalized,
        due_date=day + timedelta(days=customer.terms_days),
        status="open",
        net_amount=0,
        tax_amount=0,
        total_amount=0,
        replaces_invoice_id=None,
        correlation_id=f"COR-{key}",
        updated_at=finalized,
        _sub=sub,
        _lines=[],
    )
    for number, line in enumerate(lines, 1):
        add_line(world, row, number, dict(line))
    total(row)
    return row


def add_line(world: World, row: Row, number: int, line: Row) -> None:
    line.update(line_id=f"{row['invoice_id']}-{number}", invoice_id=row["invoice_id"], _invoice=row)
    line["tax_amount"] = tax(line["amount"], line["tax_rate"])
    row["_lines"].append(line)
    world.tables["billing.invoice_lines"].append(line)


def tax(amount: int, rate: Decimal) -> int:
    return round_half_away(Fraction(amount) * Fraction(rate) / 100)


def total(row: Row) -> None:
    row["net_amount"] = sum(line["amount"] for line in row["_lines"])
    row["tax_amount"] = sum(line["tax_amount"] for line in row["_lines"])
    row["total_amount"] = row["net_amount"] + row["tax_amount"]


def _name_transactions(sub: Subscription, invoices: list[Row]) -> None:
    """The first invoice that bills a version's own lines carries its transaction's id to the ERP."""
    for version in sub.versions:
        opened = {t.key for t in sub.items if t.opened_by == version.number}
        for row in invoices:
            if any(line["_terms"].key in opened and line["amount"] >= 0 for line in row["_lines"]) and row[
                "correlation_id"
            ].startswith("COR-"):
                row["correlation_id"] = version.transaction_id
                break


def build(world: World) -> None:
    for sub in world.subscriptions:
        made = run(world, sub)
        invoices = [
            invoice(world, sub, day, tag, made[day, tag])
            for day, tag in sorted(made)
            if day < AS_OF.date() and (sub.number, day, tag) not in world.notes["skipped"]
        ]
        _name_transactions(sub, invoices)
        if sub.profile == "flight" and invoices:
            invoices[-1].update(finalized_at=AS_OF - timedelta(hours=2), updated_at=AS_OF - timedelta(hours=2))


def number_invoices(world: World, table: str = "billing.invoices", prefix: str = "I") -> None:
    """Numbers without gaps per entity, series and year, in the order of finalization."""
    counters: dict[tuple[str, int], int] = defaultdict(int)
    ident = "invoice_id" if prefix == "I" else "credit_note_id"
    ready = [r for r in world.tables[table] if r["status"] != "draft" and not r.get("_old")]
    for row in sorted(ready, key=lambda r: (r["issue_date"], r.get("finalized_at") or r["updated_at"], r[ident])):
        key = (row["legal_entity_code"], row["issue_date"].year)
        counters[key] += 1
        while (*key, counters[key]) in world.notes["missing_numbers"] and prefix == "I":
            counters[key] += 1
        row["number"] = f"{key[0]}-{row['series']}-{key[1]}-{counters[key]:05d}"
    known = {r[ident]: r["number"] for r in ready}
    for row in world.tables[table]:
        if row.get("_old"):  # an earlier version of the same invoice carries the same number
            row["number"] = known[row[ident]]


def number_documents(world: World) -> None:
    number_invoices(world)
    number_invoices(world, "billing.credit_notes", "C")
