"""The landing contracts, read from `expectations/contracts/*.yml` (Open Data Contract Standard, version 3)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal

import yaml
from pydantic import ValidationError

from dagster_project.errors import ConfigurationError
from dagster_project.settings import PROJECT_ROOT
from dagster_project.sources import odcs

CONTRACTS_PATH = PROJECT_ROOT / "expectations" / "contracts"

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

Mode = Literal["append", "upsert", "full"]

KIND_TYPES: Mapping[str, str] = MappingProxyType(
    {
        "string": "VARCHAR",
        "json": "VARCHAR",
        "boolean": "BOOLEAN",
        "integer": "BIGINT",
        "date": "DATE",
        "timestamp": "TIMESTAMP",
        "period": "VARCHAR",
        "currency": "VARCHAR",
        "money": "DECIMAL(18,4)",
        "quantity": "DECIMAL(21,9)",
        "unit_price": "DECIMAL(15,9)",
        "flat_price": "DECIMAL(22,9)",
        "rate": "DECIMAL(20,10)",
        "percent": "DECIMAL(7,4)",
    }
)


@dataclass(frozen=True)
class Column:
    """One column of an object.

    `references` are `domain.object.column` that hold the value, in any of them; `currency_column` names the column of
    the same row whose currency limits the decimals of a money column. Bounds are inclusive unless said otherwise.
    """

    name: str
    kind: str
    required: bool
    allowed: tuple[str, ...] = ()
    currency_column: str | None = None
    references: tuple[str, ...] = ()
    minimum: Decimal | None = None
    minimum_is_exclusive: bool = False
    maximum: Decimal | None = None

    @property
    def sql_type(self) -> str:
        """Its type in Parquet and DuckDB."""
        return KIND_TYPES[self.kind]


@dataclass(frozen=True)
class Contract:
    """What one landing object must be; `not_content` are columns in which equal copies may differ."""

    domain: str
    name: str
    mode: Mode
    optional: bool
    key: tuple[str, ...]
    columns: tuple[Column, ...]
    description: str
    version: str
    not_content: tuple[str, ...] = ()

    def column(self, name: str) -> Column:
        """The column of that name; KeyError when there is none."""
        return {column.name: column for column in self.columns}[name]

    @property
    def content_columns(self) -> tuple[Column, ...]:
        """The columns that the content hash covers, in the contract's order."""
        return tuple(column for column in self.columns if column.name not in self.not_content)


@cache
def load_contracts(folder: Path = CONTRACTS_PATH) -> Mapping[tuple[str, str], Contract]:
    """Every contract by (domain, object), in the files' order; ConfigurationError when a file breaks the standard."""
    contracts: dict[tuple[str, str], Contract] = {}
    for file in sorted(folder.glob("*.yml")):
        for contract in _read(file):
            contracts[contract.domain, contract.name] = contract
    if not contracts:
        raise ConfigurationError(f"{folder}: no contract (*.yml) found; the installation is incomplete")
    return MappingProxyType(contracts)


def contracts_of(domain: str) -> tuple[Contract, ...]:
    """The contracts of one domain."""
    return tuple(contract for contract in load_contracts().values() if contract.domain == domain)


def _read(file: Path) -> list[Contract]:
    try:
        document = odcs.DataContract.model_validate(yaml.load(file.read_text(encoding="utf-8"), Loader=_LOADER))
    except yaml.YAMLError as error:
        raise ConfigurationError(f"{file}: not valid YAML: {error}") from None
    except ValidationError as error:
        faults = (f"{file}: {'.'.join(map(str, fault['loc']))}: {fault['msg']}" for fault in error.errors())
        raise ConfigurationError("\n".join(faults)) from None
    return [_contract(file, document, schema) for schema in document.schema_]


def _contract(file: Path, document: odcs.DataContract, schema: odcs.SchemaObject) -> Contract:
    columns = tuple(_column(file, schema.name, item) for item in schema.properties)
    names = [column.name for column in columns]
    keyed = sorted((item.primaryKeyPosition, item.name) for item in schema.properties if item.primaryKey)
    custom = odcs.custom(schema.customProperties)
    contract = Contract(
        domain=document.domain,
        name=schema.name,
        mode=custom.get("mode", "upsert"),
        optional=bool(custom.get("optional", False)),
        key=tuple(name for _, name in keyed),
        columns=columns,
        description=schema.description,
        version=document.version,
        not_content=tuple(custom.get("notContent", ())),
    )
    for column in columns:
        if column.currency_column is not None and column.currency_column not in names:
            raise ConfigurationError(f"{file}: {schema.name}.{column.name}: no column {column.currency_column!r}")
    if contract.mode not in ("append", "upsert", "full") or not contract.key or len(set(names)) != len(names):
        raise ConfigurationError(f"{file}: {schema.name}: expected a mode, a primary key and column names given once")
    return contract


def _column(file: Path, owner: str, item: odcs.SchemaProperty) -> Column:
    custom = odcs.custom(item.customProperties)
    options = item.logicalTypeOptions
    kind = custom.get("kind", item.logicalType)
    if KIND_TYPES.get(kind) != item.physicalType:
        raise ConfigurationError(f"{file}: {owner}.{item.name}: kind {kind!r} is stored as {KIND_TYPES.get(kind)}")
    return Column(
        name=item.name,
        kind=kind,
        required=item.required,
        allowed=tuple(value for rule in item.quality for value in rule.validValues),
        currency_column=custom.get("currencyColumn"),
        references=tuple(custom.get("references", ())),
        minimum=_decimal(options.get("minimum")),
        minimum_is_exclusive=bool(options.get("exclusiveMinimum", False)),
        maximum=_decimal(options.get("maximum")),
    )


def _decimal(value: Any) -> Decimal | None:
    return None if value is None else Decimal(str(value))
