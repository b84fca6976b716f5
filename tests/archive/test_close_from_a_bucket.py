"""A whole close whose record lies in a bucket: nothing above the archive may know where it lies."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

import sample_data
from dagster_project import settings, warehouse
from dagster_project.archive.storage import storage_at
from tests.archive.conftest import environment
from tests.command import tieout

pytestmark = pytest.mark.soak


def test_a_close_from_a_bucket_is_clean_and_its_record_is_whole(tmp_path: Path, bucket, s3_server):
    place = bucket()
    sample_data.generate(tmp_path, size="ci", seed=5, events=2000, customers=20, clean=True)
    config = tmp_path / "tieout.yml"
    config.write_text(f"{config.read_text(encoding='utf-8')}\narchive: {place}\n", encoding="utf-8")
    ran = tieout("run", "--quiet", "--config", config, **environment(s3_server))
    assert (ran.code, "no open break" in ran.out) == (0, True), ran.text[-3000:]
    home = tmp_path / ".tieout"
    assert not (home / "archive").exists()
    packed = {path.name for path in home.glob("evidence/*/sources/manifests/*/*/*.json")}
    assert packed == {name.rpartition("/")[2] for name in storage_at(place).names("manifests")}

    verified = tieout("archive", "verify", "--config", config, **environment(s3_server))
    assert (verified.code, "sound: " in verified.out) == (0, True), verified.text
    fresh = settings.load(config).model_copy(update={"home": tmp_path / "another machine"})
    landed = warehouse.land(fresh)
    with duckdb.connect(str(home / "published" / "current.duckdb"), read_only=True) as con:
        batches = con.execute("select count(*), sum(received_rows) from landed.batches").fetchone()
    assert (landed.loaded_batches, landed.received_rows) == batches
