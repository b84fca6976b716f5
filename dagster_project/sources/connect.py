"""From a source of the configuration to its connector: the one place to register another kind."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import assert_never

from dagster_project import connections
from dagster_project.errors import ConfigurationError
from dagster_project.settings import Settings, Source
from dagster_project.sources.connector import Connector, Pull
from dagster_project.sources.contracts import contracts_of
from dagster_project.sources.files import FilesConnector


def connector_for(source: Source, pull: Pull, elsewhere: frozenset[Path] = frozenset()) -> Connector:
    """The connector of a configured source; ConfigurationError when it names an object that its domain has not.

    What lies in its folder and is in `elsewhere` is not the source's (see `places_beside`).
    What speaks to servers is imported for a source that has one: most companies begin with files.
    """
    connection = source.connector
    match connection:
        case connections.FilesConnector():
            return FilesConnector(connection.path, elsewhere)
        case connections.RestConnector():
            from dagster_project.sources.rest import RestConnector

            _refuse_strangers(source, connection.objects)
            return RestConnector(source.name, connection, pull)
        case connections.SqlConnector():
            from dagster_project.sources.sql import SqlConnector

            _refuse_strangers(source, connection.objects)
            return SqlConnector(source.name, connection, pull)
        case _:
            assert_never(connection)


def places_beside(settings: Settings, source: Source) -> frozenset[Path]:
    """What may lie in the folder of a source and is not its own: tieout.yml and what it names, folders of others."""
    mappings = (one.mapping for one in settings.sources if one.mapping is not None)
    places = {settings.config_path.resolve(), settings.home, settings.archive_path.resolve(), *mappings}
    for other in settings.sources:
        if other != source and isinstance(other.connector, connections.FilesConnector):
            places |= {other.connector.path / contract.name for contract in contracts_of(other.domain)}
    return frozenset(places)


def _refuse_strangers(source: Source, objects: Iterable[str]) -> None:
    known = [contract.name for contract in contracts_of(source.domain)]
    for name in objects:
        if name not in known:
            raise ConfigurationError(
                f"source {source.name!r}: connector.objects.{name}: the domain {source.domain} has no such object;"
                f" expected one of: {', '.join(known)}"
            )
