"""The generator itself: reproducible, small enough to be committed, and true to what it says about its defects."""

from __future__ import annotations

import csv
import hashlib
import json
from collections import Counter
from pathlib import Path

import pytest

from sample_data import generate
from sample_data.__main__ import main

MEGABYTE = 1_000_000
SMALL = {"customers": 60, "events": 6000}
LISTED = [
    "extra seats granted",
    "live after cancellation",
    "hour of events dropped",
    "events re-sent after 24 h",
    "retry with a new timestamp",
    "test tenant billed",
    "events on the sibling tenant",
    "local-time month edge",
    "MB read as MiB",
    "late within grace",
    "late after close",
    "late drop into a lower volume tier",
    "closed-won without subscription",
    "amendment in CRM only",
    "amendment missing in ERP",
    "bill run skips a subscription",
    "wrong billed quantity",
    "old price list",
    "volume charged as graduated",
    "minimum omitted",
    "drawdown used twice",
    "30-day proration in a 31-day month",
    "expired discount applied",
    "billed after end",
    "duplicate invoice under a new number",
    "number gap",
    "invoice not posted (time-out)",
    "rejected for an unmapped tax code",
    "posted twice",
    "one line dropped",
    "credit posted as debit",
    "credit not posted",
    "posted to the wrong entity",
    "December posted in January",
    "header-versus-line tax rounding",
    "inverted rate",
    "JPY scaled by 100",
    "manual journal on the control account",
    "fictitious ERP invoice",
    "receipt unapplied",
    "applied to the wrong customer",
    "bank fee short pay",
    "refund without credit",
    "chargeback not reinstated",
    "schedule not rebuilt after an upgrade",
    "deferred revenue remeasured",
    "one-sided intercompany",
    "duplicate customer",
    "SKU mapped to two items",
    "parent differs in the ERP",
    "wrong cost center",
]
DECOYS = [
    "two genuine identical invoices",
    "documented void",
    "one payment for nine invoices",
    "approved credit",
    "posted within",
    "rounding at T1",
    "29 February proration",
    "status synonyms",
    "rebill after void",
    "renamed customer",
    "zero usage under a commitment",
]


def hashes(folder: Path) -> dict[str, str]:
    files = sorted(p for p in folder.rglob("*") if p.is_file())
    return {str(p.relative_to(folder)): hashlib.sha256(p.read_bytes()).hexdigest() for p in files}


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8") as handle:
        return list(csv.DictReader(handle))


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("planted")
    generate(folder)
    return folder


def test_the_same_seed_gives_the_same_bytes(planted: Path, tmp_path: Path) -> None:
    generate(tmp_path)
    assert hashes(tmp_path) == hashes(planted)


def test_the_committed_company_is_what_the_generator_writes(planted: Path) -> None:
    committed = Path(__file__).parents[2] / "sample_data" / "aerolith"
    assert {k: v for k, v in hashes(committed).items() if not k.startswith(".tieout")} == hashes(planted)


def test_it_is_small_enough_to_be_committed(planted: Path) -> None:
    sizes = [p.stat().st_size for p in planted.rglob("*") if p.is_file()]
    assert sum(sizes) <= 10 * MEGABYTE
    assert max(sizes) <= 2 * MEGABYTE


def test_every_file_has_a_manifest(planted: Path) -> None:
    files = [p for p in (planted / "data").rglob("*") if p.is_file() and not p.name.endswith(".manifest.json")]
    assert files
    for file in files:
        manifest = json.loads(file.with_name(file.name + ".manifest.json").read_text())
        assert {"extracted_at", "row_count", "control_totals", "schema_version"} <= manifest.keys()


def test_every_listed_defect_is_planted_at_two_sizes(planted: Path) -> None:
    titles = [r["title"] for r in rows(planted / "truth.csv")]
    assert {name: n for name in LISTED if (n := sum(name in t for t in titles)) < 2} == {}


def test_every_listed_decoy_is_present(planted: Path) -> None:
    titles = [r["title"] for r in rows(planted / "decoys.csv")]
    assert [name for name in DECOYS if not any(name in t for t in titles)] == []


def test_no_break_is_told_twice(planted: Path) -> None:
    """Disjoint cells: a key may be an echo of several defects only where a whole period of an entity is compared."""
    truth = rows(planted / "truth.csv")
    keys = Counter((r["code"], r["match_key"]) for r in truth)
    assert [k for k, n in keys.items() if n > 1] == []
    echoes = Counter(e for r in truth for e in r["also_expected"].split(";") if e and not e.startswith("R32:"))
    assert [e for e, n in echoes.items() if n > 1 or tuple(e.split(":", 1)) in keys] == []


def test_no_decoy_is_also_a_defect(planted: Path) -> None:
    truth = {(r["code"], r["match_key"]) for r in rows(planted / "truth.csv")}
    assert truth & {(r["code"], r["match_key"]) for r in rows(planted / "decoys.csv")} == set()


def test_a_clean_world_has_no_truth(tmp_path: Path) -> None:
    generate(tmp_path, clean=True, **SMALL)
    assert rows(tmp_path / "truth.csv") == []


@pytest.mark.parametrize("variant", ["truncated_erp", "stale_extract", "retyped_column"])
def test_a_source_fault_expects_source_health_alone(tmp_path: Path, variant: str) -> None:
    generate(tmp_path, variant=variant, **SMALL)
    assert [r["code"] for r in rows(tmp_path / "truth.csv")] == ["R38"]


def test_the_number_of_events_is_exact(tmp_path: Path) -> None:
    generate(tmp_path, events=20_000, customers=60, clean=True)
    manifests = (tmp_path / "data" / "product" / "usage_events").glob("*.manifest.json")
    assert sum(json.loads(m.read_text())["row_count"] for m in manifests) == 20_000


def test_a_company_too_small_for_its_defects_is_said_in_words(tmp_path, capsys, monkeypatch):
    """Who asks for twenty customers learns what they are too few for, not where a loop ended."""
    asked = ["sample_data", "generate", "--out", str(tmp_path), "--customers", "20", "--events", "5000"]
    monkeypatch.setattr("sys.argv", asked)
    with pytest.raises(SystemExit) as ended:
        main()
    told = capsys.readouterr().err
    assert ended.value.code == 2
    assert told.startswith(
        "sample_data: 20 customers with 5,000 usage events are too few for all planted defects: none is"
    )
    assert "(--clean)" in told
