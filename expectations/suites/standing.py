"""What was found on the rows of an object, and still holds: nothing that it rests on has changed since.

A verdict on rows rests on the code, on the object's own rows and the copies among them, on the objects that its
references point into (of a line also its currency), and on how sources are linked. It rests on no clock, so another day
alone judges none of them again; what does depend on the clock (how old a delivery is) is judged in every run.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path

import duckdb
from pydantic import TypeAdapter

from dagster_project.settings import Settings
from dagster_project.sources.contracts import Contract, load_contracts
from dagster_project.version import code_version
from dagster_project.warehouse.contents import ROW, ROWS, digests
from expectations.suites.model import ResultRow
from expectations.suites.references import references_of

_TABLE = """
create schema if not exists state;
create table if not exists state.boundary_rows (object varchar, fingerprint varchar, results varchar)"""
_ACCOUNTS = {
    "targets": "boundary_targets",
    "quarantine": "(select domain, object, source_instance, key_text, state from landed.quarantine)",
    "copies": "landed.conflicts",
}
_RESULTS = TypeAdapter(list[ResultRow])


class Standing:
    """What earlier runs found on rows, against what has landed now; after `find_targets`."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, settings: Settings) -> None:
        self._connection = connection
        self._runs = settings.home / "runs"
        self._digests = digests(connection, settings.archive_path)
        for name, relation in _ACCOUNTS.items():
            grouped = f"select domain, object, {ROWS} from {relation} as {ROW} group by all"
            for domain, one, *found in connection.execute(grouped).fetchall():
                self._digests[f"{name} {domain}.{one}"] = "|".join(map(str, found))
        connection.execute(_TABLE)
        self._kept = {
            (name, fingerprint): results
            for name, fingerprint, results in connection.execute("from state.boundary_rows").fetchall()
        }

    def find(self, contract: Contract) -> list[ResultRow] | None:
        """The results on the object's rows; None where they are to be judged, or the details of a failure are gone."""
        kept = self._kept.get((f"{contract.domain}.{contract.name}", self._fingerprint(contract)))
        rows = _RESULTS.validate_json(kept) if kept else []
        if not rows or any(not self._details(row).is_file() for row in rows):
            return None
        return rows

    def keep(self, found: Mapping[tuple[str, str], list[ResultRow]]) -> None:
        """Remembers what was found on the rows of these objects, and nothing of any other."""
        contracts = load_contracts()
        kept = [
            (".".join(key), self._fingerprint(contracts[key]), _RESULTS.dump_json(rows).decode())
            for key, rows in found.items()
        ]
        self._connection.execute("delete from state.boundary_rows")
        if kept:
            self._connection.executemany("insert into state.boundary_rows values (?, ?, ?)", kept)

    def _fingerprint(self, contract: Contract) -> str:
        references = [references_of(column) for column in contract.columns]
        rests_on = {(domain, name) for one in references if one for domain, name, _ in one.targets}
        rests_on.add((contract.domain, contract.name))
        names = ["config.instance_links", "config.source_objects"]
        for domain, name in sorted(rests_on):
            names += [f"landed.generic__{domain}__{name}", *(f"{one} {domain}.{name}" for one in _ACCOUNTS)]
        parts = [code_version(), f"duckdb {duckdb.__version__}", *(f"{one}={self._digests.get(one)}" for one in names)]
        return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:32]

    def _details(self, row: ResultRow) -> Path:
        return self._runs / row.run_id / "expectations" / row.suite / "result.json"


def forget(connection: duckdb.DuckDBPyConnection) -> None:
    """The rows of all objects are judged when the suites run next."""
    connection.execute("drop table if exists state.boundary_rows")
