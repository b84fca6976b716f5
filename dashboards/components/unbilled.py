"""The usage behind a missing accrual, by subscription: what a controller checks, posts and has billed."""

from __future__ import annotations

from dashboards.components import money
from dashboards.components.facts import heading
from dashboards.components.listing import download, link
from dashboards.components.paging import page_of
from dashboards.components.table import Cell, Column, Value, table
from dashboards.queries import unbilled as queries
from dashboards.snapshot import Row, Snapshot

ROWS = 100
COLUMNS = (
    Column("subscription", "Subscription"),
    Column("customer", "Customer", mid=True),
    Column("sku", "Product"),
    Column("month", "Month"),
    Column("quantity", "Quantity", numeric=True),
    Column("value", "Worth", numeric=True, hint="At contract terms, minimum included"),
)


def unbilled(db: Snapshot, result: Row) -> None:
    """Shows them beside a result of R08; nothing of another control, or where they were not published."""
    if result["code"] != "R08" or not db.has(*queries.TABLES):
        return
    total = queries.count(db, result)
    if not total:
        return
    heading("Usage that no invoice held on the period's last day")
    page = page_of("unbilled", total, (result["source_instance"], result["match_key"]), ROWS)
    rows = [_row(row) for row in queries.page(db, result, page.limit, page.offset)]
    caption = f"By subscription, product and month, {page.words}, in {result['currency_code']}. The largest first."
    table(caption, COLUMNS, rows, key="unbilled")
    name = f"unbilled-{result['match_key'].replace('|', '-')}"
    download(db, "Download this usage (CSV)", name, total, queries.download(result))


def _row(row: Row) -> dict[str, Value]:
    value = money.amount(row["value_minor"], row["currency_code"])
    customer = Cell(row["customer_id"] or money.NOTHING, note=row["customer_name"] or "",
                    href=link("variance", customer=row["customer_id"]) if row["customer_id"] else "")  # fmt: skip
    return {
        "subscription": row["subscription_id"],
        "customer": customer,
        "sku": row["sku"],
        "month": f"{row['service_month']:%b %Y}",
        "quantity": money.quantity(row["quantity"]),
        "value": Cell(value, note=row["untestable_reason"] or ""),
    }
