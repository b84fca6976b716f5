"""From a source of the configuration to its connector: the one place to register another kind."""

from __future__ import annotations

from dagster_project.settings import Source
from dagster_project.sources.connector import Connector
from dagster_project.sources.files import FilesConnector


def connector_for(source: Source) -> Connector:
    """The connector of a configured source."""
    return FilesConnector(source.connector.path)
