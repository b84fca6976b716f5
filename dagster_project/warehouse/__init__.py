"""The DuckDB warehouse: a cache that `land` builds from the archive. The only package that opens it for writing."""

from dagster_project.warehouse.connection import connect
from dagster_project.warehouse.contents import digests
from dagster_project.warehouse.land import Landed, land

__all__ = ["Landed", "connect", "digests", "land"]
