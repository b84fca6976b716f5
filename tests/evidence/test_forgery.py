"""Whoever changes a pack can compute every hash anew: figures that contradict the Parquet must be found all the same."""

from __future__ import annotations

import json
import re
import shutil

import pytest

from dagster_project.archive.files import sha256_of
from dagster_project.evidence import manifest
from tests.command import tieout
from tests.evidence.forger import PERIOD, forge_csv, forge_table, forge_workbook, reseal

BLOCKED = f"period = '{PERIOD}' and readiness = 'blocked'"
CLOSE = "results/close_status"

FORGERIES = {
    "an amount in the CSV of breaks": (
        lambda folder: forge_csv(folder / "exceptions.csv", "delta_minor", "7"),
        ["exceptions.csv: row 1 (", "delta_minor: '7'; its Parquet says "],
    ),
    "a number in the CSV of totals": (
        lambda folder: forge_csv(folder / "totals" / "control_totals.csv", "row_count", "999999"),
        ["totals/control_totals.csv: row 1 (R", "row_count: '999999'; its Parquet says "],
    ),
    "a heading in a CSV": (
        lambda folder: rename_column(folder / "totals" / "control_totals.csv"),
        ["totals/control_totals.csv: its columns are code,source_instance,currency_code,status,breaks"],
    ),
    "a CSV whose Parquet was taken away": (
        lambda folder: (folder / "results" / "kpis.parquet").unlink(),
        ["results/kpis.csv: has no Parquet beside it"],
    ),
    "the readiness in the CSV of the close": (
        lambda folder: forge_csv(folder / f"{CLOSE}.csv", "readiness", "ready", where="blocked"),
        [f"{CLOSE}.csv: row ", "readiness: 'ready'; its Parquet says 'blocked'"],
    ),
    "the readiness in CSV and Parquet": (
        lambda folder: forge_table(folder, CLOSE, "readiness = 'ready'", BLOCKED),
        [f" {PERIOD}, readiness: stated ready, but blocked follows from the pack"],
    ),
    "readiness and gate alike": (
        lambda folder: forge_table(
            folder,
            CLOSE,
            "readiness = 'ready', gate_open_s1 = 'passed', gate_interface = 'passed', gate_receivables = 'passed',"
            " gate_deferred_revenue = 'passed', gate_control_account = 'passed', gate_unexplained = 'passed',"
            " open_s1_exceptions = 0, blocking_gates = null",
            BLOCKED,
        ),
        [
            f" {PERIOD}, gate_receivables: stated passed, but failed follows from the pack",
            f" {PERIOD}, open_s1_exceptions: stated 0, but ",
            f" {PERIOD}, gate_open_s1: stated passed, but failed follows from the pack",
        ],
    ),
    "the severity of open breaks": (
        lambda folder: forge_table(folder, "exceptions", "severity = 'S3'", "severity = 'S1' and code <> 'R38'"),
        [f" {PERIOD}, open_s1_exceptions: stated "],
    ),
    "a control that is said to have no result": (
        lambda folder: forge_table(folder, "results/controls", "results_in_pack = 0", "code = 'R14'"),
        ["results/controls.parquet states another number of results", "R14, 0"],
    ),
    "a number of breaks on the workbook's cover": (
        lambda folder: forge_workbook(folder / "workbook.xlsx", 1, r"E\d+", "0"),
        ["workbook.xlsx: Cover!E", " reads '0'; by the pack's Parquet it is "],
    ),
    "a contract": (
        lambda folder: append(folder / "logic" / "contracts" / "erp.yml", "\n# milder\n"),
        ["logic/contracts/erp.yml: is not what this version writes"],
    ),
    "the text that says how to check": (
        lambda folder: append(folder / "README.txt", "No need to check.\n"),
        ["README.txt: is not what this version writes"],
    ),
}


def rename_column(file):
    file.write_text(file.read_text().replace("row_count", "breaks", 1))


def append(file, text):
    file.write_text(file.read_text() + text)


@pytest.mark.parametrize("forgery", FORGERIES)
def test_a_forgery_is_found_although_every_hash_and_the_root_hash_agree(copy, forgery):
    forge, words = FORGERIES[forgery]
    forge(copy)
    reseal(copy)
    found = tieout("verify", copy)
    assert found.code == 1, found.text
    assert [each for each in words if each not in found.err] == [], found.err


def test_a_pack_that_was_sealed_again_in_its_folder_contradicts_the_folder_s_name(pack, tmp_path):
    folder = shutil.copytree(pack.path, tmp_path / pack.path.name)
    append(next((folder / "logic" / "sql").rglob("close_status.sql")), "-- all ready\n")
    reseal(folder)
    root = manifest.read(folder)["root_hash"]
    found = tieout("verify", folder)
    assert found.code == 1
    assert f"the folder's name says {pack.root_hash[:12]}, the root hash is {root}" in found.err
    assert "NOT VERIFIED: 1 fault in" in found.out


def test_a_pack_that_was_sealed_again_under_another_name_is_not_the_one_whose_root_hash_is_known(pack, copy):
    append(next((copy / "logic" / "sql").rglob("close_status.sql")), "-- all ready\n")
    reseal(copy)
    unknown = tieout("verify", copy)
    assert unknown.code == 0
    assert "not proven: that nobody changed the pack and sealed it again" in unknown.out
    for known in (pack.root_hash, pack.root_hash[:12]):
        found = tieout("verify", copy, "--root", known)
        assert found.code == 1
        assert f"--root says {known}: this is not the pack you know of" in found.err


def test_a_renamed_copy_verifies_and_with_its_root_hash_nothing_is_left_unproven(pack, copy):
    assert "the folder's name holds no root hash either" in tieout("verify", copy).out
    known = tieout("verify", copy, "--root", pack.root_hash[:20].upper())
    assert known.code == 0, known.text
    assert "not proven" not in known.text
    other_name = copy.rename(copy.with_name(f"{PERIOD}-all-0123456789ab"))
    assert tieout("verify", other_name, "--root", pack.root_hash).code == 0


def test_a_run_prints_the_root_hash_that_its_pack_must_have(planted):
    folder, root = re.findall(r"verify (\S+)\n\s+recomputes the auditor's pack, root hash (\w{64})", planted.run.out)[0]
    assert folder.endswith(root[:12])


@pytest.mark.parametrize("root", ["0123456789a", "not-a-hash-at-all"])
def test_what_is_no_root_hash_is_refused_in_words(copy, root):
    found = tieout("verify", copy, "--root", root)
    assert found.code == 2
    assert f"--root {root}: expected the root hash" in found.err


def test_an_entry_changed_after_sealing_is_told_and_the_figure_is_still_named(copy):
    forge_csv(copy / "exceptions.csv", "delta_minor", "7")
    document = manifest.read(copy)
    (entry,) = (one for one in document["files"] if one["path"] == "exceptions.csv")
    entry["sha256"] = sha256_of(copy / "exceptions.csv")
    (copy / "manifest.json").write_text(json.dumps(document))
    found = tieout("verify", copy)
    assert (
        "some entry or fact of it was changed after sealing; which one cannot be known from the pack alone" in found.err
    )
    assert "exceptions.csv: row 1 (" in found.err
    assert "NOT VERIFIED: 2 faults in" in found.out


def test_a_pack_of_other_code_verifies_and_says_what_was_not_written_again(copy):
    document = manifest.read(copy)
    document["facts"]["code_version"] = "0.0.1+000000000000"
    (copy / "manifest.json").write_text(json.dumps(document))
    reseal(copy)
    found = tieout("verify", copy)
    assert found.code == 0, found.text
    assert "not proven: workbook, contracts and README: the pack was written by 0.0.1+000000000000" in found.out
