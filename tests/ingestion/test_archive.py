"""The archive is the record: what was received stays, once, in a chain that shows every change."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from dagster_project import archive, warehouse
from dagster_project.archive import HomeInUse, files, store
from dagster_project.errors import InputError, StoreError
from tests.ingestion.company import NOW, Company, company, csv_text, invoice, jsonl_text

SIDECAR = {
    "extracted_at": "2026-10-11T22:00:00+02:00",
    "row_count": 2,
    "control_totals": {"net_amount": "200.00", "total_amount": "216.49"},
    "schema_version": "1",
}
TWO = csv_text([invoice("inv-1"), invoice("inv-2")])


def _chain(borealis: Company):
    return store.read_manifests(borealis.settings)


def test_a_batch_seen_before_changes_nothing(borealis: Company):
    borealis.deliver("billing/invoices/a.csv", TWO, SIDECAR)
    borealis.deliver("billing/invoices/b.csv", csv_text([invoice("inv-3", net_amount="x")]))
    borealis.deliver("billing/invoices/c.csv", b"")
    first = borealis.one()
    before = borealis.archive_tree()
    second = borealis.one(now=NOW + timedelta(hours=1))
    assert borealis.archive_tree() == before
    assert [batch.status for batch in first.batches] == ["new", "new", "refused"]
    assert [batch.status for batch in second.batches] == ["seen", "seen", "refused"]
    assert second.received_rows == 0


def test_the_same_bytes_under_another_name_are_the_same_batch(borealis: Company):
    borealis.deliver("billing/invoices/a.csv", TWO)
    borealis.deliver("billing/invoices/copy of a.csv", TWO)
    assert [batch.status for batch in borealis.one().batches] == ["new", "seen"]


def test_the_same_bytes_of_two_sources_are_two_batches(tmp_path: Path):
    one = company(tmp_path, "billing", "acquired:billing")
    for name in ("billing", "acquired"):
        one.deliver(f"{name}/invoices/a.csv", TWO)
    report = one.ingest()
    assert [len(item.new) for item in report.objects] == [1, 1]
    rows = one.query("select source_instance, invoice_id from landed.generic__billing__invoices order by all")
    assert len(rows) == 4
    assert one.query("from landed.conflicts") == [], "keys are unique only within their instance"


def test_the_manifest_says_what_was_received(borealis: Company):
    rows = [invoice("inv-2"), invoice("inv-1", net_amount="0.005"), invoice("inv-10", due_date=None)]
    borealis.deliver("billing/invoices/a.csv", csv_text(rows), SIDECAR)
    borealis.ingest()
    (link,) = _chain(borealis)
    assert (link.received_rows, link.parsed_rows, link.quarantined_rows) == (3, 2, 1)
    assert (link.smallest_key, link.largest_key) == ("inv-10", "inv-2")
    assert link.nulls["due_date"] == 1
    assert link.received_totals["net_amount"] == "200.0050000000", "a total covers rejected rows whose value parses"
    assert link.sidecar is not None
    assert link.sidecar.row_count == 2
    assert (link.object, link.file_name, link.contract_version) == ("invoices", "invoices/a.csv", "1")


def test_control_totals_stand_beside_what_was_received(borealis: Company):
    totals = {"control_totals": {"net_amount": "200.00", "tax_amount": 16.50, "gross": "1"}, "row_count": 3}
    borealis.deliver("billing/invoices/a.csv", TWO, totals)
    borealis.ingest()
    rows = borealis.query(
        "select column_name, reported_total - received_total as gap from landed.batch_totals order by 1"
    )
    assert [(row["column_name"], row["gap"]) for row in rows] == [("gross", None), ("net_amount", 0), ("tax_amount", 0)]
    assert borealis.query("select received_rows, reported_row_count from landed.batches") == [
        {"received_rows": 2, "reported_row_count": 3}
    ]


def test_the_chain_shows_a_changed_a_removed_and_a_cut_link(borealis: Company):
    for name in "abc":
        borealis.deliver(f"billing/invoices/{name}.csv", csv_text([invoice(name)]))
    borealis.ingest()
    links = _chain(borealis)
    assert store.chain_faults(links) == []
    middle = store.manifest_path(borealis.settings, links[1])
    content = middle.read_text(encoding="utf-8")
    middle.write_text(content.replace('"received_rows": 1', '"received_rows": 2'), encoding="utf-8")
    assert "hashes to" in store.chain_faults(_chain(borealis))[0]
    middle.unlink()
    assert "missing" in store.chain_faults(_chain(borealis))[0]
    middle.write_text(content, encoding="utf-8")
    store.manifest_path(borealis.settings, links[2]).unlink()
    assert store.chain_faults(_chain(borealis)) == [], "the chain alone cannot show a cut tail"
    with pytest.raises(StoreError, match="vouches for 3 manifests, 2 are there"):
        borealis.ingest()


def test_a_kill_between_any_two_writes_loses_and_doubles_nothing(tmp_path: Path):
    whole = company(tmp_path / "whole", "billing")
    _two_batches(whole)
    whole.ingest(object=None)
    expected = _rows(whole)
    for survived in range(60):
        killed = company(tmp_path / str(survived), "billing")
        _two_batches(killed)
        if _ingest_killed_after(killed, survived):
            break
        killed.ingest(object=None)
        assert _rows(killed) == expected, f"killed after {survived} writes"
        assert store.chain_faults(_chain(killed)) == []
        assert store.read_head(killed.settings).length == len(_chain(killed))
    assert survived > 6, "the loop must reach the end of an ingestion"


def _two_batches(one: Company) -> None:
    one.deliver("billing/invoices/a.csv", csv_text([invoice("inv-3"), invoice("inv-4", net_amount="x")]), SIDECAR)
    one.deliver("billing/payouts/b.csv", b"")


def _rows(one: Company) -> list:
    return one.queries(
        "select invoice_id, batch_id, row_number from landed.generic__billing__invoices order by all",
        "select batch_id, row_number, reason from landed.quarantine order by all",
    )


class Killed(BaseException):
    """Stands for SIGKILL: nothing below may catch it and mend what a kill would leave."""


def _ingest_killed_after(one: Company, survived: int) -> bool:
    """Ends the ingestion at its n-th rename; True when it came to its end before."""
    replace, left = os.replace, [survived]

    def dying(source, target):
        if left[0] == 0:
            raise Killed
        left[0] -= 1
        replace(source, target)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "replace", dying)
        try:
            one.ingest(object=None)
        except Killed:
            return False
    return True


def test_the_archive_holds_the_same_whatever_the_order_of_arrival(tmp_path: Path):
    files = {
        "a.csv": TWO,
        "b.csv": csv_text(
            [invoice("inv-1", status="paid", updated_at="2026-09-09T00:00:00Z"), invoice("inv-2", status="void")]
        ),
        "c.jsonl": jsonl_text([invoice("inv-1"), invoice("inv-5", net_amount="none")]),
    }
    seen = []
    for order in (sorted(files), sorted(files, reverse=True)):
        one = company(tmp_path / "-".join(order), "billing")
        for name in order:
            one.deliver(f"billing/invoices/{name}", files[name])
            one.ingest()
        counts = "batch_id, received_rows, accepted_rows, duplicate_rows, quarantined_rows"
        seen.append(
            one.queries(
                "from landed.generic__billing__invoices order by all",
                "from landed.conflicts order by all",
                f"select {counts} from landed.batches order by batch_id",
            )
        )
    assert seen[0] == seen[1]
    assert [row["kind"] for row in seen[0][1]].count("conflict") == 1


def test_a_newer_sidecar_of_the_same_bytes_makes_them_fresh_again(borealis: Company):
    """Master data that does not change would otherwise go stale, and block the close."""
    borealis.deliver("billing/invoices/a.csv", TWO, SIDECAR)
    borealis.ingest()
    borealis.deliver("billing/invoices/a.csv", TWO, SIDECAR | {"extracted_at": "2026-10-12T00:00:00Z", "row_count": 3})
    report = borealis.one()
    assert report.batches[0].status == "seen"
    assert report.batches[0].has_new_sidecar
    before = borealis.archive_tree()
    borealis.ingest()
    assert borealis.archive_tree() == before
    newest = NOW.replace(tzinfo=None)
    assert borealis.query("select extracted_at, reported_row_count from landed.batches") == [
        {"extracted_at": newest, "reported_row_count": 3}
    ]
    assert borealis.query("select distinct extracted_at from landed.generic__billing__invoices") == [
        {"extracted_at": newest}
    ]
    assert len(borealis.query("from landed.generic__billing__invoices")) == 2


@pytest.mark.parametrize(
    ("sidecar", "fault"),
    [
        ("{", "not JSON"),
        ("[]", "expected an object"),
        ("[" * 200_000, "nested too deep"),
        ('{"row_count": ' + "9" * 5000 + "}", "thousands of digits"),
        ({"extracted_at": "0001-01-01T00:00:00+14:00"}, "with an offset"),
        ({"control_totals": {"net_amount": "1e999999999"}}, "expected a decimal"),
        ({"row_count": "two"}, "row_count = 'two'"),
        ({"row_count": -1}, "row_count = -1"),
        ({"extracted_at": "2026-10-11T22:00:00"}, "with an offset"),
        ({"control_totals": {"net_amount": "NaN"}}, "control_totals.net_amount = 'NaN'"),
        ({"control_totals": ["net_amount"]}, "expected an object of column names"),
    ],
)
def test_a_malformed_sidecar_is_said_and_breaks_the_gate_but_not_the_batch(borealis: Company, sidecar, fault):
    borealis.deliver("billing/invoices/a.csv", TWO, sidecar)
    assert borealis.one().accepted_rows == 2
    (drift,) = borealis.query("from landed.schema_drift")
    assert (drift["drift"], drift["is_breaking"]) == ("malformed_sidecar", True)
    assert fault in drift["detail"]


@pytest.mark.parametrize("ahead", [timedelta(days=1, seconds=1), timedelta(days=365_000)])
def test_a_sidecar_from_the_future_is_malformed_and_makes_nothing_fresh(borealis: Company, ahead: timedelta):
    """Believed, a source that stops delivering would be fresh for ever, and no close would be held up by it."""
    future = SIDECAR | {"extracted_at": (NOW + ahead).isoformat()}
    borealis.deliver("billing/invoices/a.csv", TWO, future)
    assert borealis.one().accepted_rows == 2
    (drift,) = borealis.query("from landed.schema_drift")
    assert (drift["drift"], drift["is_breaking"]) == ("malformed_sidecar", True)
    assert f"extracted_at = '{future['extracted_at']}'" in drift["detail"]
    assert "expected a time that has been, when this run looks at 2026-10-12 00:00 UTC" in drift["detail"]
    assert borealis.query("select extracted_at from landed.batches") == [{"extracted_at": None}]
    borealis.deliver("billing/invoices/a.csv", TWO, SIDECAR)
    borealis.ingest()
    assert borealis.query("from landed.schema_drift") == [], "the sidecar that is right counts, though it is older"
    assert borealis.query("select extracted_at from landed.batches") == [{"extracted_at": datetime(2026, 10, 11, 20)}]


@pytest.mark.parametrize("received", [NOW, NOW - timedelta(days=400)])
def test_a_clock_that_is_a_day_off_and_a_close_ahead_of_today_take_their_sidecars(borealis: Company, received):
    """A server's clock may run ahead, and `as_of` may be: the extract is no later than the day the run looks at."""
    borealis.deliver("billing/invoices/a.csv", TWO, SIDECAR | {"extracted_at": (NOW + timedelta(days=1)).isoformat()})
    borealis.ingest(now=received)
    assert borealis.query("from landed.schema_drift") == []


def test_known_at_shows_what_had_been_received_by_then(borealis: Company):
    borealis.deliver("billing/invoices/a.csv", TWO)
    borealis.ingest()
    borealis.deliver("billing/invoices/b.csv", csv_text([invoice("inv-3")]))
    borealis.ingest(now=NOW + timedelta(days=1))
    count = "select count(*) as n from landed.generic__billing__invoices"
    assert borealis.query(count, known_at=NOW) == [{"n": 2}]
    assert borealis.query(count) == [{"n": 3}]


def test_lost_parquet_is_made_again_from_the_raw_bytes(borealis: Company):
    borealis.deliver("billing/invoices/a.csv", TWO)
    borealis.ingest()
    rows = borealis.query("from landed.generic__billing__invoices order by all")
    store.parquet_path(borealis.settings, _chain(borealis)[0]).unlink()
    borealis.ingest()
    assert borealis.query("from landed.generic__billing__invoices order by all") == rows


def test_a_second_run_leaves_and_says_so(borealis: Company):
    borealis.deliver("billing/invoices/a.csv", TWO)
    holder = (
        "import sys; from pathlib import Path; from dagster_project.archive.lock import exclusive;"
        "from types import SimpleNamespace as N\n"
        "with exclusive(N(home=Path(sys.argv[1]), archive=N(url=None))): print('held', flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", holder, str(borealis.settings.home)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        with pytest.raises(HomeInUse, match=f"process {process.pid}"):
            borealis.ingest()
        process.communicate("")
    assert borealis.one().accepted_rows == 2


def test_no_space_left_is_one_clear_error_and_nothing_is_half_visible(borealis: Company, monkeypatch):
    borealis.deliver("billing/invoices/a.csv", TWO)
    full = OSError(errno.ENOSPC, "No space left on device", str(borealis.settings.archive_path))
    with monkeypatch.context() as patch:
        patch.setattr(files, "flush", lambda path: (_ for _ in ()).throw(full))
        with pytest.raises(StoreError, match="no space left; free some and run again"):
            borealis.ingest()
    assert [name for name in borealis.archive_tree() if "tmp" in name] == []
    assert borealis.query("from landed.batches") == []
    assert borealis.one().accepted_rows == 2


def test_a_read_only_home_is_one_clear_error(tmp_path: Path, monkeypatch):
    one = company(tmp_path)
    one.deliver("billing/invoices/a.csv", TWO)
    denied = PermissionError(errno.EACCES, "Permission denied", str(one.settings.home))
    monkeypatch.setattr(Path, "mkdir", lambda *a, **k: (_ for _ in ()).throw(denied))
    with pytest.raises(StoreError, match="give this user write access"):
        archive.ingest(one.settings)
    with pytest.raises(StoreError, match="give this user write access"):
        warehouse.land(one.settings)


def test_a_place_that_does_not_exist_is_a_wrong_configuration_until_something_came_from_it(tmp_path: Path):
    one = company(tmp_path, "billing")
    root = tmp_path / "data" / "billing"
    root.rmdir()
    with pytest.raises(InputError, match=r"tieout\.yml: source 'billing': folder .* does not exist"):
        one.ingest()
    one.deliver("billing/invoices/a.csv", TWO)
    one.ingest()
    (root / "invoices" / "a.csv").unlink()
    (root / "invoices").rmdir()
    root.rmdir()
    said = {report.source_failed for report in one.ingest().objects}
    assert len(said) == 1, "every object is told, with the same words"
    assert "source 'billing': folder" in str(said) and "does not exist" in str(said)
    root.mkdir()
    assert not any(report.source_failed for report in one.ingest().objects), "an empty folder is nothing new"
    assert len(one.query("from landed.generic__billing__invoices")) == 2


def test_a_place_that_is_a_file_is_called_one_with_the_line_that_names_it(tmp_path: Path):
    """`does not exist` of a path that one sees sends people looking for rights and mounts."""
    one = company(tmp_path, "billing")
    root = tmp_path / "data" / "billing"
    root.rmdir()
    root.touch()
    one.settings.config_path.write_text("sources:\n  - connector:\n      path: data/billing\n", encoding="utf-8")
    with pytest.raises(InputError) as refused:
        one.ingest()
    assert f"tieout.yml:3: source 'billing': folder {root} is a file and no folder, and nothing" in str(refused.value)
    root.unlink()
    one.deliver("billing/invoices/a.csv", TWO)
    one.ingest()
    root.rename(tmp_path / "data" / "moved")
    root.touch()
    assert "is a file and no folder; expected the folder that" in str(one.ingest().objects[0].source_failed)


def test_a_damaged_warehouse_is_said_to_be_a_cache(borealis: Company):
    borealis.settings.warehouse_path.parent.mkdir(parents=True)
    borealis.settings.warehouse_path.write_bytes(b"not a database" * 1000)
    with pytest.raises(StoreError, match="it is a cache: delete it and run again"):
        warehouse.land(borealis.settings)


def test_a_torn_manifest_is_named(borealis: Company):
    borealis.deliver("billing/invoices/a.csv", TWO)
    borealis.ingest()
    path = store.manifest_path(borealis.settings, _chain(borealis)[0])
    path.write_text(json.dumps({"kind": "batch"}), encoding="utf-8")
    with pytest.raises(StoreError, match=r"cannot be read as a manifest; restore it"):
        borealis.ingest()
