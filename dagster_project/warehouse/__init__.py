"""The DuckDB warehouse: a cache that `land` builds from the archive. The only package that opens it for writing."""

from typing import TYPE_CHECKING

from dagster_project.lazily import on_demand
from dagster_project.warehouse.connection import connect
from dagster_project.warehouse.contents import digests

if TYPE_CHECKING:
    from dagster_project.warehouse.landing import Landed, land

__all__ = ["Landed", "connect", "digests", "land"]
__getattr__ = on_demand(__name__, {"Landed": "landing", "land": "landing"})
