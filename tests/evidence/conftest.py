"""A pack of the planted company, written once, and a copy of it that a test may spoil."""

from __future__ import annotations

import shutil

import pytest

from dagster_project import settings as configuration
from dagster_project.evidence import write_pack
from tests.evidence.forger import PERIOD


@pytest.fixture(scope="package")
def settings(planted, tmp_path_factory):
    """The planted company's settings over a copy of its home, so that packs are written nowhere else."""
    folder = tmp_path_factory.mktemp("evidence")
    shutil.copytree(planted.folder / ".tieout", folder / ".tieout", symlinks=True)
    shutil.copy(planted.config, folder / "tieout.yml")
    return configuration.load(folder / "tieout.yml")


@pytest.fixture(scope="package")
def pack(settings):
    return write_pack(settings, period=PERIOD)


@pytest.fixture
def copy(pack, tmp_path):
    return shutil.copytree(pack.path, tmp_path / "pack")
