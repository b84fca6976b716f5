"""What docs/connectors.md shows must work as shown: it is the first thing that somebody copies."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from dagster_project import settings
from dagster_project.settings import PROJECT_ROOT
from dagster_project.sources.connect import connector_for
from dagster_project.sources.connector import Pull
from dagster_project.sources.contracts import contracts_of
from tests.ingestion.company import NOW

TEXT = (PROJECT_ROOT / "docs" / "connectors.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"```yaml\n(.*?)```", TEXT, flags=re.DOTALL)


@pytest.mark.parametrize("example", EXAMPLES, ids=["files", "rest", "sql"])
def test_every_example_is_a_configuration_and_offers_its_objects(tmp_path: Path, example: str):
    file = tmp_path / "tieout.yml"
    file.write_text(example, encoding="utf-8")
    pull = Pull(tmp_path, NOW, lambda name: None, (), lambda words: None, lambda name: None)
    for source in settings.load(file).sources:
        objects = [contract.name for contract in contracts_of(source.domain)]
        listing = connector_for(source, pull).offers(objects)
        assert {delivery.object for delivery in listing.deliveries} == set(getattr(source.connector, "objects", ()))


def test_every_default_that_the_page_names_is_that_of_the_code():
    from dagster_project.connections import RestConnector, Retry, UpdatedSince

    defaults = {
        name: field.default
        for model in (Retry, UpdatedSince, RestConnector)
        for name, field in model.model_fields.items()
    }
    named = re.findall(r"`(?:retry\.)?([a-z_]+)` \((\d+)\)", TEXT)
    assert len(named) >= 7
    for name, value in named:
        if name in defaults:
            assert defaults[name] == int(value), name
