"""Broken files and configurations through the command: each is answered in words, and nothing is lost or hidden."""

from __future__ import annotations

import gzip
import json
import shutil
from pathlib import Path

import duckdb
import pytest

import sample_data
from tests.command import tieout

pytestmark = pytest.mark.slow


def small(folder: Path) -> None:
    sample_data.generate(folder, size="ci", seed=5, events=2000, customers=20, clean=True)


def rewrite(folder: Path, object_path: str, change) -> Path:
    """Changes the first CSV file of an object and drops its sidecar; returns the file."""
    file = sorted(
        path for path in (folder / "data" / object_path).iterdir() if path.name.endswith((".csv", ".csv.gz"))
    )[0]
    raw = gzip.decompress(file.read_bytes()) if file.suffix == ".gz" else file.read_bytes()
    target = file.with_name(file.name.removesuffix(".gz"))
    file.unlink()
    target.write_bytes(change(raw))
    target.with_name(file.name + ".manifest.json").unlink(missing_ok=True)
    return target


def broken(folder: Path) -> None:
    """One company with a fault in nearly every object, each of another kind."""
    small(folder)
    data = folder / "data"
    rewrite(folder, "crm/accounts", lambda raw: raw.decode().encode("utf-16"))
    rewrite(folder, "billing/customers", lambda raw: b"\xef\xbb\xbf" + raw)
    rewrite(folder, "billing/skus", lambda raw: raw.replace(b",", b";"))
    rewrite(folder, "erp/gl_accounts", lambda raw: raw.replace(b"account_number", b"acount_number", 1))
    rewrite(folder, "crm/opportunities", lambda raw: b"")
    rewrite(folder, "erp/legal_entities", lambda raw: raw.replace(b"\n", b"\r\n", 3))
    empty = data / "billing" / "disputes"
    shutil.rmtree(empty, ignore_errors=True)
    empty.mkdir()
    truncated = data / "erp" / "journal_lines" / "truncated.csv.gz"
    truncated.write_bytes(gzip.compress(b"journal_id,line_number\nJ,1\n" * 5000)[:60])
    (data / "product" / "usage_events" / "truncated.parquet").write_bytes(b"PAR1 cut off here")
    (data / "erp" / "notes.txt").write_text("not a landing file")
    for terms in ("crm/contracts", "billing/prices", "billing/subscription_items", "billing/subscriptions"):
        (data / terms / "torn.jsonl").write_text('{"status": "act')
    rows = [
        {"refund_id": "RF-1", "payment_id": "P-1", "currency": "USD", "amount": "1" * 40},
        {"refund_id": "RF-2", "payment_id": "P-1", "currency": "USD", "amount": "NaN"},
        {"refund_id": "RF-3", "payment_id": "P-1", "currency": "XXQ", "amount": "1.00"},
        {"refund_id": "RF-4", "payment_id": "P-1", "currency": "JPY", "amount": "1.50"},
        {
            "refund_id": "RF-5",
            "payment_id": "P-1",
            "currency": "USD",
            "amount": "1.00",
            "created_at": "2026-02-31T00:00:00Z",
        },
        {
            "refund_id": "RF-6",
            "payment_id": "P-1",
            "currency": "USD",
            "amount": "1.00",
            "created_at": "2026-02-01T00:00:00",
        },
    ]
    defaults = {"status": "succeeded", "created_at": "2026-02-01T00:00:00Z", "updated_at": "2026-02-01T00:00:00Z"}
    (data / "billing" / "refunds" / "faults.jsonl").write_text(
        "".join(json.dumps({**defaults, **row}) + "\n" for row in rows)
    )


@pytest.fixture(scope="module")
def faulty(worlds):
    return worlds("broken", broken)


def query(closed, sql: str) -> list[tuple]:
    with duckdb.connect(str(closed.published), read_only=True) as con:
        return con.execute(sql).fetchall()


def test_the_run_goes_on_and_ends_with_breaks(faulty):
    assert faulty.run.code == 1, faulty.run.text


@pytest.mark.parametrize(
    ("object_name", "words"),
    [
        ("accounts", "UTF-16"), ("skus", ";"), ("gl_accounts", "account_number"), ("opportunities", "empty"),
        ("journal_lines", "truncated.csv.gz"), ("usage_events", "truncated.parquet"),
    ],
)  # fmt: skip
def test_a_file_fault_refuses_its_batch_and_names_the_file_and_what_was_expected(faulty, object_name, words):
    found = query(
        faulty,
        f"select file_name || ' ' || refusal_reason from landed.batches where object = '{object_name}' and state = 'refused'",
    )
    assert len(found) == 1, found
    assert words in found[0][0]
    assert words in faulty.run.text, "the refusal must be shown, not only stored"


def test_a_file_that_is_no_delivery_is_told_and_ends_nothing(faulty):
    words = "source 'erp': notes.txt: not read; files lie in the folder of their object, expected"
    assert faulty.run.err.count(words) == 1, faulty.run.err


def test_a_byte_order_mark_and_mixed_line_ends_are_no_fault(faulty):
    assert query(
        faulty, "select distinct state from landed.batches where object in ('customers', 'legal_entities')"
    ) == [("loaded",)]


def test_each_bad_row_is_set_aside_with_its_own_reason(faulty):
    reasons = dict(query(faulty, "select key_text, reason from landed.quarantine where object = 'refunds'"))
    for key, words in {
        "RF-1": "13",
        "RF-2": "NaN",
        "RF-3": "XXQ",
        "RF-4": "JPY",
        "RF-5": "2026-02-31",
        "RF-6": "offset",
    }.items():
        assert words in reasons[key], reasons


def test_dead_letters_say_whose_they_are_and_what_they_hold(faulty):
    """A row set aside without its money and its owner is money that nobody goes after."""
    found = query(
        faulty,
        "select kind, object, owner_role, count(*), sum(amount_minor)::bigint, min(next_step) like '%tieout replay%'"
        " from marts.dead_letters where object in ('skus', 'refunds') and state = 'open' group by all order by all",
    )
    assert found == [
        ("file", "skus", "MasterData", 1, None, True),
        ("row", "refunds", "AR", 5, 200, True),  # of RF-5 and RF-6; the others state no amount that there is
        ("row", "refunds", "GL", 1, None, False),  # half a yen: finance decides, no mapping does
    ]


def test_nothing_is_lost(faulty):
    assert (
        query(
            faulty,
            "select object, file_name from landed.batches where state = 'loaded'"
            " and received_rows <> accepted_rows + duplicate_rows + quarantined_rows",
        )
        == []
    )


def test_what_could_not_be_read_fails_source_health_and_is_never_called_matched(faulty):
    failing = {key for (key,) in query(faulty, "select match_key from marts.exceptions where code = 'R38'")}
    assert {"billing|skus", "crm|accounts", "erp|gl_accounts", "erp|journal_lines", "product|usage_events"} <= failing
    statuses = query(
        faulty, "select distinct code, status from marts.reconciliation_results where code in ('R03', 'R33')"
    )
    assert {status for _, status in statuses} == {"not_testable"}, statuses


def test_terms_of_which_a_row_cannot_be_read_are_not_rated_by_and_do_not_end_the_run(faulty):
    """A line that was cut off may be the price of anything: what is rated by the other prices could be wrong."""
    tested = query(
        faulty,
        "select code, status, count(*) from marts.reconciliation_results"
        " where code in ('R02', 'R06') and status <> 'not_testable' group by all",
    )
    assert tested == []


def test_an_unknown_key_is_refused_with_its_line_and_exit_code_two(tmp_path):
    config = tmp_path / "tieout.yml"
    config.write_text("company: B\nreporting_currency: USD\ntolerence: 3\nsources: []\n")
    ran = tieout("run", "--config", config)
    assert ran.code == 2
    assert f"{config}:3" in ran.err.replace("\n", "")
    assert "tolerence" in ran.err


def test_an_empty_company_publishes_nothing_to_reconcile_and_says_so(tmp_path):
    assert tieout("init", tmp_path, "--company", 'A: "quoted" #name').code == 0
    ran = tieout("run", "--config", tmp_path / "tieout.yml")
    assert ran.code in (0, 1, 2), ran.text
    assert "no file" in ran.text.lower() or "nothing" in ran.text.lower(), ran.text


@pytest.mark.soak
def test_two_systems_alone_still_tie_and_the_others_are_not_testable(worlds):
    def billing_and_erp(folder: Path) -> None:
        small(folder)
        config = folder / "tieout.yml"
        lines = config.read_text().splitlines(keepends=True)
        kept = [line for line in lines if not any(f"domain: {one}" in line for one in ("product", "crm", "hub"))]
        config.write_text("".join(kept))

    closed = worlds("two_systems", billing_and_erp)
    assert closed.run.code == 0, closed.run.text
    statuses: dict[str, set[str]] = {}
    for code, status in query(closed, "select distinct code, status from marts.reconciliation_results"):
        statuses.setdefault(code, set()).add(status)
    assert statuses["R03"] == statuses["R05"] == {"not_testable"}
    for code in ("R06", "R14", "R33"):
        assert "matched" in statuses[code], statuses
