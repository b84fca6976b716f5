"""What looks wrong and is right, by name: every check has to stay silent on these."""

from __future__ import annotations

from sample_data.clock import period_of
from sample_data.world.state import Row, World


def _lines(world: World, profile: str) -> list[Row]:
    return [r for r in world.tables["billing.invoice_lines"] if r["_invoice"]["_sub"].profile == profile]


def build(world: World) -> None:
    invoices = [r for r in world.tables["billing.invoices"] if not r.get("_old")]
    twins = sorted(
        r["invoice_id"] for r in invoices if r["_sub"].profile == "twin" and period_of(r["issue_date"]) == "2026-03"
    )
    for name in twins:
        world.decoy("two genuine identical invoices of different subscriptions", "R19", f"invoices|{name}")
    for row in invoices:
        if row["status"] == "void" and row["customer_id"] not in world.reserved:
            number = f"{row['legal_entity_code']}|{row['series']}|{row['number']}"
            world.decoy("a documented void in the sequence", "R18", number)
            world.decoy("status synonyms: void and reversed", "R17", row["invoice_id"])
        if row["replaces_invoice_id"] and row["customer_id"] not in world.reserved:
            start = min(
                (x["service_start"] for x in row["_lines"] if x["kind"] == "recurring"),
                default=row["_lines"][0]["service_start"],
            )
            world.decoy("rebill after void", "R13", f"{row['_sub'].subscription_id}|{start}")
        if row["_sub"].profile == "flight" and row["invoice_id"] not in world.notes["document"]:
            world.decoy("an invoice posted within the window", "R14", row["invoice_id"])
    for note in [n for n in world.tables["billing.credit_notes"] if n["customer_id"] not in world.reserved][:5]:
        world.decoy("an approved credit", "R16", note["credit_note_id"])
    for line in _lines(world, "leap") + _lines(world, "leap_year"):
        if line["is_proration"] or line["service_start"].month == 2:
            world.decoy("29 February proration", "R06", line["line_id"])
    for line in _lines(world, "zero"):
        if line["kind"] == "usage" and not line["quantity"]:
            world.decoy(
                "a month of zero usage under a commitment",
                "R05",
                f"{line['subscription_id']}|{line['sku']}|{line['service_start']}",
            )
    won = [r for r in world.tables["crm.opportunities"] if r["stage"] not in ("Closed Won",)]
    for row in won[:2]:
        world.decoy(f"status synonyms: {row['stage']}", "R09", f"CON-{row['opportunity_id'][4:]}")
