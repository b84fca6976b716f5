"""Money and documents of customer C2 that nothing names: each week shows one match, or why there is none."""

from __future__ import annotations

from tests.dbt.document_world import DocumentWorld

DEBT = "D-c2-debt"
OWN = {"customer_id": "C2"}


def fill(world: DocumentWorld) -> None:
    world.invoice("c2-debt", net="900", tax="0", **OWN)
    world.posting("c2-debt", net="900", tax="0", erp_customer_id="erp_c2")
    _cash(world)
    _summaries(world)


def _paid(world: DocumentWorld, day: str, **payments: str) -> None:
    for key, amount in payments.items():
        world.payment(key, amount, received=f"{day} 10:00", **OWN)


def _received(world: DocumentWorld, day: str, receipt_id: str, amount: str, applied: str = "", **more: str) -> None:
    applications = [(DEBT, applied)] if applied else []
    more = {"receipt_id": receipt_id, "received_date": day, "erp_customer_id": "erp_c2"} | more
    world.receipt(more.pop("names", None), amount, *applications, **more)


def _cash(world: DocumentWorld) -> None:
    _paid(world, "2026-01-06", joint_1="60", joint_2="40")
    _received(world, "2026-01-07", "R-joint", "100", "100")
    _paid(world, "2026-01-20", in_two="90")
    _received(world, "2026-01-20", "R-half-1", "50", "50")
    _received(world, "2026-01-21", "R-half-2", "40", "40")
    _paid(world, "2026-02-03", either_1="70", either_2="70")
    _received(world, "2026-02-03", "R-either", "70", "70")
    _paid(world, "2026-02-17", not_applied="30")
    _received(world, "2026-02-17", "R-not-applied", "30")
    _paid(world, "2026-03-03", named="50", with_it="30", never_came="12.34")
    _received(world, "2026-03-03", "R-named", "80", "80", names="named")
    _paid(world, "2026-03-17", part_1="25", part_2="15")
    _received(world, "2026-03-17", "R-part", "40", "31")
    _paid(world, "2026-03-27", too_late="19")
    _received(world, "2026-04-01", "R-too-late", "19", "19")


CASH = {
    "joint_1": ("matched", None, 0),
    "joint_2": ("matched", None, 0),
    "in_two": ("matched", None, 0),
    "either_1": ("break", "D04", 7000),
    "either_2": ("break", "D04", 7000),
    "not_applied": ("break", "D04", 3000),
    "named": ("matched", None, 0),
    "with_it": ("matched", None, 0),
    "never_came": ("break", "D04", 1234),
    "part_1": ("matched", None, 0),
    "part_2": ("break", "D04", 900),
    "too_late": ("break", "D04", 1900),
}


def _summaries(world: DocumentWorld) -> None:
    for key, net, tax, day in (
        ("summed_1", "30", "3", "2026-02-10"),
        ("summed_2", "20", "2", "2026-02-11"),
        ("other_tax", "41", "4", "2026-01-12"),
        ("other_tax_too", "31", "3", "2026-01-12"),
        ("summed_late", "15", "1", "2026-03-05"),
        ("summed_late_too", "16", "1", "2026-03-06"),
    ):
        world.invoice(key, net=net, tax=tax, issue_date=day, finalized_at=f"{day} 10:00", **OWN)
    for key, net, tax, period, day in (
        ("SUM-FEB", "50", "5", "2026-02", "2026-02-28"),
        ("SUM-JAN", "71", "8", "2026-01", "2026-01-31"),
        ("SUM-MAR", "31", "2", "2026-04", "2026-03-31"),
    ):
        world.posting(
            None, document_id=key, net=net, tax=tax, erp_customer_id="erp_c2", document_date=day, posting_date=day,
            period=period, lines=0,
        )  # fmt: skip


SUMMARIES = {
    "summed_1": ("matched", None, 0),
    "summed_2": ("matched", None, 0),
    "other_tax": ("break", "C02", 4500),
    "other_tax_too": ("break", "C02", 3400),
    "summed_late": ("break", "C10", 0),
    "summed_late_too": ("break", "C10", 0),
}
