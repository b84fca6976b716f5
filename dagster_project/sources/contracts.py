"""The landing contracts, read from `expectations/contracts/*.yml` (Open Data Contract Standard, version 3)."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal

import yaml
from pydantic import ValidationError

from dagster_project.errors import ConfigurationError
from dagster_project.settings import PROJECT_ROOT
from dagster_project.sources import odcs, versions
from dagster_project.yaml_lines import line_of

CONTRACTS_PATH = PROJECT_ROOT / "expectations" / "contracts"

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

_LARGEST_BOUND = Decimal(10) ** 18

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
    description: str = ""

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


@dataclass(frozen=True)
class DomainContract:
    """The contracts of one domain as one versioned file; `content` are its bytes, and `sha256` their hash."""

    domain: str
    version: str
    objects: tuple[Contract, ...]
    document: odcs.DataContract
    content: bytes
    sha256: str

    def object(self, name: str) -> Contract:
        """The contract of one object; KeyError when there is none."""
        return {contract.name: contract for contract in self.objects}[name]


def read_contract(content: bytes, where: str) -> DomainContract:
    """One file of the standard; `where` names it in the ConfigurationError that a fault raises."""
    try:
        text = content.decode("utf-8")
        document = odcs.DataContract.model_validate(yaml.load(text, Loader=_LOADER))
    except UnicodeDecodeError as error:
        raise ConfigurationError(f"{where}: not text in UTF-8 ({error})") from None
    except yaml.YAMLError as error:
        raise ConfigurationError(f"{where}: not valid YAML: {error}") from None
    except ValidationError as error:
        faults = (
            f"{where}:{line_of(text, fault['loc'])}: {'.'.join(map(str, fault['loc']))}: {fault['msg']}"
            for fault in error.errors()
        )
        raise ConfigurationError("\n".join(faults)) from None
    try:
        versions.parse(document.version)
        objects = tuple(_contract(where, document, schema) for schema in document.schema_)
    except (ValueError, TypeError) as error:
        raise ConfigurationError(f"{where}: {error}") from None
    if len({contract.name for contract in objects}) != len(objects):
        raise ConfigurationError(f"{where}: expected each object once")
    return DomainContract(
        document.domain, document.version, objects, document, content, hashlib.sha256(content).hexdigest()
    )


@cache
def domain_contracts(folder: Path = CONTRACTS_PATH) -> Mapping[str, DomainContract]:
    """The contracts that Tieout ships, by domain; ConfigurationError when a file breaks the standard."""
    read = (read_contract(file.read_bytes(), str(file)) for file in sorted(folder.glob("*.yml")))
    found = {contract.domain: contract for contract in read}
    if not found:
        raise ConfigurationError(f"{folder}: no contract (*.yml) found; the installation is incomplete")
    return MappingProxyType(found)


@cache
def load_contracts(folder: Path = CONTRACTS_PATH) -> Mapping[tuple[str, str], Contract]:
    """Every shipped contract by (domain, object), in the files' order; these are what models read."""
    shipped = domain_contracts(folder).values()
    return MappingProxyType({(one.domain, one.name): one for domain in shipped for one in domain.objects})


def currency_parents(contract: Contract) -> list[tuple[str, Contract, str]]:
    """(column, parent, key of the parent) of its references to an object of its domain that has a currency: a line has
    none of its own."""
    contracts = load_contracts()
    found = []
    for column in contract.columns:
        for target in column.references:
            domain, name, key = target.split(".")
            parent = contracts[domain, name]
            if domain == contract.domain and any(item.name == "currency" for item in parent.columns):
                found.append((column.name, parent, key))
    return found


def contracts_of(domain: str) -> tuple[Contract, ...]:
    """The shipped contracts of one domain."""
    return domain_contracts()[domain].objects


def _contract(where: str, document: odcs.DataContract, schema: odcs.SchemaObject) -> Contract:
    columns = tuple(_column(where, schema.name, item) for item in schema.properties)
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
            raise ConfigurationError(f"{where}: {schema.name}.{column.name}: no column {column.currency_column!r}")
    if contract.mode not in ("append", "upsert", "full") or not contract.key or len(set(names)) != len(names):
        raise ConfigurationError(f"{where}: {schema.name}: expected a mode, a primary key and column names given once")
    return contract


def _column(where: str, owner: str, item: odcs.SchemaProperty) -> Column:
    custom = odcs.custom(item.customProperties)
    options = item.logicalTypeOptions
    kind = custom.get("kind", item.logicalType)
    if KIND_TYPES.get(str(kind)) != item.physicalType:
        stored = KIND_TYPES.get(str(kind), "nothing: expected one of " + ", ".join(KIND_TYPES))
        raise ConfigurationError(f"{where}: {owner}.{item.name}: kind {kind!r} is stored as {stored}")
    return Column(
        name=item.name,
        kind=kind,
        required=item.required,
        allowed=tuple(value for rule in item.quality for value in rule.validValues),
        currency_column=custom.get("currencyColumn"),
        references=tuple(custom.get("references", ())),
        minimum=_bound(f"{owner}.{item.name}: minimum", options.get("minimum")),
        minimum_is_exclusive=bool(options.get("exclusiveMinimum", False)),
        maximum=_bound(f"{owner}.{item.name}: maximum", options.get("maximum")),
        description=item.description,
    )


def _bound(what: str, value: Any) -> Decimal | None:
    if value is None:
        return None
    try:
        bound = Decimal(str(value))
        if abs(bound) < _LARGEST_BOUND and bound == round(bound, 10):
            return Decimal(format(bound, "f"))
    except InvalidOperation:
        pass
    raise ValueError(f"{what} = {value!r}; expected a decimal of at most 18 digits and 10 decimals")
