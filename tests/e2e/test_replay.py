"""Dead letters through the command: a source that renamed a column and a status, its mapping mended, its rows replayed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest

from dagster_project import archive
from dagster_project.settings import load
from tests.command import Ran, tieout
from tests.e2e.test_bad_input import rewrite, small
from tests.marts import mart_hashes

pytestmark = pytest.mark.slow

MAPPING = """\
prices: {columns: {PriceID: price_id}}
invoices: {values: {status: {SETTLED: paid}}}
"""


def other_words(folder: Path) -> None:
    """The clean company, whose billing calls a column and a status otherwise since its last release."""
    small(folder)
    rewrite(folder, "billing/prices", lambda raw: raw.replace(b"price_id", b"PriceID", 1))
    rewrite(folder, "billing/invoices", lambda raw: raw.replace(b",paid,", b",SETTLED,"))


@dataclass(frozen=True)
class Replayed:
    """The company, its dead letters received and then replayed, not yet closed; `before` is a moment between the two."""

    folder: Path
    before: datetime
    dry: Ran
    part: Ran
    whole: Ran
    again: Ran

    @property
    def published(self) -> Path:
        return (self.folder / ".tieout" / "published" / "current.duckdb").resolve()


@pytest.fixture(scope="module")
def replayed(tmp_path_factory) -> Replayed:
    """The mapping that the source needs, and the commands in the order in which a person would give them."""
    folder = tmp_path_factory.mktemp("mended") / "company"
    other_words(folder)
    archive.ingest(load(folder / "tieout.yml"))
    (folder / "billing.yml").write_text(MAPPING, encoding="utf-8")
    config = folder / "tieout.yml"
    text = config.read_text(encoding="utf-8")
    mapped = text.replace("path: data/billing}", "path: data/billing}, mapping: billing.yml")
    config.write_text(mapped, encoding="utf-8")
    before = datetime.now(UTC)
    dry = _replay(folder, "--dry-run")
    part = _replay(folder, "--object", "billing.invoices", "--reason", "settled")
    return Replayed(folder, before, dry, part, _replay(folder), _replay(folder))


def _replay(folder: Path, *options: str) -> Ran:
    return tieout("replay", "--config", folder / "tieout.yml", *options)


def test_each_replay_says_what_it_did_and_the_second_does_nothing(replayed):
    assert [one.code for one in (replayed.dry, replayed.part, replayed.whole, replayed.again)] == [0, 0, 0, 0]
    assert "would be accepted" in replayed.dry.out and "nothing was changed" in replayed.dry.out
    assert "accepted before" in replayed.whole.out and " run --config" in replayed.whole.out
    assert "nothing was changed" in replayed.again.out


@pytest.mark.parametrize("option", ["--key", "--object", "--source", "--reason", "--batch"])
def test_a_selection_of_nothing_is_wrong_input(replayed, option):
    refused = _replay(replayed.folder, option, "nothing")
    words = (
        "--source nothing: no source has that name" if option == "--source" else f"no dead letter has {option} nothing"
    )
    assert (refused.code, words in refused.err) == (2, True), refused.text


@pytest.mark.soak
def test_the_close_at_a_moment_before_the_replay_says_what_was_said_then(worlds, replayed):
    broken = worlds("other_words", other_words)
    assert broken.run.code == 1, broken.run.text
    config = replayed.folder / "tieout.yml"
    past = tieout("run", "--config", config, "--known-at", replayed.before.isoformat())
    assert past.code == 1, past.text
    assert "as known at" in past.out
    assert mart_hashes(replayed.published) == mart_hashes(broken.published)


def test_the_company_then_closes_as_if_its_files_had_been_right_at_once(replayed):
    closed = tieout("run", "--config", replayed.folder / "tieout.yml")
    assert closed.code == 0, closed.text
    with duckdb.connect(str(replayed.published), read_only=True) as con:
        states = con.execute("select state, count(*) from marts.dead_letters group by all").fetchall()
        measures = con.execute(
            "select kpi, numerator::bigint from marts.kpis where kpi similar to 'dead_l.*|replay_d.*' order by kpi"
        ).fetchall()
        uncounted = con.execute(
            "select file_name from landed.batches"
            " where received_rows <> accepted_rows + duplicate_rows + quarantined_rows or state <> 'loaded'"
        ).fetchall()
    ((state, count),) = states
    assert state == "replayed"
    assert measures == [
        ("dead_letters_mended_at_source", 0),
        ("dead_letters_open", 0),
        ("dead_letters_refused_again", 0),
        ("dead_letters_replayed", count),
        ("replay_double_effect_count", 0),
    ]
    assert uncounted == []
