"""What the archive writes down about each delivery: one manifest per batch, one per newer sidecar of a batch, and one
per replay of what was rejected."""

from __future__ import annotations

import builtins
import hashlib
import json
from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from dagster_project.sources.connector import Format

Outcome = Literal["unchanged", "moves", "refuses"]


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class SidecarRecord(_Record):
    """What the source itself reported; `fault` says why it could not be read, all else is then empty."""

    sha256: str
    extracted_at: datetime | None = None
    row_count: int | None = None
    control_totals: dict[str, str] = {}
    schema_version: str | None = None
    fault: str | None = None


class Drift(_Record):
    """A difference between a file's columns and the contract; breaking when rows or the batch were lost by it."""

    column_name: str
    drift: Literal["new_column", "missing_column", "retyped", "malformed_sidecar"]
    is_breaking: bool
    detail: str


class Refusal(_Record):
    """Why a batch was refused whole: the dead letter's fields."""

    reason: str
    expected: str
    failure_class: Literal["transport", "business_rule", "accounting_control"]
    line_number: int | None = None
    column_name: str | None = None
    value: str | None = None


class ContractTrial(_Record):
    """What `tieout contract test` found for these very bytes: `batches` of the archive that they would have taken."""

    tested_at: datetime
    batches: int
    outcome: Outcome
    words: tuple[str, ...] = ()


class ContractStep(_Record):
    """A contract's version was released, or an earlier one made current again: who, why, and what it changes."""

    action: Literal["release", "rollback"]
    by: str
    reason: str
    previous_version: str | None = None
    changes: tuple[str, ...] = ()
    trial: ContractTrial | None = None
    without_test: str | None = None


class Replay(_Record):
    """One try to read rejected rows again: its number, from 1 per batch, and what came of which rows of the file.

    `rescued` and `refused` are row numbers as ranges, `2-5,9`.
    """

    attempt: int
    rescued: str = ""
    refused: str = ""
    rescued_rows: int = 0
    refused_rows: int = 0


class Manifest(_Record):
    """One link of the chain. Totals are decimals as text, in major units; rows are of this file alone.

    `kind` is `batch`; `sidecar` for another sidecar of a batch that is already in the archive; `remade` for Parquet
    that was lost and, parsed again, is not the same bytes; `replay` for a replay of its rejected rows or of the file
    that was refused: its state, figures and drift are then those of the batch from `received_at` on, its contract and
    mapping those of the rows that it rescued; or `contract` for a version of a domain's contract: `sha256` and `bytes`
    are then those of the contract, which lies among the raw files. Of a kind that this version does not know, the chain
    and the files are checked all the same. `files` are those made for this link, by their name below the archive, with
    their SHA-256: the newest link that names a file says what it holds. `received_totals` are over every row whose
    value parses, `parsed_totals` over the rows that keep the contract.
    """

    kind: str
    sequence: int
    previous_sha256: str | None
    source_instance: str
    domain: str
    vendor: str
    object: str
    batch_id: str
    file_name: str
    received_at: datetime
    contract_version: str
    contract_sha256: str | None = None
    contract_step: ContractStep | None = None
    mapping_sha256: str | None = None
    format: Format | None = None
    is_gzip: bool = False
    sha256: str | None = None
    bytes: int = 0
    state: Literal["loaded", "refused"] = "loaded"
    sidecar: SidecarRecord | None = None
    received_rows: int = 0
    parsed_rows: int = 0
    quarantined_rows: int = 0
    columns: tuple[str, ...] = ()
    key_columns: tuple[str, ...] = ()
    received_totals: dict[str, str] = {}
    parsed_totals: dict[str, str] = {}
    nulls: dict[str, int] = {}
    smallest_key: str | None = None
    largest_key: str | None = None
    drift: tuple[Drift, ...] = ()
    refusal: Refusal | None = None
    files: dict[str, str] = {}
    replay: Replay | None = None
    stored_sha256: str | None = Field(default=None, exclude=True)

    @property
    def name(self) -> str:
        """Its file name below `manifests/<source>/<object>/`."""
        return f"{self.stem}.json"

    @property
    def stem(self) -> str:
        """The name, without ending, of everything that the archive keeps of this link."""
        if self.kind == "sidecar" and self.sidecar:
            return f"{self.batch_id}-{self.sidecar.sha256[:16]}"
        if self.replay:
            return f"{self.batch_id}-replay-{self.replay.attempt}"
        return self.batch_id if self.kind == "batch" else f"{self.batch_id}-{self.kind}-{self.sequence}"

    @property
    def path(self) -> str:
        """Its file, by name below the archive."""
        return f"manifests/{self.source_instance}/{self.object}/{self.name}"

    def to_bytes(self) -> builtins.bytes:
        """The bytes that are stored and hashed: sorted keys, so that equal manifests have equal hashes."""
        return (json.dumps(self.model_dump(mode="json"), sort_keys=True, indent=1, ensure_ascii=False) + "\n").encode()

    @property
    def chain_sha256(self) -> str:
        """The hash that the next link carries: of the bytes as stored, where it was read from disk."""
        return self.stored_sha256 or hashlib.sha256(self.to_bytes()).hexdigest()
