"""What lies in a landing folder and is not read is told, with what was expected; what is plainly no delivery is not."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

from dagster_project.settings import FilesConnector
from dagster_project.sources.contracts import domain_contracts
from dagster_project.sources.unconnected import unconnected
from tests.ingestion.company import Company, company, csv_text, invoice

GOOD = csv_text([invoice("inv-1"), invoice("inv-2")])


def _notes(borealis: Company) -> list[str]:
    return [note.removeprefix("source 'billing': ") for note in borealis.ingest(object=None).notes]


def test_a_delivery_under_a_wrong_name_is_told_with_the_name_that_is_meant(borealis: Company):
    """Passed over in silence, the invoices of a month would be missing from every control, and nothing would say so."""
    for place in (
        "invoces/a.csv",
        "Payments/a.csv",
        "journal_lines/a.csv",
        "misc/a.csv",
        "invoices.csv",
        "skus_2026.csv",
    ):
        borealis.deliver(f"billing/{place}", GOOD)
    borealis.deliver("billing/refunds", GOOD)
    borealis.deliver("billing/letter.docx", b"PK")
    found = dict(note.split(": not read; ") for note in _notes(borealis)[:-1])
    assert found["invoces/"] == "no object has that name, expected perhaps invoices/"
    assert found["Payments/"] == "no object has that name, expected perhaps payments/"
    assert found["journal_lines/"] == "an object of erp, expected in the place of a source of that domain"
    assert found["invoices.csv"] == "files lie in the folder of their object, expected perhaps invoices/invoices.csv"
    assert found["letter.docx"].startswith(
        "files lie in the folder of their object, expected a folder named customers, "
    )
    assert _notes(borealis)[-1] == "3 more files and folders beside the folders of objects: not read"
    for place in ("invoices.csv", "letter.docx", "invoces/a.csv"):
        borealis.path(f"billing/{place}").unlink()
    borealis.path("billing/invoces/a.csv").parent.rmdir()
    found = dict(note.split(": not read; ") for note in _notes(borealis))
    assert found["skus_2026.csv"].endswith("expected perhaps skus/skus_2026.csv")
    assert found["refunds"] == "a file, expected a folder of that name"
    assert found["misc/"].startswith("no object has that name, expected one of customers, skus")


def test_what_lies_among_landing_files_and_is_none_is_told(borealis: Company):
    """A month that was sent as a workbook, or into a folder of its own, would be missing without a word."""
    borealis.deliver("billing/invoices/2026-09/a.csv", GOOD)
    borealis.deliver("billing/invoices/a.xlsx", b"PK")
    borealis.deliver("billing/invoices/b.csv.part", GOOD)
    borealis.deliver("billing/invoices/gone.csv.manifest.json", "{}")
    os.mkfifo(borealis.path("billing/invoices/pipe.csv"))  # a run that opened it would wait for ever
    for number in range(40):
        borealis.deliver(f"billing/payments/{number:02}.txt", "paid")
    found = _notes(borealis)
    assert "invoices/2026-09/: not read; a folder, expected its files in invoices/ itself" in found
    assert "invoices/a.xlsx: not read; expected a file ending in .csv, .csv.gz, .jsonl, .jsonl.gz, .parquet" in found
    assert (
        "invoices/b.csv.part: not read; expected a file ending in .csv, .csv.gz, .jsonl, .jsonl.gz, .parquet" in found
    )
    assert "invoices/pipe.csv: not read; expected an ordinary file, not a pipe or device" in found
    assert "invoices/gone.csv.manifest.json: describes a file that is not there" in found
    assert len([note for note in found if note.startswith("payments/")]) == 6
    assert found[-1] == "payments/: 35 more files and folders not read"


def test_what_is_plainly_no_delivery_is_passed_over(borealis: Company):
    """A note that stands in every run is read by nobody, and so is the next one, of a file that was lost."""
    borealis.deliver("billing/invoices/a.csv", GOOD, {"row_count": 1})
    for name in (".keep", "README.md", "_SUCCESS", "_committed_123", "a.csv.done", "a.csv.sha256", "Thumbs.db"):
        borealis.deliver(f"billing/invoices/{name}", "")
    for name in (".git/config", "README", "readme.txt", "_SUCCESS"):
        borealis.deliver(f"billing/{name}", "")
    borealis.path("billing/payments/.keep").touch()
    assert _notes(borealis) == []


def test_the_folders_of_other_sources_and_of_tieout_are_no_strangers(tmp_path: Path):
    """Sources that share one folder, or lie beside tieout.yml, would be told of each other's files in every run."""
    one = company(tmp_path, "billing", "crm")
    files = FilesConnector(type="files", path=tmp_path)
    shared = {"connector": files, "mapping": tmp_path / "m.yml"}
    sources = tuple(source.model_copy(update=shared) for source in one.settings.sources)
    one.settings = one.settings.model_copy(update={"sources": sources})
    for name in ("tieout.yml", "m.yml"):
        (tmp_path / name).write_text("{}", encoding="utf-8")
    for place in ("data/crm", "data/billing", "data"):
        (tmp_path / place).rmdir()
    for place in ("invoices", "contracts", "cash_receipts"):
        (tmp_path / place).mkdir()
    notes = one.ingest(None, None).notes
    assert [note.partition(":")[0] for note in notes] == ["source 'billing'", "source 'crm'"]
    assert all("cash_receipts/: not read; an object of erp" in note for note in notes)


def test_an_object_is_told_what_is_not_read_of_it_and_what_may_be(borealis: Company):
    borealis.deliver("billing/invoces/a.csv", GOOD)
    borealis.deliver("billing/payments/a.xlsx", b"PK")
    borealis.deliver("billing/misc/a.csv", GOOD)
    told = {report.object: " ".join(report.notes) for report in borealis.ingest(object=None).objects}
    assert "invoces/" in told["invoices"] and "a.xlsx" not in told["invoices"]
    assert "a.xlsx" in told["payments"] and "invoces/" not in told["payments"]
    assert all("misc/" in words for words in told.values())


def test_what_is_not_read_is_landed_for_the_pages_and_not_for_an_earlier_moment(borealis: Company):
    """Told in the terminal of the run alone, whoever reads the figures later believes them whole."""
    borealis.deliver("billing/invoices/a.csv", GOOD)
    borealis.deliver("billing/invoces/a.csv", GOOD)
    borealis.deliver("old/customers/a.csv", GOOD)
    borealis.ingest()
    found = borealis.query("from landed.not_read")
    assert [(one["source_instance"], one["words"].partition(":")[0]) for one in found] == [
        ("billing", "invoces/"), (None, "data/old"),
    ]  # fmt: skip
    assert borealis.query("from landed.not_read", known_at=datetime(2030, 1, 1, tzinfo=UTC)) == []


def test_a_folder_of_deliveries_that_no_source_names_is_told_once_by_the_system_it_is_of(tmp_path: Path):
    """The second product's usage lies there, is in no figure, and every control of the first ties."""
    one = company(tmp_path, "billing", "product")
    for place in ("product_emea/usage_events", "product_emea/tenants", "billing/invoices", "old/customers"):
        one.deliver(f"{place}/a.csv", GOOD)
    for place in ("crm/contracts", "backup/invoices", ".cache/invoices", "erp/customers"):
        one.path(f"{place}/x")
    one.deliver("backup/invoices/list.txt", GOOD)
    told = {domain: list(unconnected(one.settings, domain)) for domain in domain_contracts()}
    assert told == {
        "product": [
            "data/product_emea: not read; it holds tenants, usage_events of product, and no source of tieout.yml has this"
            " path; expected a source for it, or the folder elsewhere"
        ],
        "billing": [
            "data/old: not read; it holds customers of billing, and no source of tieout.yml has this path; expected a"
            " source for it, or the folder elsewhere"
        ],
        "crm": [], "erp": [], "hub": [],
    }  # fmt: skip


def test_what_lies_beside_places_outside_of_the_company_is_not_looked_at(tmp_path: Path):
    """A mount that does not answer would hold up a close that has nothing to do with it."""
    one = company(tmp_path, "billing")
    one.deliver("product/usage_events/a.csv", GOOD)
    elsewhere = one.settings.model_copy(update={"config_path": tmp_path / "conf" / "tieout.yml"})
    assert list(unconnected(elsewhere, "product")) == []
    assert len(list(unconnected(one.settings, "product"))) == 1
