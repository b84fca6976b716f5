"""`tieout contract` from the first change to a rollback, as an engineer gives it, over deliveries of a small company."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from dagster_project.archive import store
from dagster_project.archive.release import release
from dagster_project.archive.replay import replay
from dagster_project.archive.replay_report import Selection
from dagster_project.cli import commands
from dagster_project.settings import PROJECT_ROOT
from dagster_project.sources.contracts import domain_contracts
from tests.command import Ran, tieout
from tests.ingestion.changed_contracts import Document, changed, column, with_column
from tests.ingestion.company import Company, company, csv_text, invoice

WHO = ("--by", "A. Engineer", "--reason", "purchase orders are asked for")


@pytest.fixture
def borealis(tmp_path: Path) -> Company:
    """The billing system alone, with a tieout.yml."""
    made = company(tmp_path, "billing")
    source = {"name": "billing", "domain": "billing", "connector": {"type": "files", "path": "data/billing"}}
    document = {"company": "Borealis", "home": "home", "reporting_currency": "USD", "sources": [source]}
    made.settings.config_path.write_text(yaml.safe_dump(document), encoding="utf-8")
    return made


def _contract(borealis: Company, *arguments: str) -> Ran:
    return tieout("contract", *arguments, "--config", borealis.settings.config_path)


@pytest.fixture
def contract(borealis: Company, monkeypatch, capsys):
    """The command in this process: what it prints and returns is the same, and it starts in no time."""

    def run(*arguments: str) -> Ran:
        given = ["tieout", "contract", *arguments, "--config", str(borealis.settings.config_path)]
        monkeypatch.setattr(sys, "argv", given)
        capsys.readouterr()
        code = commands._run()
        return Ran(code, *capsys.readouterr())

    return run


def _change(borealis: Company, version: str, change) -> None:
    file = borealis.root / "contracts" / "billing.yml"
    file.parent.mkdir(exist_ok=True)
    file.write_bytes(changed("billing", version, change).content)


def _rename(document: Document) -> None:
    with_column("po_number")(document)
    column(document, "po_number").update(name="order_number", required=True)


def _versions(borealis: Company) -> dict[str, str]:
    links = store.read_manifests(borealis.settings)
    return {link.file_name: link.contract_version for link in links if link.kind == "batch"}


def test_a_contract_from_its_first_change_to_a_rollback(borealis: Company):
    assert _contract(borealis, "diff").code == 0
    borealis.deliver("billing/invoices/a.csv", csv_text([invoice("a", po_number="7")]), {"schema_version": "1"})
    borealis.ingest()

    # a nullable column: compatible
    _change(borealis, "1.1.0", with_column("po_number"))
    told = _contract(borealis, "diff")
    assert (told.code, "invoices.po_number" in told.out, "compatible" in told.out) == (1, True, True)
    untested = _contract(borealis, "release", *WHO)
    assert untested.code == 2
    assert "these very bytes were not tested" in untested.err
    tested = _contract(borealis, "test")
    assert (tested.code, "each would be taken as it is now" in tested.out) == (0, True), tested.text
    assert _contract(borealis, "release", *WHO).code == 0
    borealis.deliver("billing/invoices/b.csv", csv_text([invoice("b", po_number="8")]), {"schema_version": "1"})
    borealis.ingest()

    # the source renames it: refused until its version is released
    renamed = csv_text([invoice("c", order_number="9")])
    borealis.deliver("billing/invoices/c.csv", renamed, {"schema_version": "2"})
    (refused,) = borealis.one().refused
    assert "declares schema_version '2'; released for billing: 1, 1.1.0" in refused.reason
    _change(borealis, "1.2.0", _rename)
    told = _contract(borealis, "diff")
    assert "perhaps renamed to 'order_number'" in " ".join(told.out.replace("│", " ").split())
    assert "to be released as 2.0.0 or higher; its version is 1.2.0" in told.out
    assert "expected 2.0.0 or higher" in _contract(borealis, "release", *WHO, "--without-test", "in haste").err
    _change(borealis, "2.0.0", _rename)
    tested = _contract(borealis, "test")
    assert tested.code == 1, "the dead letter that waits for this version would be taken"
    assert "billing/invoices/c.csv: 1 accepted, was refused" in tested.out
    assert "billing/invoices/a.csv (declares 1): refused" in tested.out, (
        "it would stay with 1: no reason to hold a release"
    )
    assert _contract(borealis, "release", *WHO).code == 0
    borealis.deliver("billing/invoices/d.csv", renamed.replace("c,", "d,"), {"schema_version": "2"})
    borealis.deliver("billing/invoices/old.csv", csv_text([invoice("old")]), {"schema_version": "1"})
    borealis.ingest()
    assert _versions(borealis) == {
        "invoices/a.csv": "1",
        "invoices/b.csv": "1.1.0",
        "invoices/c.csv": "1.1.0",
        "invoices/d.csv": "2.0.0",
        "invoices/old.csv": "1.1.0",
    }
    assert [row["invoice_id"] for row in borealis.query("from landed.generic__billing__invoices order by 1")] == [
        "a", "b", "d", "old",
    ]  # fmt: skip

    # back to the version before
    assert _contract(borealis, "rollback", "billing", "1.1.0", "--by", "C", "--reason", "too early").code == 0
    listed = _contract(borealis, "list", "--domain", "billing").out
    for words in ("current version 1.1.0", "withdrawn", "too early", "A. Engineer", "shipped with Tieout"):
        assert words in listed, listed
    assert store.chain_faults(store.read_manifests(borealis.settings)) == []


def test_a_stricter_contract_is_told_by_batch_by_reason_and_by_amount(borealis: Company, contract):
    borealis.deliver("billing/invoices/a.csv", csv_text([invoice("a"), invoice("b", status="void", net_amount="7.50")]))
    borealis.deliver("billing/invoices/b.csv", csv_text([invoice("c")]))
    borealis.ingest()
    _change(borealis, "2.0.0", lambda document: column(document, "status")["quality"][0]["validValues"].remove("void"))
    before = borealis.archive_tree()
    tested = contract("test")
    assert tested.code == 1, tested.text
    for words in (
        "The last 2 batches, taken under 2.0.0: rows or totals would move",
        "billing/invoices/a.csv: 1 accepted, was 2 accepted: invoices/a.csv, line 3: column status is 'void'",
        "billing.invoices net_amount USD: 207.5 -> 200",
    ):
        assert words in tested.out, tested.out
    assert borealis.archive_tree() == before, "a test writes nothing into the record"
    assert contract("test", "--batches", "1").code == 0, "the last batch has no void invoice"


def test_a_contract_that_would_refuse_what_was_accepted_is_not_released_without_a_reason(borealis: Company, contract):
    borealis.deliver("billing/invoices/a.csv", csv_text([invoice("a")]))
    borealis.ingest()
    _change(borealis, "2.0.0", with_column("po_number", required=True))
    tested = contract("test")
    assert (tested.code, "billing/invoices/a.csv: refused" in tested.out) == (2, True), tested.text
    refused = contract("release", *WHO)
    assert (refused.code, "would refuse what was accepted" in refused.err) == (2, True)
    assert contract("release", *WHO, "--without-test", "sent from tomorrow on").code == 0
    step = store.read_manifests(borealis.settings)[-1].contract_step
    assert step is not None
    assert step.trial is not None
    assert (step.trial.outcome, step.without_test) == ("refuses", "sent from tomorrow on")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("diff", "--domain", "sales"), "no domain is named 'sales'; expected one of billing, crm, erp, hub, product"),
        (("diff", "--domain", "crm"), "contracts/crm.yml: no such file"),
        (("diff", "--against", "7"), "contract billing has no version '7'"),
        (("show", "billing", "7"), "contract billing has no version '7'"),
        (("rollback", "billing", "one", *WHO), "version 'one'; expected major.minor.patch"),
        (("release", "--domain", "billing", *WHO), "contract billing: nothing differs"),
    ],
)
def test_a_wrong_order_is_answered_in_words_with_exit_2(borealis: Company, contract, arguments, words):
    _change(borealis, "1", lambda document: None)
    ran = contract(*arguments)
    assert ran.code == 2, ran.text
    assert words in ran.err


def test_a_working_copy_that_cannot_be_used_is_exit_2_and_says_where(borealis: Company, contract):
    file = borealis.root / "contracts" / "billing.yml"
    _change(borealis, "2", lambda document: None)
    good = file.read_text(encoding="utf-8")
    file.write_text(good.replace("  required: true", "  requird: true", 1), encoding="utf-8")
    line = good[: good.index("required: true")].count("\n") + 1
    ran = contract("diff")
    assert (ran.code, f"contracts/billing.yml:{line}: " in ran.err, "requird" in ran.err) == (2, True, True), ran.err
    _change(borealis, "2", lambda document: column(document, "series").update(name="book"))
    for command in ("diff", "test"):
        ran = contract(command)
        assert (ran.code, "invoices.series: the column was removed" in ran.err) == (2, True), ran.text
    assert "Tieout's models read it as shipped" in contract("release", *WHO).err
    (borealis.root / "contracts" / "billing.yaml").write_text("", encoding="utf-8")
    assert "expected the name billing.yml" in contract("diff").err


def test_of_several_contracts_all_are_released_or_none(borealis: Company, contract):
    _change(borealis, "1.1.0", with_column("po_number"))
    (borealis.root / "contracts" / "crm.yml").write_bytes(
        changed("crm", "1", with_column("region", owner="accounts")).content
    )
    refused = contract("release", *WHO, "--without-test", "in haste")
    assert (refused.code, "contract crm: version '1' is not raised" in refused.err) == (2, True)
    assert store.read_manifests(borealis.settings) == []


def test_the_recipe_for_ci_runs_as_the_manual_prints_it(borealis: Company):
    manual = (PROJECT_ROOT / "docs" / "contracts.md").read_text(encoding="utf-8")
    script = borealis.root / "contracts-check.sh"
    script.write_text(manual.split("```sh\n")[-1].split("```")[0].replace("--figures ", ""), encoding="utf-8")
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"

    def check() -> subprocess.CompletedProcess[str]:
        given = {"cwd": borealis.root, "env": os.environ | {"PATH": path}, "capture_output": True, "text": True}
        return subprocess.run(["sh", str(script)], check=False, **given)

    assert check().returncode == 0
    borealis.deliver("billing/invoices/a.csv", csv_text([invoice("a")]))
    borealis.ingest()
    _change(borealis, "2.0.0", with_column("po_number", required=True))
    refused = check()
    assert (refused.returncode, "billing/invoices/a.csv: refused" in refused.stdout) == (2, True), refused


def test_a_mapping_is_tested_before_it_is_configured(borealis: Company, contract):
    rows = csv_text([invoice("a"), invoice("b", status="settled", net_amount="7.50")])
    borealis.deliver("billing/invoices/a.csv", rows)
    borealis.ingest()
    mapping = borealis.root / "mapping.yml"
    mapping.write_text("invoices: {values: {status: {settled: paid}}}", encoding="utf-8")
    tested = contract("test", "--domain", "billing", "--mapping", str(mapping))
    assert tested.code == 1, tested.text
    assert "billing/invoices/a.csv: 2 accepted, was 1 accepted" in tested.out
    assert "billing.invoices net_amount USD: 100 -> 107.5" in tested.out
    assert "no source of billing" in contract("test", "--domain", "billing", "--mapping", f"shop={mapping}").err
    mapping.write_text("invoices: {values: {state: {settled: paid}}}", encoding="utf-8")
    assert "mapping.yml:1: " in contract("test", "--domain", "billing", "--mapping", f"billing={mapping}").err


def test_a_dead_letter_that_waits_for_its_version_is_replayed_once_it_is_released(borealis: Company):
    borealis.deliver("billing/invoices/a.csv", csv_text([invoice("a", po_number="7")]), {"schema_version": "1.1"})
    assert len(borealis.one().refused) == 1
    assert replay(borealis.settings, Selection()).count("stays") == 1
    release(
        borealis.settings, changed("billing", "1.1.0", with_column("po_number")), by="A", reason="b", without_test="c"
    )
    assert replay(borealis.settings, Selection()).count("accepted") == 1
    assert borealis.query("select invoice_id from landed.generic__billing__invoices") == [{"invoice_id": "a"}]
    assert borealis.query("select state, contract_version from landed.batches") == [
        {"state": "loaded", "contract_version": "1.1.0"}
    ]


def test_show_prints_the_very_bytes(borealis: Company, contract):
    assert contract("show", "billing").out.encode() == domain_contracts()["billing"].content
