"""The difference of two contracts, and its law: a compatible change refuses nothing that was accepted."""

from __future__ import annotations

import copy
import random

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dagster_project.archive.engine import scratch
from dagster_project.archive.parsing import currencies
from dagster_project.archive.parsing.faults import FileFault
from dagster_project.archive.parsing.parse import parse
from dagster_project.archive.parsing.rawfile import RawFile
from dagster_project.errors import ConfigurationError
from dagster_project.sources.contract_diff import diff, heaviest
from dagster_project.sources.contracts import DomainContract, domain_contracts, read_contract
from tests.ingestion.changed_contracts import Document, changed, column, columns, with_column
from tests.ingestion.company import csv_text, invoice

OWNER = "invoices"
DUMPER = getattr(yaml, "CSafeDumper", yaml.SafeDumper)


def _set(owned: str, /, **values: object):
    return lambda document: column(document, owned).update(values)


def _allow(*values: str):
    return _set("status", quality=[{"type": "library", "rule": "validValues", "validValues": list(values)}])


def _bounded(**bounds: object):
    return _set("net_amount", logicalTypeOptions=bounds)


EDITS = {
    "add": with_column("po_number"),
    "add number": with_column("line_count", kind="integer"),
    "add required": with_column("po_number", required=True),
    "drop": lambda d: columns(d).remove(column(d, "due_date")),
    "drop required": lambda d: columns(d).remove(column(d, "series")),
    "rename": _set("series", name="serie"),
    "require": _set("due_date", required=True),
    "relax": _set("series", required=False),
    "fewer values": _allow("draft", "open"),
    "more values": _allow("draft", "open", "paid", "void", "uncollectible", "lost"),
    "other order": _allow("uncollectible", "void", "paid", "open", "draft"),
    "any value": _set("status", quality=[]),
    "lower bound": _bounded(minimum=-5),
    "exclusive bound": _bounded(minimum=-5, exclusiveMinimum=True),
    "tight bound": _bounded(minimum=0),
    "upper bound": _bounded(maximum=90),
    "retype": _set("number", logicalType="integer", physicalType="BIGINT"),
    "more decimals": _set("net_amount", customProperties=[{"property": "kind", "value": "money"}]),
    "words": _set("series", description="the numbering circle"),
    "reference": _set("series", customProperties=[{"property": "references", "value": ["erp.items.sku"]}]),
    "shuffle": lambda d: columns(d).reverse(),
    "purpose": lambda d: d["description"].update(purpose="other words"),
    "optional": lambda d: d["schema"][0].update(
        customProperties=[{"property": "mode", "value": "upsert"}, {"property": "optional", "value": True}]
    ),
}  # fmt: skip


def _invoices() -> Document:
    document = yaml.safe_load(domain_contracts()["billing"].content)
    return document | {"schema": [one for one in document["schema"] if one["name"] == OWNER]}


BASE = _invoices()


def _edited(names: list[str]) -> DomainContract | None:
    """The shipped contract of the invoices after the edits; None where one no longer finds its column."""
    document = copy.deepcopy(BASE)
    try:
        for name in names:
            EDITS[name](document)
        return read_contract(yaml.dump(document, Dumper=DUMPER, sort_keys=False).encode(), "billing.yml")
    except (StopIteration, ConfigurationError):
        return None


NAMES = st.lists(st.sampled_from(sorted(EDITS)), max_size=4)
EDITED = NAMES.map(_edited).filter(bool)
SUCCESSORS = (
    st.tuples(NAMES, st.lists(st.sampled_from(sorted(EDITS)), min_size=1, max_size=2))
    .map(lambda names: (_edited(names[0]), _edited(names[0] + names[1])))
    .filter(all)
)


@settings(max_examples=100, deadline=None)
@given(EDITED, EDITED)
def test_a_difference_is_empty_only_where_nothing_differs(old: DomainContract, new: DomainContract):
    changes = diff(old, new)
    assert (not changes) == (old.document == new.document)
    assert diff(new, new) == ()
    assert bool(diff(new, old)) == bool(changes)
    assert all(change.words and change.place for change in changes)


def _values(name: str) -> st.SearchStrategy[str | None]:
    common = {
        "status": st.sampled_from(["draft", "open", "paid", "lost", "", "void"]),
        "net_amount": st.sampled_from(["-5", "-5.01", "0", "90", "90.01", "1.005", "x", "100", ""]),
        "series": st.sampled_from(["US", "", "é"]),
        "number": st.sampled_from(["1", "US-1", ""]),
        "due_date": st.sampled_from(["2026-10-01", "", "soon"]),
    }
    return common[name]


ROWS = st.lists(
    st.fixed_dictionaries({name: _values(name) for name in ("status", "net_amount", "series", "number", "due_date")}),
    min_size=1,
    max_size=4,
)
LACKING = st.sets(st.sampled_from(["due_date", "number", "finalized_at", "series"]), max_size=2)


@pytest.fixture(scope="module")
def con(tmp_path_factory):
    with scratch(tmp_path_factory.mktemp("spill")) as opened:
        currencies.register(opened)
        yield opened


def _accepted(con, tmp_path, content: str, contract: DomainContract) -> int | None:
    """Rows accepted, None where the file is refused."""
    path = tmp_path / "a.csv"
    path.write_text(content, encoding="utf-8")
    try:
        return parse(con, RawFile("a.csv", path, "csv", False), contract.object(OWNER)).figures.parsed
    except FileFault:
        return None


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(SUCCESSORS, ROWS, LACKING)
def test_a_compatible_version_accepts_every_row_that_was_accepted(con, tmp_path, pair, rows, lacking):
    """A minor release reaches sources that declare their major alone: one that refused their rows would lose invoices."""
    old, new = pair
    rows = [invoice(f"inv-{number}", **values) for number, values in enumerate(rows)]
    content = csv_text(rows, [name for name in rows[0] if name not in lacking])
    before = _accepted(con, tmp_path, content, old)
    after = _accepted(con, tmp_path, content, new)
    if heaviest(diff(old, new)) != "major":
        assert before is None or (after is not None and after >= before)
    if heaviest(diff(old, new)) in (None, "patch"):
        assert after == before


@pytest.mark.parametrize(
    ("edit", "weight", "words"),
    [
        ("add", "minor", "invoices.po_number: new nullable string (compatible, minor)"),
        ("add required", "major", "invoices.po_number: new required string (breaking, major)"),
        ("rename", "major", "the column was removed, perhaps renamed to 'serie'"),
        ("require", "major", "required, was nullable"),
        ("fewer values", "major", "no longer allowed: paid, void, uncollectible"),
        ("more values", "minor", "newly allowed: lost"),
        ("tight bound", "major", "minimum is 0, was none"),
        ("retype", "major", "retyped from string to integer"),
        ("words", "patch", "the description differs (compatible, patch)"),
        ("shuffle", "patch", "only words, order or metadata differ"),
    ],
)
def test_each_difference_has_its_words_and_weight(edit, weight, words):
    changes = diff(_edited([]), _edited([edit]))
    assert heaviest(changes) == weight
    assert any(words in str(change) for change in changes), list(map(str, changes))


def test_an_exclusive_bound_is_tighter_than_the_same_bound():
    loose, tight = _edited(["lower bound"]), _edited(["exclusive bound"])
    assert heaviest(diff(loose, tight)) == "major"
    assert heaviest(diff(tight, loose)) == "minor"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda d: d.update(version="1.x"), "version '1.x'; expected major.minor.patch"),
        (lambda d: d.update(version=1.1), "version: Input should be a valid string"),
        (lambda d: d["schema"].append(copy.deepcopy(d["schema"][0])), "expected each object once"),
        (_bounded(minimum="low"), "invoices.net_amount: minimum = 'low'; expected a decimal"),
        (_bounded(maximum=1e30), "invoices.net_amount: maximum"),
        (_set("series", customProperties=[{"property": "kind", "value": ["x"]}]), "kind ['x'] is stored as nothing"),
        (_set("series", typo=True), "billing.yml:"),
    ],
)
def test_a_malformed_contract_is_told_with_file_and_place(change, words):
    with pytest.raises(ConfigurationError) as raised:
        changed("billing", None, change)
    assert words in str(raised.value)
    assert "billing.yml" in str(raised.value)


def test_random_bytes_are_no_contract_and_no_traceback():
    dice = random.Random(7)
    for _ in range(50):
        with pytest.raises(ConfigurationError):
            read_contract(dice.randbytes(40), "contracts/billing.yml")
    for text in ("", "[]", "a: b", "schema: 3", "schema: [1]"):
        with pytest.raises(ConfigurationError):
            read_contract(text.encode(), "contracts/billing.yml")
