"""A download is worked on in a spreadsheet: no amount may change and no text may calculate."""

import csv
import io

from dashboards.export import to_csv
from dashboards.queries import results, variance
from dashboards.queries.scope import Scope
from dashboards.snapshot import Snapshot
from tests.dashboards.snapshots import BIG, NAME


def rows(data: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(data.decode("utf-8-sig"))))


def snapshot(books) -> Snapshot:
    return Snapshot(str((books.parent / ".tieout" / "published" / "current.duckdb").resolve()))


def test_the_download_holds_every_result_of_the_scope_with_exact_amounts(books, ask):
    found = rows(to_csv(snapshot(books).stream(*results.download(Scope(), "R14"))))
    expected = dict(ask("select match_key, delta_minor from marts.reconciliation_results where code = 'R14'"))
    assert {row["match_key"]: int(row["delta_minor"]) for row in found} == expected
    assert {row["match_key"]: row["delta"] for row in found} == {
        "IN-1": "0.50", "IN-2": "5500", "IN-3": "-1.000", "IN-4": "0.00",
    }  # fmt: skip


def test_text_that_a_spreadsheet_would_calculate_is_neutralised_and_negative_amounts_are_not(books):
    found = {row["match_key"]: row for row in rows(to_csv(snapshot(books).stream(*results.download(Scope(), "R14"))))}
    assert found["IN-3"]["reason"] == "'=1+1 is what the source wrote."
    assert found["IN-3"]["delta"] == "-1.000"
    assert rows(to_csv([{"name": NAME}, {"name": "\t=1"}, {"name": "plain"}])) == [
        {"name": f"'{NAME}"}, {"name": "'\t=1"}, {"name": "plain"},
    ]  # fmt: skip


def test_an_amount_beyond_a_double_survives():
    assert rows(to_csv([{"currency_code": "USD", "amount_minor": BIG}]))[0]["amount"] == "90071992547409.93"


def test_the_variance_download_is_the_sum_of_the_cells(books, ask):
    found = rows(to_csv(snapshot(books).stream(*variance.download(Scope(), "customer", differing=False))))
    expected = ask(
        "select customer_id, currency_code, sum(posted_minor) from marts.bridge_cells group by all order by 2, 1"
    )
    assert [(row["customer"], row["currency_code"], int(row["posted_minor"])) for row in found] == expected


def test_the_file_stops_at_its_limit():
    assert len(rows(to_csv(({"n": number} for number in range(10)), limit=3))) == 3


def test_a_file_that_cannot_hold_everything_holds_what_a_page_would_show_first(books, monkeypatch):
    """The database cuts it: were it cut before it was sorted, the largest break could be missing from the file."""
    db = snapshot(books)
    shown = [row["match_key"] for row in results.page(db, Scope(), "", "", limit=3, offset=0)]
    monkeypatch.setattr(results, "DOWNLOAD_LIMIT", 3)
    assert [row["match_key"] for row in rows(to_csv(db.stream(*results.download(Scope()))))] == shown
