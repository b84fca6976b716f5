"""Deliveries of the small company that R38 judges: stale, truncated, refused, drifted, never come."""

from __future__ import annotations

from tests.dbt.document_world import DocumentWorld


def fill(world: DocumentWorld) -> None:
    """One object per way in which a delivery fails R38, and some that do not."""
    world.batch("crm", "crm", "accounts", extracted_at="2026-04-13 09:00")
    world.batch("crm", "crm", "contracts", received_rows=7)
    world.batch(
        "crm", "crm", "opportunities", state="refused", refusal_reason="not UTF-8", extracted_at="2026-04-14 13:00"
    )
    world.batch("crm", "crm", "opportunities", beside=True, batch_id="mended")
    # a sidecar that cannot be believed has no time of extraction; the file came again, whole and with one that can be
    world.batch(
        "main", "billing", "disputes", beside=True, batch_id="future", extracted_at=None, received_at="2026-04-15 08:00"
    )
    world.batch("crm", "crm", "contract_lines", extracted_at=None, reported_row_count=None)
    world.connection.execute("delete from landed.batches where source_instance = 'product' and object = 'meters'")
    world.batch("erp_b", "erp", "ar_document_lines", received_rows=7)
    world.connection.execute(
        "insert into landed.batch_totals values ('mainpayouts', 'main', 'payouts', 'amount', 100.5, 99.5)"
    )
    world.connection.execute(
        "insert into landed.schema_drift values"
        " ('main', 'billing', 'refunds', 'mainrefunds', 'amount', 'retyped', true, 'now text'),"
        " ('main', 'billing', 'refunds', 'mainrefunds', '(sidecar)', 'malformed_sidecar', true, 'row_count -1'),"
        " ('main', 'billing', 'disputes', 'maindisputes', 'colour', 'new_column', false, null),"
        " ('main', 'billing', 'disputes', 'future', '(sidecar)', 'malformed_sidecar', true, 'extracted in 2099')"
    )
    world.invoice("sound", net="7", tax="0", source="second", legal_entity_code="UK", currency="GBP")


SOURCES = {
    "crm|accounts": ("break", "stale"),
    "crm|contracts": ("break", "truncated"),
    "crm|opportunities": ("matched", None),
    "crm|contract_lines": ("not_testable", None),
    "product|meters": ("not_testable", None),
    "erp_b|ar_document_lines": ("break", "truncated"),
    "main|payouts": ("break", "truncated"),
    "main|refunds": ("break", "drifted"),
    "main|disputes": ("matched", None),
    "main|invoices": ("matched", None),
}
