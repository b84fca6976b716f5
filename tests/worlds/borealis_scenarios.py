"""What happened at Borealis, one subscription per question. The answers stand in tests/e2e/test_unseen_usage.py."""

from __future__ import annotations

from pathlib import Path

from tests.worlds.borealis import AS_OF, KNOWN, Borealis

JANUARY = {"service_start": "2024-01-01", "service_end": "2024-02-01"}
PARTIAL = {"is_proration": True}


def company() -> Borealis:
    """The whole company."""
    world = Borealis()
    for fill in (_schemes, _fees, _versions, _wrong_prices, _without_terms, _quantities, _late_and_moved, _capture,
                 _aggregations, _not_due, _supplements, _seats, _rejected):  # fmt: skip
        fill(world)
    return world


def whole(folder: Path) -> None:
    """Landing files of the company, one per object."""
    company().write(folder, AS_OF, "Borealis")


def dealt(folder: Path) -> None:
    """The same rows, dealt over several files in another order."""
    company().write(folder, AS_OF, "Borealis", shuffled=7)


def without_crm(folder: Path) -> None:
    """Product and billing alone: billing's items are the terms."""
    company().write(folder, AS_OF, "Borealis", domains=("product", "billing"))


def _usage(world: Borealis, key: str, sku: str, quantity: str, amount: str, meter: str = "min", **more: str) -> None:
    """One event, metered and billed as it is."""
    world.use(key, meter, quantity)
    world.metered(key, meter, quantity, 1)
    world.bill(key, {"sku": sku, "quantity": quantity, "amount": amount}, **more)


def _schemes(world: Borealis) -> None:
    world.sell("kwd", "min-kwd", included_quantity="100")
    _usage(world, "kwd", "Minuten", "1100.2", "12.503", currency="KWD")
    world.sell("clf", "stufe-clf", discount_percent="12.5", discount_until="2024-02-01")
    _usage(world, "clf", "Stufen", "60.5", "4.7906", "stufe", currency="CLF")
    world.sell("krw", "paket-krw")
    _usage(world, "krw", "Pakete", "2000.000000001", "16500", "paket", currency="KRW")
    world.sell("klippe", "menge-chf")
    world.use("klippe", "menge", "100", "1")
    world.metered("klippe", "menge", "101", 2)
    world.bill("klippe", {"sku": "Menge", "quantity": "100", "amount": "1000"})
    world.bill(
        "klippe", {"sku": "Menge", "quantity": "1", "amount": "-91"}, again="+", finalized_at="2024-03-20T06:00:00Z"
    )
    world.sell("riesig", "riesig-chf")
    _usage(world, "riesig", "Riesig", "999999999999.999999999", "1000000", "riesig")
    world.sell("sockel", "min-ten", discount_percent="30", minimum_amount="80")
    world.use("sockel", "min", "100")
    world.metered("sockel", "min", "100", 1)
    usage = {"sku": "Minuten", "quantity": "100", "amount": "70", "discount_amount": "30"}
    world.bill("sockel", usage, {"sku": "Minuten", "kind": "minimum", "quantity": "1", "amount": "10"})
    world.sell("still", "min-chf", minimum_amount="50")
    world.bill("still", {"sku": "Minuten", "kind": "minimum", "quantity": "1", "amount": "50"})
    world.sell("null", "min-chf", minimum_amount="50")
    world.metered("null", "min", "0", 0)
    top_up = {"sku": "Minuten", "kind": "minimum", "quantity": "1", "amount": "50"}
    world.bill("null", {"sku": "Minuten", "quantity": "0", "amount": "0"}, top_up)
    world.sell("stumm", "min-chf", minimum_amount="50", end="2024-03-01", start="2024-02-01")


def _fees(world: Borealis) -> None:
    world.sell("grund", "grund-krw")
    world.bill("grund", {"sku": "Grundgebühr", "quantity": "1", "amount": "99000"}, currency="KRW")
    world.sell("ultimo", "anschluss-31", start="2024-01-31", quantity="1")
    for number, (start, end) in enumerate(
        (("2024-01-31", "2024-02-29"), ("2024-02-29", "2024-03-31"), ("2024-03-31", "2024-04-30"))
    ):
        world.bill("ultimo", {"sku": "Anschluss", "quantity": "1", "amount": "31", "service_start": start, "service_end": end},
                   again=f"+{number}")  # fmt: skip
    for key, unused in (("jahr", "-3500"), ("jahr-360", "-3548.61")):
        old = {"sku": "Jahresabo", "price_id": "jahr-chf", "discount_percent": "0", "included_quantity": "0", "minimum_amount": "0",
               "quantity": "10", "effective_from": "2024-02-29", "effective_to": "2024-03-15"}  # fmt: skip
        new = old | {"quantity": "12", "effective_from": "2024-03-15", "effective_to": None}
        world.sell(key, "jahr-chf", start="2024-02-29", interval="year", quantity="10", end="2026-02-28",
                   item={"effective_to": "2024-03-15"})  # fmt: skip
        world.sign(key, 2, old, new, start="2024-02-29", end="2026-02-28")
        world.add("billing", "subscription_items", item_id=f"P-{key}+", subscription_id=key, contract_line_id=f"V-{key}/v2/2",
                  updated_at="2024-03-15T08:00:00Z", **new)  # fmt: skip
        year = {"sku": "Jahresabo", "service_start": "2024-02-29", "service_end": "2025-02-28"}
        rest = year | PARTIAL | {"service_start": "2024-03-15"}
        world.bill(key, year | {"quantity": "10", "amount": "3650"}, rest | {"quantity": "-10", "amount": unused},
                   rest | {"quantity": "12", "amount": "4200", "item_id": f"P-{key}+"})  # fmt: skip
    for key, since, amount in (
        ("teil", "2024-02-10", "20"),
        ("teil-30", "2024-02-10", "19.33"),
        ("schalttag", "2024-02-29", "1"),
    ):
        world.sell(key, "anschluss-chf", quantity="1", effective_from=since)
        world.bill(key, {"sku": "Anschluss", "quantity": "1", "amount": amount, "service_start": since} | PARTIAL)
    world.sell("einmal", "auf-chf", quantity="1")
    world.bill("einmal", {"sku": "Aufschaltung", "quantity": "1", "amount": "49.95", "service_start": "2024-01-01",
                          "service_end": "2024-01-01"})  # fmt: skip
    world.sell("rabatt-zu-ende", "anschluss-31", quantity="1", discount_percent="10", discount_until="2024-01-31")
    world.bill("rabatt-zu-ende", {"sku": "Anschluss", "quantity": "1", "amount": "31"})
    world.sell("rabatt-weiter", "anschluss-31", quantity="1", discount_percent="10", discount_until="2024-01-31")
    world.bill("rabatt-weiter", {"sku": "Anschluss", "quantity": "1", "amount": "27.90", "discount_amount": "3.10"})


def _versions(world: Borealis) -> None:
    for key, price, february in (
        ("version", "min-chf", "10"),
        ("veraltet", "min-chf-2023", "8"),
        ("veraltet-lose", "min-chf-2023", "8"),
    ):
        world.sell(key, "min-chf-2023", item={"price_id": price})
        old = {"sku": "Minuten", "price_id": "min-chf-2023", "discount_percent": "0", "included_quantity": "0", "minimum_amount": "0",
               "quantity": None, "effective_from": "2024-01-01", "effective_to": "2024-02-01"}  # fmt: skip
        world.sign(key, 2, old, old | {"price_id": "min-chf", "effective_from": "2024-02-01", "effective_to": None})
        world.sign(key, 3, old | {"effective_to": None}, status="draft")
        for month, day in (("2024-01", "2024-01-20"), ("2024-02", "2024-02-20")):
            world.use(key, "min", "100", at=day)
            world.metered(key, "min", "100", 1, month)
        lose = {"item_id": None} if key == "veraltet-lose" else {}
        world.bill(key, {"sku": "Minuten", "quantity": "100", "amount": "8"} | JANUARY | lose)
        world.bill(key, {"sku": "Minuten", "quantity": "100", "amount": february} | lose, again="+")


def _wrong_prices(world: Borealis) -> None:
    world.sell("gestuft", "menge-chf")
    _usage(world, "gestuft", "Menge", "150", "1450", "menge")
    world.sell("preisliste", "min-chf")
    _usage(world, "preisliste", "Minuten", "100", "8")
    world.sell("sockel-fehlt", "min-chf", minimum_amount="50")
    _usage(world, "sockel-fehlt", "Minuten", "100", "10")
    world.sell("sockel-klein", "min-chf", minimum_amount="50")
    world.use("sockel-klein", "min", "100")
    world.metered("sockel-klein", "min", "100", 1)
    world.bill("sockel-klein", {"sku": "Minuten", "quantity": "100", "amount": "10"},
               {"sku": "Minuten", "kind": "minimum", "quantity": "1", "amount": "35"})  # fmt: skip
    world.sell("freimenge", "min-chf", included_quantity="50")
    _usage(world, "freimenge", "Minuten", "100", "10")
    world.sell("rabatt-fehlt", "min-chf", discount_percent="15")
    _usage(world, "rabatt-fehlt", "Minuten", "100", "10")
    world.sell("euro", "min-chf")
    _usage(world, "euro", "Minuten", "100", "10", currency="EUR")
    world.sell("rappen", "min-chf")
    _usage(world, "rappen", "Minuten", "100", "10.01")
    world.sell("zwei-rappen", "min-chf")
    _usage(world, "zwei-rappen", "Minuten", "100", "10.02")
    world.sell("gerundet", "min-klein")
    _usage(world, "gerundet", "Minuten", "1000", "10")


def _without_terms(world: Borealis) -> None:
    world.sell("vertragslos", "min-chf", signed=False, contract=None)
    _usage(world, "vertragslos", "Minuten", "100", "10")
    world.sell("entwurf", "min-chf", signed=False)
    world.sign("entwurf", 1, {"sku": "Minuten", "price_id": "min-chf", "discount_percent": "0", "included_quantity": "0",
                              "minimum_amount": "0", "quantity": None, "effective_from": "2024-01-01"}, status="draft")  # fmt: skip
    _usage(world, "entwurf", "Minuten", "100", "10")
    world.sell("beendet", "anschluss-31", quantity="1", end="2024-02-01")
    world.bill("beendet", {"sku": "Anschluss", "quantity": "1", "amount": "31"})


def _quantities(world: Borealis) -> None:
    line = {"sku": "Minuten", "quantity": "100", "amount": "10"}
    for key in (
        "storno",
        "nur-entwurf",
        "zweimal",
        "kulanz",
        "eigenmaechtig",
        "neu",
        "vier",
        "vergessen",
        "doppelmonat",
    ):
        world.sell(key, "min-chf", minimum_amount="25" if key == "vergessen" else "0")
        world.use(key, "min", "100")
        world.metered(key, "min", "100", 1)
    world.bill("storno", line, status="void")
    world.bill("storno", line, again="+", replaces_invoice_id="R-storno")
    world.bill("nur-entwurf", line, status="draft", finalized_at=None, number=None)
    world.bill("zweimal", line)
    world.bill("zweimal", line, again="+", finalized_at="2024-03-06T06:00:00Z")
    world.bill("kulanz", line)
    world.credit("kulanz", "4", "goodwill")
    world.bill("eigenmaechtig", line)
    world.credit("eigenmaechtig", "4", "goodwill", approved_by=None)
    world.bill("neu", line | {"quantity": "220", "amount": "22"})
    world.credit("neu", "22", "billing_error")
    world.bill("neu", line, again="+", finalized_at="2024-03-09T06:00:00Z")
    world.bill("vier", line | {"quantity": "120", "amount": "12"})
    world.bill("doppelmonat", line)
    world.sell("ungemessen", "min-chf")
    world.use("ungemessen", "min", "100")
    world.sell("erfunden", "min-chf")
    world.bill("erfunden", line)
    world.use("unbekannt", "min", "100")
    world.metered("unbekannt", "min", "100", 1)


def _late_and_moved(world: Borealis) -> None:
    for key, late in (("knapp", ("50", "2024-03-03T10:00:00Z")), ("zu-spaet", ("50", "2024-03-20T10:00:00Z")),
                      ("beides", ("50", "2024-03-03T10:00:00Z"))):  # fmt: skip
        world.sell(key, "min-chf")
        _usage(world, key, "Minuten", "100", "10")
        world.use(key, "min", late[0], at="2024-02-29", ingested_at=late[1])
    world.use("beides", "min", "70", at="2024-02-28", ingested_at="2024-03-20T10:00:00Z")
    world.sell("mitternacht", "min-chf")
    world.use("mitternacht", "min", "100", at="2024-01-31T23:59:59Z")
    world.use("mitternacht", "min", "50", at="2024-02-01T00:30:00+00:00")
    world.use("mitternacht", "min", "100", at="2024-02-29T23:59:59.999Z")
    world.metered("mitternacht", "min", "150", 2, "2024-01")
    world.metered("mitternacht", "min", "100", 1)
    world.bill("mitternacht", {"sku": "Minuten", "quantity": "150", "amount": "15"} | JANUARY)
    world.bill("mitternacht", {"sku": "Minuten", "quantity": "100", "amount": "10"}, again="+")


def _capture(world: Borealis) -> None:
    def ends(key: str, quantity: str, events: int, amount: str, **more: str) -> None:
        world.metered(key, "min", quantity, events)
        world.bill(key, {"sku": "Minuten", "quantity": quantity, "amount": amount})

    for key in ("verloren", "doppelt", "konflikt", "falsche-kopie", "test", "phantom", "phantom-teil", "zwei-mandanten", "korrektur",
                "fremd-phantom", "fremd-phantom-2", "vertauscht"):  # fmt: skip
        world.sell(key, "min-chf")
    for key in ("geber", "nehmer", "fremd-test"):
        world.sell(key, "min-chf", customer="K-2")
    for key in ("fremd-verloren", "vertauscht-2", "k3-verloren"):
        world.sell(key, "min-chf", customer="K-2" if key == "k3-verloren" else "K-3")
    world.use("verloren", "min", "100", "200")
    ends("verloren", "100", 1, "10")
    (event,) = world.use("doppelt", "min", "100")
    world.use("doppelt", "min", "100", event_id=event, ingested_at="2024-02-11T12:01:00Z")
    ends("doppelt", "200", 2, "20")
    for key, quantity, count, amount in (("konflikt", "170", 2, "17"), ("falsche-kopie", "70", 1, "7")):
        (event,) = world.use(key, "min", "100")
        world.use(key, "min", "70", event_id=event, ingested_at="2024-02-11T12:01:00Z")
        ends(key, quantity, count, amount)
    world.use("test", "min", "100")
    world.use("test", "min", "40", tenant_id="mandant-test")
    ends("test", "140", 2, "14")
    ends("phantom", "55", 1, "5.50")
    world.use("phantom-teil", "min", "100")
    ends("phantom-teil", "157", 2, "15.70")
    world.use("zwei-mandanten", "min", "100")
    world.use("zwei-mandanten", "min", "60", tenant_id="mandant-2")
    ends("zwei-mandanten", "160", 2, "16")
    world.use("korrektur", "min", "100", "200")
    world.metered("korrektur", "min", "350", 3)
    world.metered("korrektur", "min", "-50", -1, again="+", computed_at="2024-03-02T09:00:00Z")
    world.bill("korrektur", {"sku": "Minuten", "quantity": "300", "amount": "30"})
    world.use("geber", "min", "100", "211")
    ends("geber", "100", 1, "10")
    world.use("nehmer", "min", "300")
    ends("nehmer", "511", 2, "51.10")
    # of equal size: a loss at one customer and phantoms at two others, which proves nothing; a loss at one customer that
    # stands whole at another; a loss beside a sister's test tenant
    world.use("fremd-verloren", "min", "10", "33")
    ends("fremd-verloren", "10", 1, "1")
    for key in ("fremd-phantom", "fremd-phantom-2"):
        world.use(key, "min", "10")
        ends(key, "43", 2, "4.30")
    world.use("vertauscht", "min", "10", "47")
    ends("vertauscht", "10", 1, "1")
    world.use("vertauscht-2", "min", "10")
    ends("vertauscht-2", "57", 2, "5.70")
    world.use("k3-verloren", "min", "10", "41")
    ends("k3-verloren", "10", 1, "1")
    world.use("fremd-test", "min", "10")
    world.use("fremd-test", "min", "41", tenant_id="mandant-test")
    ends("fremd-test", "51", 2, "5.10")
    world.sell("sockel-verloren", "min-chf", minimum_amount="50")
    world.use("sockel-verloren", "min", "100", "500")
    world.metered("sockel-verloren", "min", "100", 1)
    world.bill("sockel-verloren", {"sku": "Minuten", "quantity": "100", "amount": "10"},
               {"sku": "Minuten", "kind": "minimum", "quantity": "1", "amount": "40"})  # fmt: skip


def _aggregations(world: Borealis) -> None:
    world.sell("mebi", "mb-chf")
    world.use("mebi", "mb", "1000")
    world.metered("mebi", "mb", "1.048576", 1)
    world.bill("mebi", {"sku": "Speicher", "quantity": "1.048576", "amount": "104.86"})
    for key, peak, amount in (("spitze", "9", "18"), ("spitze-tief", "7", "14")):
        world.sell(key, "spitze-chf")
        world.use(key, "spitze", "5", "9", "7")
        world.metered(key, "spitze", "8", 3)
        world.metered(key, "spitze", peak, 3, again="+", computed_at="2024-03-02T09:00:00Z")
        world.bill(key, {"sku": "Spitze", "quantity": peak, "amount": amount})
    for key, found, count, amount in (("geraete", "2", 3, "6"), ("geraete-mehr", "3", 4, "9")):
        world.sell(key, "geraet-chf")
        for name in ("handy", "tablet", "handy"):
            world.use(key, "geraet", "1", properties=f'{{"key": "{name}"}}')
        world.metered(key, "geraet", found, count)
        world.bill(key, {"sku": "Geräte", "quantity": found, "amount": amount})
    world.sell("roaming", "roam-chf")
    world.use("roaming", "roam", "10", at="2024-02-14")
    world.use("roaming", "roam", "10", at="2024-02-15")
    world.metered("roaming", "roam", "30", 2)
    world.bill("roaming", {"sku": "Roaming", "quantity": "30", "amount": "30"})
    world.sell("zwei-zaehler", "min-chf")
    world.use("zwei-zaehler", "min", "100")
    world.use("zwei-zaehler", "min-ausland", "40")
    world.metered("zwei-zaehler", "min", "100", 1)
    world.metered("zwei-zaehler", "min-ausland", "100", 1)
    world.bill("zwei-zaehler", {"sku": "Minuten", "quantity": "200", "amount": "20"})
    world.sell("zwei-fehler", "min-chf")
    world.use("zwei-fehler", "min", "100", "51")
    (event,) = world.use("zwei-fehler", "min-ausland", "40")
    world.use("zwei-fehler", "min-ausland", "40", event_id=event, ingested_at="2024-02-11T12:01:00Z")
    world.metered("zwei-fehler", "min", "100", 1)
    world.metered("zwei-fehler", "min-ausland", "200", 2)
    world.bill("zwei-fehler", {"sku": "Minuten", "quantity": "300", "amount": "30"})


def _not_due(world: Borealis) -> None:
    for key in ("maerz", "april"):
        world.sell(key, "min-chf")
    world.use("maerz", "min", "100", "50", at="2024-03-20")
    world.metered("maerz", "min", "100", 1, "2024-03")
    world.use("april", "min", "100", at="2024-04-01")


def _supplements(world: Borealis) -> None:
    world.sell("klippe-allein", "menge-chf")
    world.sell("frei-zweimal", "min-chf", included_quantity="50")
    for key, meter, sku, first, late in (
        ("klippe-allein", "menge", "Menge", ("100", "1000"), ("1", "10")),
        ("frei-zweimal", "min", "Minuten", ("60", "1"), ("20", "0")),
    ):
        world.use(key, meter, first[0], late[0])
        world.metered(key, meter, str(int(first[0]) + int(late[0])), 2)
        world.bill(key, {"sku": sku, "quantity": first[0], "amount": first[1]})
        world.bill(
            key, {"sku": sku, "quantity": late[0], "amount": late[1]}, again="+", finalized_at="2024-03-20T06:00:00Z"
        )


def _seats(world: Borealis) -> None:
    line = {"sku": "Anschluss", "quantity": "3", "amount": "93"}
    world.sell("sitze-falsch", "anschluss-31", quantity="2")
    world.bill("sitze-falsch", line)
    world.sell("sitze-alt", "anschluss-31", quantity="2")
    old = {"sku": "Anschluss", "price_id": "anschluss-31", "discount_percent": "0", "included_quantity": "0",
           "minimum_amount": "0", "quantity": "2", "effective_from": "2024-01-01", "effective_to": "2024-02-01"}  # fmt: skip
    world.sign("sitze-alt", 2, old, old | {"quantity": "3", "effective_from": "2024-02-01", "effective_to": None})
    world.bill("sitze-alt", line | {"quantity": "2", "amount": "62"})
    world.sell("gekuendigt", "anschluss-31", quantity="1", ended="2024-02-01", end="2024-02-01")
    world.bill("gekuendigt", {"sku": "Anschluss", "quantity": "1", "amount": "31"})
    # two items of one product side by side, at two prices
    world.sell("zwei-posten", "anschluss-31", quantity="1")
    second = old | {"price_id": "anschluss-chf", "effective_to": None}
    world.add("crm", "contract_lines", contract_line_id="V-zwei-posten/2", contract_id="V-zwei-posten", version=1,
              billing_interval=None, updated_at=KNOWN, **second)  # fmt: skip
    world.add("billing", "subscription_items", item_id="P-zwei-posten+", subscription_id="zwei-posten", updated_at=KNOWN,
              contract_line_id="V-zwei-posten/2", **second)  # fmt: skip
    world.bill("zwei-posten", {"sku": "Anschluss", "quantity": "1", "amount": "31"},
               {"sku": "Anschluss", "quantity": "2", "amount": "58", "item_id": "P-zwei-posten+"})  # fmt: skip


def _rejected(world: Borealis) -> None:
    for key in ("ereignis-kaputt", "satz-kaputt", "kopf-kaputt", "kopf-neuer", "position-kaputt"):
        world.sell(key, "min-chf")
        world.use(key, "min", "100")
        if key != "satz-kaputt":
            world.metered(key, "min", "100", 1)
    line = {"sku": "Minuten", "quantity": "100", "amount": "10"}
    world.use("ereignis-kaputt", "min", "hundert")
    world.bill("ereignis-kaputt", line)
    world.metered("satz-kaputt", "min", "hundert", 1)
    world.bill("satz-kaputt", line)
    world.bill("kopf-kaputt", line, status="bezahlt")
    world.bill("kopf-neuer", line)
    world.add(
        "billing",
        "invoices",
        **(_head(world, "R-kopf-neuer") | {"status": "bezahlt", "updated_at": "2024-03-09T06:00:00Z"}),
    )
    world.bill("position-kaputt", line)
    world.rows["billing", "invoice_lines"][-1]["amount"] = "10.001"


def _head(world: Borealis, invoice_id: str) -> dict[str, object]:
    return next(row for row in world.rows["billing", "invoices"] if row["invoice_id"] == invoice_id)
