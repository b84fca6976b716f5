"""Between billing and the ledger: documents lost, doubled, altered, or booked in the wrong place."""

# mypy: disable-error-code="misc"
# A lambda that binds a loop variable by default cannot be inferred.
from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from sample_data.accounting import posting
from sample_data.clock import period_of
from sample_data.config import ENTITIES, ENTITY, EXPONENT, RUNNING
from sample_data.defects.planting import case, immediate, invoice, quiet
from sample_data.money import convert
from sample_data.world.state import Row, World

RECENT = date(2026, 10, 1)


def cells(row: Row, day: date | None = None) -> list[str]:
    """The R32 cell in which the ledger then disagrees with billing; none while its period still runs."""
    period = period_of(day or row["issue_date"])
    return [] if period == RUNNING else [f"R32:{row['legal_entity_code']}|{row['currency']}|{period}"]


def unpost(world: World, row: Row) -> Row:
    """Takes the invoice's document, its lines and its journal out of the ERP."""
    doc = world.notes["document"].pop(row["invoice_id"])
    gone = {"document_id": doc["document_id"]}
    for table in ("erp.ar_documents", "erp.ar_document_lines", "erp.journal_lines"):
        world.tables[table][:] = [r for r in world.tables[table] if r["document_id"] != gone["document_id"]]
    return doc


def repost(world: World, row: Row, **changes: Any) -> Row:
    """Posts it again as the ERP understood it."""
    unpost(world, row)
    doc = posting.post_invoice(world, {**row, **changes})
    world.notes["document"][row["invoice_id"]] = doc
    return doc


def open_bank(row: Row) -> bool:
    """Recent, to be paid by bank transfer, and so still unpaid at the as-of date."""
    customer = row["_sub"].customer
    return not customer.pays_by_card and row["issue_date"] >= RECENT and immediate(row)


def paid(row: Row) -> bool:
    """Paid long before the as-of date by bank transfer, as one payment."""
    return (
        not row["_sub"].customer.pays_by_card
        and date(2026, 1, 1) <= row["issue_date"] < date(2026, 7, 1)
        and immediate(row)
    )


def by_size(low: int, high: int) -> Any:
    """Between two net amounts, in units of the currency."""
    return lambda r: (
        low * 10 ** EXPONENT[r["currency"]] <= r["net_amount"] * _level(r) < high * 10 ** EXPONENT[r["currency"]]
    )


def _level(row: Row) -> Decimal:
    return Decimal(1) / 150 if row["currency"] == "JPY" else Decimal(1)


SIZES = (("small", by_size(50, 1500)), ("large", by_size(3000, 10**9)))
PLANS = (("small", by_size(50, 1500)), ("large", by_size(1800, 10**9)))


def not_posted(world: World) -> None:
    failures = (
        (
            "invoice not posted (time-out)",
            "C02",
            {
                "status": "dead_lettered",
                "failure_class": "transport",
                "error_code": "TIMEOUT",
                "error_message": "no answer within 30 s",
                "attempts": 6,
            },
        ),
        (
            "rejected for an unmapped tax code",
            "C03",
            {
                "status": "rejected",
                "failure_class": "business_rule",
                "error_code": "TAX_CODE_UNMAPPED",
                "error_message": "tax code has no mapping",
                "attempts": 1,
            },
        ),
    )
    for name, cause, message in failures:
        for size, fits in PLANS:
            title = f"{name} ({size})"
            row = invoice(world, title, lambda r, f=fits: open_bank(r) and f(r))
            unpost(world, row)
            key, sent = row["invoice_id"], row["finalized_at"] + timedelta(minutes=1)
            world.notes["message"][key] = {**message, "acknowledged_at": None, "updated_at": sent + timedelta(hours=1)}
            case(
                world,
                title,
                "R14",
                key,
                cause,
                amount=row["total_amount"],
                currency=row["currency"],
                when=row["finalized_at"] + timedelta(hours=4),
                also=[f"R22:MSG-{key}", *cells(row)],
            )


def posted_twice(world: World) -> None:
    for size, fits in PLANS:
        title = f"posted twice ({size})"
        row = invoice(world, title, lambda r, f=fits: open_bank(r) and f(r))
        first = world.notes["document"][row["invoice_id"]]
        second = posting.post_invoice(world, row)
        name = f"{first['document_id']}-2"
        _rename(world, second, name)
        created = first["created_at"] + timedelta(minutes=7)
        second.update(document_id=name, created_at=created, updated_at=created)
        case(
            world,
            title,
            "R14",
            row["invoice_id"],
            "C05",
            amount=-row["total_amount"],
            currency=row["currency"],
            when=created,
            also=[f"R19:ar_documents|{name}", *cells(row)],
        )


def _rename(world: World, doc: Row, name: str) -> None:
    """Gives the rows of a second posting ids of their own: they are the last ones added."""
    for table, count in (("erp.ar_document_lines", len(doc["_lines"])), ("erp.journal_lines", len(doc["_journal"]))):
        for number, row in enumerate(world.tables[table][-count:], 1):
            row["document_id"] = name
            if "document_line_id" in row:
                row["document_line_id"] = f"{name}-{number}"
            else:
                row.update(journal_id=f"JE-{name}", created_at=doc["created_at"] + timedelta(minutes=7))


def line_dropped(world: World) -> None:
    """The customer pays the whole invoice; what the document lacks stays unapplied."""
    for size, fits in SIZES:
        title = f"one line dropped ({size})"
        row = invoice(
            world,
            title,
            lambda r, f=fits: paid(r) and f(r) and len([x for x in r["_lines"] if x["tax_amount"] > 0]) > 1,
        )
        charged_lines = sorted((x for x in row["_lines"] if x["tax_amount"] > 0), key=lambda x: x["amount"])
        dropped = charged_lines[0 if size == "small" else -1]
        kept = [x for x in row["_lines"] if x is not dropped]
        net, charged = sum(x["amount"] for x in kept), sum(x["tax_amount"] for x in kept)
        repost(world, row, _lines=kept, net_amount=net, tax_amount=charged, total_amount=net + charged)
        case(
            world,
            title,
            "R14",
            row["invoice_id"],
            "C07",
            amount=row["total_amount"] - net - charged,
            currency=row["currency"],
            when=row["finalized_at"] + timedelta(hours=4),
            also=[f"R15:{row['invoice_id']}", f"R24:PY-{row['invoice_id'][3:]}", *cells(row)],
        )
    title = "one line dropped"
    row = invoice(world, title, paid)
    line = max(row["_lines"], key=lambda x: x["amount"])
    altered = [{**x, "amount": x["amount"] - 1} if x is line else x for x in row["_lines"]]
    repost(world, row, _lines=altered, net_amount=row["net_amount"] - 1, total_amount=row["total_amount"] - 1)
    quiet(world, title, "R14", row["invoice_id"])


def wrong_entity(world: World) -> None:
    for size, fits in PLANS:
        title = f"posted to the wrong entity ({size})"
        row = invoice(world, title, lambda r, f=fits: open_bank(r) and f(r))
        other = next(e.code for e in ENTITIES if e.code != row["legal_entity_code"] and e.code != "US")
        doc = repost(world, row, legal_entity_code=other)
        case(
            world,
            title,
            "R14",
            row["invoice_id"],
            "C09",
            amount=row["total_amount"],
            currency=row["currency"],
            when=row["finalized_at"] + timedelta(hours=4),
            also=[*cells(row), *cells(doc, row["issue_date"])],
        )


def wrong_period(world: World) -> None:
    """December's invoice in January, at January's rate."""
    for size, fits in SIZES:
        title = f"December posted in January ({size})"
        row = invoice(world, title, lambda r, f=fits: _december(r) and f(r))
        posted = date(2026, 1, 5)
        doc = repost(world, row, _posting_date=posted)
        case(
            world,
            title,
            "R21",
            doc["document_id"],
            "C10",
            when=row["finalized_at"] + timedelta(hours=4),
            also=[f"R14:{row['invoice_id']}", *cells(row), *cells(row, posted)],
        )


def _december(row: Row) -> bool:
    bank = not row["_sub"].customer.pays_by_card
    return (
        bank
        and row["issue_date"].month == 12
        and row["due_date"] >= date(2026, 1, 14)
        and row["currency"] == ENTITY[row["legal_entity_code"]].currency
        and immediate(row)
    )


def header_tax(world: World) -> None:
    """The ERP computes tax on the header: off by more than rounding of its lines can be."""
    for shift in (7, 60, 1):
        title = f"header-versus-line tax rounding ({shift} minor units)"
        row = invoice(world, title, lambda r, n=shift: paid(r) and r["tax_amount"] > n * 20)
        repost(world, row, tax_amount=row["tax_amount"] - shift, total_amount=row["total_amount"] - shift)
        key = row["invoice_id"]
        if shift == 1:
            quiet(world, "header-versus-line tax rounding", "R15", key)
            continue
        case(
            world,
            title,
            "R15",
            key,
            "C11",
            amount=shift,
            currency=row["currency"],
            when=row["finalized_at"] + timedelta(hours=4),
            also=[f"R14:{key}", f"R24:PY-{key[3:]}"],
        )


def scaled(world: World) -> None:
    """The ERP took yen for hundredths: everything a hundred times too large."""
    for size, fits in SIZES:
        title = f"JPY scaled by 100 ({size})"
        row = invoice(
            world,
            title,
            lambda r, f=fits: _taxed_yen(r) and f(r),
            _taxed_yen,
        )
        lines = [{**x, "amount": x["amount"] * 100, "tax_amount": x["tax_amount"] * 100} for x in row["_lines"]]
        repost(world, row, _lines=lines, **{k: row[k] * 100 for k in ("net_amount", "tax_amount", "total_amount")})
        key = row["invoice_id"]
        case(
            world,
            title,
            "R14",
            key,
            "C14",
            amount=-99 * row["total_amount"],
            currency="JPY",
            when=row["finalized_at"] + timedelta(hours=4),
            also=[f"R15:{key}", f"R17:{key}", f"R28:{key}", *cells(row)],
        )


def _taxed_yen(row: Row) -> bool:
    return row["currency"] == "JPY" and row["tax_amount"] > 0 and paid(row)


def wrong_rate(world: World) -> None:
    for name in ("EUR in US", "USD in JP", "tolerance"):
        title = f"inverted rate ({name})"
        row = invoice(world, title, lambda r, n=name: _foreign(r, n), _any_foreign)
        base = ENTITY[row["legal_entity_code"]].currency
        rate = posting.rate_of(world, row["legal_entity_code"], row["currency"], row["issue_date"])
        wrong = rate + Decimal("0.0000001") if name == "tolerance" else (1 / rate).quantize(Decimal("0.0000000001"))
        doc = repost(world, row, _fx_rate=wrong)
        if name == "tolerance":
            quiet(world, "inverted rate", "R29", doc["document_id"])
            continue
        delta = convert(row["total_amount"], row["currency"], base, wrong) - convert(
            row["total_amount"], row["currency"], base, rate
        )
        case(world, title, "R29", doc["document_id"], "C12", amount=delta, currency=base, when=doc["created_at"])


def _foreign(row: Row, name: str) -> bool:
    where = {"EUR in US": ("EUR", "US"), "USD in JP": ("USD", "JP"), "tolerance": ("USD", "DE")}[name]
    return (row["currency"], row["legal_entity_code"]) == where and paid(row)


def _any_foreign(row: Row) -> bool:
    return row["currency"] != ENTITY[row["legal_entity_code"]].currency and paid(row)


def fictitious(world: World) -> None:
    """A document that no billing invoice stands behind."""
    for size, fits in PLANS:
        title = f"fictitious ERP invoice ({size})"
        row = invoice(world, title, lambda r, f=fits: open_bank(r) and f(r))
        name = f"IN-FICT-{row['invoice_id'][3:]}"
        lines = [{**x, "line_id": None} for x in row["_lines"]]
        doc = posting.post_invoice(
            world, {**row, "invoice_id": name, "number": f"M-{row['number']}", "_lines": lines, "correlation_id": None}
        )
        for line in doc["_lines"]:
            line["_source"] = {**line["_source"], "kind": "usage"}
        case(world, title, "R20", f"ar_documents|{doc['document_id']}", "C06", when=doc["created_at"], also=cells(row))


def cost_center(world: World) -> None:
    for account, right in (("4100", "CC-420"), ("4000", "CC-410")):
        title = f"wrong cost center ({right})"
        row = invoice(
            world,
            title,
            lambda r, a=account: (
                paid(r) and any(p["account_number"] == a for p in world.notes["document"][r["invoice_id"]]["_lines"])
            ),
        )
        doc = world.notes["document"][row["invoice_id"]]
        line = next(p for p in doc["_lines"] if p["account_number"] == account)
        line["dimensions"] = line["dimensions"].replace(right, "CC-440")
        case(world, title, "R23", line["document_line_id"], "cost center", when=doc["created_at"])


HOOKS = [
    ("posting", f)
    for f in (
        not_posted,
        posted_twice,
        line_dropped,
        wrong_entity,
        wrong_period,
        header_tax,
        scaled,
        wrong_rate,
        fictitious,
        cost_center,
    )
]
