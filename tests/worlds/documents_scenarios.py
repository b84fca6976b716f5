"""One company in which every customer is one scenario, and what the specification says of each.

`EXPECTED` is written by hand from the specification: (code, match key) -> (status, cause, delta in minor units). A cause of
None is not compared: the specification leaves it open. Whatever is not listed must be matched; `ABSENT` must not show.
The run is on Monday 2026-05-18, 06:00 UTC.
"""

from __future__ import annotations

from decimal import Decimal

from tests.worlds.documents_books import SHIFTED, Books

AS_OF = "2026-05-18T06:00:00Z"
Key = tuple[str, str]
EXPECTED: dict[Key, tuple[str, str | None, int | None]] = {}
ABSENT: set[Key] = set()


def company() -> Books:
    """The whole company."""
    books = Books()
    books.entity("ZRH", "CHF")
    books.entity("BSL", "CHF")
    books.entity("SEL", "KRW", "Asia/Seoul")
    books.entity("KWI", "KWD", "Asia/Kuwait")
    books.entity("SCL", "CLF", "America/Santiago")
    books.entity("AKL", "NZD", "Pacific/Auckland", SHIFTED)
    for scenarios in (
        not_posted,
        windows,
        misposted,
        amounts,
        states,
        voids,
        credits_,
        paid,
        mispaid,
        families,
        ledger,
    ):
        scenarios(books)
    return books


def found(code: str, key: str, status: str, cause: str | None = None, delta: int | None = 0) -> None:
    """Writes one expected result."""
    EXPECTED[code, key] = (status, cause, delta)


def not_posted(books: Books) -> None:
    """Every way in which an invoice does not reach the ledger; each is the whole invoice of 108.00."""
    for key, status, failure, cause in (
        ("nie gesendet", None, None, "C02"), ("unterwegs", "in_flight", None, "C01"),
        ("Zeit ab", "dead_lettered", "transport", "C02"), ("abgelehnt", "rejected", "business_rule", "C03"),
        ("Periode zu", "rejected", "accounting_control", "C04"), ("quittiert", "accepted", None, "C02"),
    ):  # fmt: skip
        books.customer(key, "ZRH")
        books.invoice(key, key, post=None)
        if status:
            books.message(key, status, failure)
        found("R14", key, "break", cause, 10800)
    books.customer("zweiter Versuch", "ZRH")
    books.invoice("zweiter Versuch", "zweiter Versuch", post=None)
    books.message("zweiter Versuch", "rejected", "business_rule", number=1)
    books.message("zweiter Versuch", "in_flight", number=2)
    found("R14", "zweiter Versuch", "break", "C01", 10800)


def windows(books: Books) -> None:
    """Posting: 4 hours, at period end one business day. Cash: 2 business days. Weekends do not count."""
    books.customer("Fenster", "ZRH")
    books.customer("Window", "AKL")
    for key, customer, day, final, status in (
        ("f1", "Fenster", "2026-05-18", "2026-05-18T02:00:01Z", "timing"),
        ("f2", "Fenster", "2026-05-18", "2026-05-18T01:59:59Z", "break"),
        ("f3", "Fenster", "2026-05-15", "2026-05-15T07:00:00Z", "break"),  # its period ends a week later
        ("w1", "Window", "2026-05-15", "2026-05-15T06:00:01Z", "timing"),  # the last business day of the period
        ("w2", "Window", "2026-05-15", "2026-05-15T05:59:59Z", "break"),
        ("w3", "Window", "2026-05-16", "2026-05-16T23:00:00+12:00", "timing"),  # a Saturday
        ("w4", "Window", "2026-05-14", "2026-05-14T23:00:00Z", "break"),
    ):
        books.invoice(key, customer, issue_date=day, finalized_at=final, post=None)
        found("R14", key, status, "C02", 10800)
    books.credit("fg", "f1", issue_date="2026-05-18", updated_at="2026-05-18T03:00:00Z", memo=None)
    found("R16", "fg", "timing", "C08", -5400)
    for key, received, status in (
        ("p1", "2026-05-14T06:00:01Z", "timing"), ("p2", "2026-05-14T05:59:59Z", "break"),
        ("p3", "2026-05-16T12:00:00Z", "timing"), ("p4", "2026-05-15T00:00:00Z", "timing"),
    ):  # fmt: skip
        books.payment(key, "Fenster", "108", received_at=received, updated_at=received)
        found("R24", key, status, "D04", 10800)
    books.invoice("f0", "Fenster", issue_date="2026-05-18", finalized_at="2026-05-18T05:00:00Z")  # within, and there


def misposted(books: Books) -> None:
    """Posted, but twice, elsewhere or in another period."""
    for key, entity in (
        ("doppelt", "ZRH"),
        ("Gesellschaft", "ZRH"),
        ("Debitor", "ZRH"),
        ("Währung", "ZRH"),
        ("Andere", "ZRH"),
    ):
        books.customer(key, entity)
    books.invoice("doppelt", "doppelt")
    books.post("doppelt", "doppelt", [("100", "8")], doc="B doppelt bis")
    found("R14", "doppelt", "break", "C05", -10800)
    books.invoice("Gesellschaft", "Gesellschaft", post={"legal_entity_code": "BSL"})
    found("R14", "Gesellschaft", "break", "C09", 10800)
    books.invoice("Debitor", "Debitor", post={"erp_customer_id": "deb Andere"})
    found("R14", "Debitor", "break", "C09", 10800)
    books.invoice("Währung", "Währung", post={"currency": "EUR"})
    found("R14", "Währung", "break", None, 10800)

    books.customer("Periode", "ZRH")
    books.invoice("pe1", "Periode", issue_date="2026-04-26", post={"period": "2026-05"})
    found("R14", "pe1", "break", "C10", 0)
    books.invoice("pe2", "Periode", issue_date="2026-04-27")  # still April by the calendar, May by the weeks
    # January was closed on 10 March: what became final later belongs to the next period that was open, March
    late = {"issue_date": "2026-01-20", "finalized_at": "2026-03-11T09:00:00Z"}
    books.invoice("pe3", "Periode", **late, post={"period": "2026-03"})
    books.invoice("pe4", "Periode", **late, post={"period": "2026-04"})
    found("R14", "pe4", "break", "C10", 0)
    books.invoice("pe5", "Periode", **late, post={"period": "2026-01"})
    found("R14", "pe5", "break", "C10", 0)
    books.invoice(
        "pe6", "Periode", issue_date="2026-01-20", finalized_at="2026-03-09T22:59:59Z", post={"period": "2026-01"}
    )
    books.invoice(
        "pe7", "Periode", issue_date="2026-02-22", finalized_at="2026-03-09T23:00:00Z", post={"period": "2026-03"}
    )


def amounts(books: Books) -> None:
    """Posted with other amounts."""
    for key, entity in (("Betrag", "ZRH"), ("Won", "SEL"), ("Dinar", "KWI"), ("UF", "SCL")):
        books.customer(key, entity)
    books.invoice("b1", "Betrag", ("100", "8"), post={"net": "90", "tax": "7.20"})
    found("R14", "b1", "break", "C14", 1080)
    books.invoice("b2", "Betrag", ("100", "8"), ("50", "4"), ("30", "2.40"), post={"keep": {0, 2}})
    found("R14", "b2", "break", "C07", 5400)
    books.invoice("b3", "Betrag", ("100", "8"), post={"tax": "7.70"})
    found("R14", "b3", "break", "C11", 30)
    books.invoice("b4", "Betrag", *[("10", "0.80")] * 3, post={"net": "29.97"})
    found("R14", "b4", "in_tolerance", "C13", 3)
    books.invoice("b5", "Betrag", *[("10", "0.80")] * 3, post={"net": "29.96"})
    found("R14", "b5", "break", "C14", 4)
    books.invoice("b6", "Betrag", *[("10", "0.80")] * 6, post={"net": "60.05"})
    found("R14", "b6", "in_tolerance", "C13", -5)
    books.invoice("b7", "Betrag", *[("10", "0.80")] * 6, post={"net": "60.06"})
    found("R14", "b7", "break", "C14", -6)
    books.invoice(
        "b8", "Betrag", ("100", "8"), post={"keep": set(), "net": "100", "tax": "8"}
    )  # a header without lines
    books.invoice("b9", "Betrag", ("100", "8"), ("20", "1.60"), post={"keep": set()})  # every line dropped
    found("R14", "b9", "break", "C07", 12960)
    books.invoice("ba", "Betrag", ("0", "0"))
    books.invoice("bb", "Betrag", ("-40", "-3.20"))  # a negative invoice is an invoice
    books.invoice(
        "bc", "Betrag", ("100", "8"), post={"net": "99.99", "tax": "8.01"}
    )  # nothing in the gross, yet no match
    found("R14", "bc", "in_tolerance", "C13", 0)
    books.invoice("₩1", "Won", ("5000", "500"), post={"net": "500000", "tax": "50000"})
    found("R14", "₩1", "break", "C14", 5500 - 550000)
    books.invoice("₩2", "Won", ("5000", "500"), ("3000", "300"), post={"net": "8002"})
    found("R14", "₩2", "in_tolerance", "C13", -2)
    books.invoice("₩3", "Won", ("5000", "500"), post={"net": "5002"})
    found("R14", "₩3", "break", "C14", -2)
    books.invoice("d1", "Dinar", ("12.345", "0.617"), post={"net": "12.340"})
    found("R14", "d1", "break", "C14", 5)
    books.invoice("d2", "Dinar", ("12.345", "0.617"), post={"net": "12.346"})
    found("R14", "d2", "in_tolerance", "C13", -1)
    books.invoice("u1", "UF", ("1.2345", "0.2346"))
    books.invoice("u2", "UF", ("1.2345", "0.2346"), post={"net": "1.2343"})
    found("R14", "u2", "break", "C14", 2)


def states(books: Books) -> None:
    """Which invoices are in the population at all."""
    books.customer("Stand", "ZRH")
    books.invoice("s1", "Stand", status="draft", finalized_at=None, updated_at="2026-04-02T09:00:00Z", post=None)
    books.invoice("s2", "Stand", status="void", post=None)
    ABSENT.update({("R14", "s1"), ("R14", "s2"), ("R16", "s2")})
    books.invoice("s3", "Stand", status="uncollectible")
    books.invoice("s4", "Stand", status="paid", post={"status": "paid", "open_amount": Decimal(0)})
    # live in billing, reversed in the ERP
    books.invoice("s5", "Stand")
    books.reverse("B s5", "108")
    found("R14", "s5", "break", None, 10800)
    # reversed because it was wrong, and posted again
    books.invoice("s6", "Stand", post={"net": "1000", "tax": "80"})
    books.reverse("B s6", "1080")
    books.post("s6", "Stand", [("100", "8")], doc="B s6 neu")
    # reversed, and its replacement has been in flight for weeks
    books.invoice("s7", "Stand")
    books.reverse("B s7", "108")
    books.message("s7", "in_flight")
    found("R14", "s7", "break", "C01", 10800)


def voids(books: Books) -> None:
    """Voids of posted invoices; the one of another amount has an entity of its own, for its ledger differs as well."""
    books.customer("Storno", "ZRH")
    for key in ("v1", "v2", "v3"):
        books.invoice(key, "Storno", status="open")
    books.void("v1")
    books.reverse("B v1", "108")
    books.void("v2")
    found("R16", "v2", "break", "C08", -10800)
    books.void("v3")
    books.reverse("B v3", "108", period="2026-05", posting_date="2026-05-05")
    found("R16", "v3", "break", "C10", 0)
    ABSENT.update({("R14", "v1"), ("R14", "v2"), ("R14", "v3")})
    books.entity("GVA", "CHF")
    books.customer("Teilstorno", "GVA")
    books.invoice("v4", "Teilstorno")
    books.void("v4")
    books.reverse("B v4", "80")
    found("R16", "v4", "break", None, -2800)
    found("R33", "GVA|12.000|CHF|2026-04", "break", None, -2800)
    books.entity("LUG", "CHF")
    books.customer("ohne Buchung", "LUG")
    books.invoice("v5", "ohne Buchung")
    books.void("v5")
    books.reverse("B v5", None)
    found("R16", "v5", "break", "C08", -10800)
    found("R33", "LUG|12.000|CHF|2026-04", "break", None, -10800)


def credits_(books: Books) -> None:
    """Credit notes, of 54.00 where nothing else is said."""
    books.customer("Gutschrift", "ZRH")
    books.customer("Dritter", "ZRH")
    books.invoice("g0", "Gutschrift", ("1000", "80"))
    books.invoice("g00", "Gutschrift")
    books.credit("g1", "g0")
    books.credit("g2", "g0", memo={"document_type": "invoice"})
    found("R16", "g2", "break", "C08", -10800)
    books.credit("g3", "g0", memo={"net": "-50", "tax": "-4"})
    found("R16", "g3", "break", "C08", -10800)
    books.credit("g4", "g0", memo=None)
    found("R16", "g4", "break", "C08", -5400)
    books.credit("g5", "g0", memo={"net": "40", "tax": "3.20"})
    found("R16", "g5", "break", "C14", -5400 + 4320)
    books.credit("g6", "g0", memo={"period": "2026-05"})
    found("R16", "g6", "break", "C10", 0)
    books.credit("g7", "g0", memo={"original_document_id": "B g00"})
    found("R16", "g7", "break", None, 0)
    books.credit("g8", "g0", status="void", memo=None)
    ABSENT.add(("R16", "g8"))
    books.credit("g9", "g0", status="void")
    found("R16", "g9", "break", "C08", 5400)
    books.credit("ga", "g0")
    books.post(
        "ga", "Gutschrift", net="50", tax="4", doc="B ga bis", document_type="credit_memo", original_document_id="B g0"
    )
    found("R16", "ga", "break", None, 5400)
    books.credit("gb", "g0", memo={"erp_customer_id": "deb Dritter"})
    found("R16", "gb", "break", "C09", -5400)
    books.credit(
        "gc", "g0", memo={"tax": "4", "net": "50", "open_amount": "0", "status": "paid"}
    )  # applied to its invoice
    books.credit("gd", "g0", net="0.01", tax="0", memo={"net": "0.02"})  # T0: not even one minor unit
    found("R16", "gd", "break", "C14", 1)
    books.credit("ge", "g0", memo={"net": "60", "tax": "4.80"})
    books.reverse("B ge", "-64.80")
    books.post(
        "ge", "Gutschrift", net="50", tax="4", doc="B ge neu", document_type="credit_memo", original_document_id="B g0"
    )


def paid(books: Books) -> None:
    """Cash that ties out."""
    for key in ("bar", "neun", "zwei", "zurück", "beide"):
        books.customer(key, "ZRH")
    books.invoice("c1", "bar")
    books.payment("c1", "bar", "108", "c1", fee_amount="3.20")
    books.receipt("c1", "bar", "108", ("B c1", "108"))
    for number in range(9):
        books.invoice(f"n{number}", "neun")
    books.payment("n", "neun", "972")
    books.receipt("n", "neun", "972", *[(f"B n{number}", "108") for number in range(9)])
    books.invoice("z", "zwei")
    for part, amount in (("z1", "60"), ("z2", "48")):  # two payments of one invoice
        books.payment(part, "zwei", amount, "z")
        books.receipt(part, "zwei", amount, ("B z", amount))
    books.invoice("r", "zwei", ("200", "16"))
    books.payment("r", "zwei", "216", "r")
    for part in ("100", "100", "16"):  # one payment, three receipts
        books.receipt("r", "zwei", part, ("B r", part), key=f"Z r {part} {len(books.erp['cash_receipts'])}")
    # paid, then refunded against a credit note; paid, then charged back
    books.invoice("e1", "zurück")
    books.payment("e1", "zurück", "108", "e1")
    books.receipt("e1", "zurück", "108", ("B e1", "108"))
    books.credit("eg", "e1", net="100", tax="8")
    books.billing["refunds"].append({
        "refund_id": "er", "payment_id": "e1", "credit_note_id": "eg", "currency": "CHF", "amount": "108",
        "status": "succeeded", "payout_id": None, "created_at": "2026-04-08T09:00:00Z", "updated_at": "2026-04-08T09:00:00Z",
    })  # fmt: skip
    books.receipt("er", "zurück", "-108", ("B eg", "-108"))
    books.invoice("e2", "zurück")
    books.payment("e2", "zurück", "108", "e2")
    books.receipt("e2", "zurück", "108", ("B e2", "108"))
    books.billing["disputes"].append({
        "dispute_id": "ed", "payment_id": "e2", "currency": "CHF", "amount": "108", "status": "lost", "payout_id": None,
        "created_at": "2026-04-08T09:00:00Z", "updated_at": "2026-04-09T09:00:00Z",
    })  # fmt: skip
    books.receipt("ed", "zurück", "-108", ("B e2", "-108"))
    # neither came through, and the ERP knows of neither
    books.payment("x1", "bar", "55", status="failed")
    books.payment("x2", "bar", "55", status="pending")
    ABSENT.update({("R24", "x1"), ("R24", "x2"), ("R24", "er"), ("R24", "ed")})
    # two payments of one transfer, booked as one receipt that names the first
    books.invoice("t1", "beide")
    books.invoice("t2", "beide", ("50", "4"))
    books.payment("t1", "beide", "108", "t1")
    books.payment("t2", "beide", "54", "t2")
    books.receipt("t1", "beide", "162", ("B t1", "108"), ("B t2", "54"))


def mispaid(books: Books) -> None:
    """Cash that does not."""
    for key in ("Kasse", "Fremder"):
        books.customer(key, "ZRH")
    for key in ("k1", "k2", "k3", "k4", "k5", "k6", "k7", "k8"):
        books.invoice(key, "Kasse")
    books.invoice("fremd", "Fremder")
    books.payment("k1", "Kasse", "108", "k1")
    books.receipt("k1", "Kasse", "108")
    found("R24", "k1", "break", "D04", 10800)
    books.payment("k2", "Kasse", "108", "k2")
    books.receipt("k2", "Kasse", "108", ("B fremd", "108"))
    found("R24", "k2", "break", "D05", 10800)
    books.payment("k3", "Kasse", "108", "k3", fee_amount="2.50")
    books.receipt("k3", "Kasse", "105.50", ("B k3", "105.50"))
    found("R24", "k3", "break", "D06", 250)
    books.payment("k4", "Kasse", "108", "k4", fee_amount="2.50")
    books.receipt("k4", "Kasse", "108", ("B k4", "105.50"))
    found("R24", "k4", "break", "D06", 250)
    books.payment("k5", "Kasse", "108", "k5")
    books.receipt("k5", "Kasse", "108", ("B k5", "108"))
    books.receipt("k5", "Kasse", "108", key="Z k5 bis")
    found("R24", "k5", "break", "D07", -10800)
    books.payment("k6", "Kasse", "120", "k6")
    books.receipt("k6", "Kasse", "120", ("B k6", "108"))
    found("R24", "k6", "break", "D07", 1200)
    books.payment("k7", "Kasse", "108", "k7")
    books.receipt("k7", "Kasse", "108", ("B k7", "107.99"))
    found("R24", "k7", "in_tolerance", "D12", 1)
    books.payment("k8", "Kasse", "108", "k8", currency="EUR")
    books.receipt("k8", "Kasse", "108", key="Z k8")  # 108.00 CHF are no 108.00 EUR
    found("R24", "k8", "break", None, 10800)
    books.payment("k9", "Kasse", "77")
    books.message("k9", "rejected", "business_rule", kind="payment")
    found("R24", "k9", "break", "D04", 7700)
    books.payment("ka", "Kasse", "66", status="failed")
    books.receipt("ka", "Kasse", "66")  # the bank never had it
    found("R24", "ka", "break", "D07", -6600)


def families(books: Books) -> None:
    """A payer may pay for itself and for all below it."""
    parent = None
    for level in ("Konzern", "Holding", "Bereich", "Werk", "Filiale"):
        books.customer(level, "ZRH", parent)
        books.invoice(f"h {level}", level)
        parent = level
    for key, payer, payee in (("h1", "Konzern", "Werk"), ("h2", "Bereich", "Werk"), ("h3", "Holding", "Filiale")):
        books.payment(key, payer, "50")
        books.receipt(key, payer, "50", (f"B h {payee}", "50"))
    books.payment("h4", "Filiale", "50")
    books.receipt("h4", "Filiale", "50", ("B h Konzern", "50"))
    found("R24", "h4", "break", "D05", 5000)


def ledger(books: Books) -> None:
    """Each entity is one scenario of the control account."""
    for code in ("MAN", "OHN", "PER", "KTO", "NEU", "RUE", "ERO", "GES", "GEG"):
        books.entity(code, "CHF")
        books.customer(f"l {code}", code)
        books.invoice(f"l {code}", f"l {code}", post={"journal": None} if code in ("OHN", "PER", "KTO", "GES") else {})
    books.journal("hand 1", "MAN", "50", "2026-04", source="manual")
    found("R33", "MAN|12.000|CHF|2026-04", "break", "C06", -5000)
    found("R33", "OHN|12.000|CHF|2026-04", "break", "C06", 10800)
    books.journal("J spät", "PER", "108", "2026-05", document_id="B l PER")
    found("R33", "PER|12.000|CHF|2026-04", "break", None, 10800)
    found("R33", "PER|12.000|CHF|2026-05", "break", None, -10800)
    books.journal("J zweites Konto", "KTO", "108", "2026-04", account="12.900", document_id="B l KTO")
    books.invoice("l KTO 2", "l KTO")
    # a revaluation has base amounts only
    books.journal("neu bewertet", "NEU", "0", "2026-05", source="revaluation", base_debit="3", base_credit="0")
    # reversed two periods later: each period ties out
    books.invoice("l RUE 2", "l RUE", issue_date="2026-03-05")
    books.void("l RUE 2", "2026-04-30")
    books.reverse("B l RUE 2", "108", "2026-04-30")
    # an opening balance without documents is a difference of its period, and of no later one
    books.journal("Eröffnung", "ERO", "500", "2026-01", source="manual")
    found("R33", "ERO|12.000|CHF|2026-01", "break", "C06", -50000)
    # the journal of one entity's document stands in another entity
    books.journal("J falsch", "GEG", "108", "2026-04", document_id="B l GES")
    found("R33", "GES|12.000|CHF|2026-04", "break", "C09", 10800)
    found("R33", "GEG|12.000|CHF|2026-04", "break", "C09", -10800)
