"""A thousand broken files: each gives rows or a refusal in words, and every row received is accounted for."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.faults.broken_files import broken
from tests.faults.scale import some
from tests.ingestion.company import Company, company

pytestmark = pytest.mark.faults
TOGETHER = 10
DOMAINS = ("product", "billing", "crm", "erp", "hub")
INTERNALS = re.compile(
    r"\w(Error|Exception)\b|\b(Binder|Conversion|Invalid Input|IO|Parser) Error|Traceback|INTERNAL|/home/"
)


@pytest.mark.parametrize("block", some(60))
def test_a_broken_real_file_gives_rows_or_a_refusal_in_words(tmp_path: Path, block: int, counted):
    files = [broken(seed) for seed in range(block * TOGETHER, (block + 1) * TOGETHER)]
    one = company(tmp_path, *DOMAINS)
    for file in files:
        one.deliver(file.file, file.content)
    how = {file.file.partition("/")[2]: file.how for file in files}
    assert judge(one, len(files)) == [], how
    counted("broken files", len(files))


def judge(one: Company, files: int) -> list[str]:
    """What is wrong with what an ingestion made of the files, each named."""
    report = one.ingest(None, None)
    batches, quarantine, drift = one.queries(
        "from landed.batches order by file_name",
        "from landed.quarantine order by all",
        "from landed.schema_drift order by all",
    )
    faults = (
        [] if sum(len(found.batches) for found in report.objects) == files else ["a file is missing from the report"]
    )
    for row in batches:
        faults += [f"{row['file_name']}: {fault}" for fault in _faults_of(row)]
    names = {row["batch_id"]: row["file_name"] for row in batches}
    for row in [*quarantine, *drift]:
        words = f"{row.get('reason') or row.get('detail')} {row.get('expected') or ''}"
        if INTERNALS.search(words):
            faults.append(f"{names[row['batch_id']]}: not in words: {words}")
    rejected = sum(row["quarantined_rows"] for row in batches)
    lost = rejected - len([row for row in quarantine if row["row_number"] is not None])
    conflicts = one.query("select count(*) as n from landed.conflicts where kind = 'conflict'")[0]["n"]
    return faults if lost == conflicts else [*faults, f"{lost - conflicts} rejected rows are in no quarantine"]


def _faults_of(row: dict) -> list[str]:
    parts = row["accepted_rows"], row["duplicate_rows"], row["quarantined_rows"]
    if row["state"] == "refused":
        reason = row["refusal_reason"]
        faults = [] if row["file_name"] in reason and "expected" in reason else [f"refused without words: {reason}"]
        return faults + ([f"not in words: {reason}"] if INTERNALS.search(reason) else [])
    if row["received_rows"] != sum(parts) or min(parts) < 0:
        return [f"received {row['received_rows']} is not accepted, duplicate and quarantined {parts}"]
    return []
