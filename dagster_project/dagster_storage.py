"""The history of runs in PostgreSQL: as Dagster is told of it, asked before anything runs, its faults in words."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from dagster_project.dagster_options import Storage
from dagster_project.errors import ConfigurationError, InputError, StoreError, TieoutError
from dagster_project.settings import Settings, environment
from dagster_project.sources.sqlfaults import first_line

_DRIVER = "postgresql+psycopg2"  # what dagster-postgres is written for; SQLAlchemy's own default is another
_PATIENCE = {"connect_timeout": "10"}


def section(storage: Storage) -> dict[str, Any]:
    """The key `storage` of dagster.yaml. Dagster reads the password from its variable itself, in every process."""
    url = _url(storage)
    database: dict[str, Any] = {
        "scheme": url.drivername,
        "username": url.username,
        "hostname": f"[{url.host}]" if ":" in (url.host or "") else url.host or "",
        "port": url.port or 5432,
        "db_name": url.database,
        "params": dict(url.query),
    }
    if storage.password_env:
        database["password"] = {"env": storage.password_env}
    return {"postgres": {"postgres_db": database}}


def require(settings: Settings) -> None:
    """Asks the database once; InputError where the extra or the password is missing, StoreError where it does not
    answer. Does nothing where none is configured."""
    storage = settings.dagster.storage
    if storage is None:
        return
    try:
        import dagster_postgres  # noqa: F401
    except ImportError as error:
        raise InputError(
            f"{settings.config_path}: dagster.storage needs PostgreSQL's driver, which is not installed ({error});"
            " pip install 'tieout[postgresql]'"
        ) from None
    password = _password(settings, storage)
    engine = sa.create_engine(_url(storage).set(password=password), poolclass=sa.NullPool)
    try:
        with in_words(settings):
            engine.connect().close()
    finally:
        engine.dispose()


@contextmanager
def in_words(settings: Settings) -> Iterator[None]:
    """Turns whatever comes of a database of runs that does not answer into a StoreError that names it."""
    storage = settings.dagster.storage
    try:
        yield
    except TieoutError:
        raise
    except Exception as error:
        fault = _of_database(error)
        if storage is None or fault is None:
            raise
        words = first_line(fault)
        password = environment(storage.password_env) if storage.password_env else None
        if password:
            words = words.replace(password, "***")
        raise StoreError(
            f"{storage.postgres_url} (dagster.storage of {settings.config_path}): {words}; the history of runs lies"
            " there, and nothing is run without it"
        ) from None


def _of_database(error: BaseException | None) -> DBAPIError | None:
    while error is not None and not isinstance(error, DBAPIError):
        error = error.__cause__ or error.__context__
    return error


def _url(storage: Storage) -> sa.URL:
    url = sa.make_url(storage.postgres_url)
    query = {name: value if isinstance(value, str) else ",".join(value) for name, value in url.query.items()}
    return url.set(drivername=_DRIVER, query=_PATIENCE | query)


def _password(settings: Settings, storage: Storage) -> str | None:
    if storage.password_env is None:
        return None
    password = environment(storage.password_env)
    if password is None:
        raise ConfigurationError(
            f"{settings.config_path}: dagster.storage.password_env: the environment variable {storage.password_env} is"
            " not set; expected the password of the database in it"
        )
    return password
