"""Scores of pairs of customers: what must be likely, what must not, and that the same pair always scores the same."""

import subprocess
import sys

import pyarrow as pa
import pytest

from dagster_project.matching.linkage import Pair, score, suggestions

ACME = ("ACME LTD", "pay@acme.example", "GB123", "GB")
OTHERS = {
    "other legal form, same address": ("ACME GMBH", "pay@acme.example", None, "GB"),
    "misspelt, same tax number": ("ACMEE LTD", None, "GB123", "GB"),
    "same name, nothing else known": ("ACME LTD", None, None, "GB"),
    "same name, other address and tax number": ("ACME LTD", "ap@acme.example", "GB999", "GB"),
    "other name, same tax number, other country": ("ZENITH BANK", None, "GB123", "FR"),
    "nothing in common": ("ZENITH BANK", "x@zenith.example", "FR1", "FR"),
}


@pytest.fixture(scope="module")
def scores():
    return {one.pair_id: one for one in score([Pair(name, ACME, other) for name, other in OTHERS.items()])}


def test_a_customer_entered_twice_scores_high_and_two_customers_score_low(scores):
    likely = {name for name, one in scores.items() if one.basis_points >= 5_000}
    assert likely == {
        "other legal form, same address",
        "misspelt, same tax number",
        "same name, nothing else known",
    }
    assert scores["nothing in common"].basis_points < 10


def test_a_score_says_which_fields_agree_differ_or_are_unknown(scores):
    assert scores["misspelt, same tax number"].explanation == (
        "equal: tax id, country; alike: name; not known on both sides: email"
    )
    assert scores["same name, other address and tax number"].explanation == (
        "equal: name, country; different: email, tax id"
    )


def test_a_score_depends_neither_on_the_order_nor_on_the_other_pairs(scores):
    names = ["same name, nothing else known", "misspelt, same tax number"]
    again = score([Pair(name, ACME, OTHERS[name]) for name in names])
    assert again == sorted((scores[name] for name in names), key=lambda one: one.pair_id)


def test_only_what_is_more_likely_than_not_is_suggested():
    def pair(right_id: str, right: tuple) -> dict:
        fields = ("name", "email", "tax_id", "country")
        row = {"link": "duplicate", "legal_entity_code": "UK"}
        for side, values, key in (("left", ACME, "C1"), ("right", right, right_id)):
            row |= {f"{side}_object": "billing.customers", f"{side}_instance": "main", f"{side}_id": key}
            row |= {f"{side}_{name}": value for name, value in zip(fields, values, strict=True)}
        return row

    found = suggestions(pa.Table.from_pylist([pair(name, other) for name, other in OTHERS.items()]))
    assert {row["right_ref"] for row in found.to_pylist()} == {
        f"billing.customers:{name}"
        for name in (
            "other legal form, same address",
            "misspelt, same tax number",
            "same name, nothing else known",
        )
    }


def test_a_company_without_doubtful_pairs_does_not_wait_for_the_library():
    code = "import sys; from dagster_project.matching.linkage import score; assert score([]) == []; print('splink' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "False\n"
