"""Mappings: how the names and values of one source become those of its contract, from the file that `mapping:` names.

A mapping is applied before the contract is checked. What it does not name stays as it was received, and the bytes of
the file are never changed: a mended mapping lets `tieout replay` read them again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

import yaml
from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from dagster_project.errors import ConfigurationError
from dagster_project.settings import Source
from dagster_project.sources.contracts import Column, Contract, contracts_of
from dagster_project.yaml_lines import given_twice, line_of, not_utf8, not_yaml


class ObjectMapping(BaseModel):
    """Of one object: columns renamed, values replaced, nulls and absent columns filled, local times given their zone.

    `columns` is {their name: ours}; `values` {our column: {their value: ours}}, where an empty one of ours is null;
    `defaults` {our column: value}, after the values; `timezone` is the zone of times that carry no offset.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    columns: dict[str, str] = {}
    values: dict[str, dict[str, str]] = {}
    defaults: dict[str, str] = {}
    timezone: str | None = None

    def name(self, theirs: str) -> str:
        """The contract's name of a column of the file; its own where it is not renamed."""
        return self.columns.get(theirs, theirs)


AS_RECEIVED = ObjectMapping()
"""The mapping of an object that none names."""

_DOCUMENT = TypeAdapter(dict[str, ObjectMapping])


@dataclass(frozen=True)
class SourceMapping:
    """A mapping file as read: per object, with the bytes and their SHA-256 for the archive."""

    objects: Mapping[str, ObjectMapping]
    content: bytes
    sha256: str

    def of(self, name: str) -> ObjectMapping:
        """The mapping of one object, that of no change where the file does not name it."""
        return self.objects.get(name, AS_RECEIVED)


def load(source: Source, place: str) -> SourceMapping | None:
    """The mapping in force for a source, None where it has none; ConfigurationError with the line of every fault.

    `place` is where its file is named.
    """
    if source.mapping is None:
        return None
    try:
        content = source.mapping.read_bytes()
    except OSError as error:
        fault = f"its mapping {source.mapping} cannot be read ({error.strerror or error})"
        raise ConfigurationError(
            f"{place}: source {source.name!r}: {fault}; docs/landing.md tells what it holds"
        ) from None
    return read(content, str(source.mapping), source.domain)


def read(content: bytes, where: str, domain: str) -> SourceMapping:
    """A mapping from its bytes; `where` names the file in the ConfigurationError that its faults raise."""
    try:
        text = content.decode("utf-8-sig")
        # Every scalar as it is written: `yes`, 007 and 1.10 are values of theirs, not YAML's.
        document = yaml.load(text, Loader=yaml.BaseLoader) or {}
    except UnicodeDecodeError as error:
        raise ConfigurationError(not_utf8(where, error)) from None
    except yaml.YAMLError as error:
        raise ConfigurationError(not_yaml(where, error)) from None
    twice = [f"{where}:{line}: {key} is given twice" for key, line in given_twice(text)]
    if twice:
        raise ConfigurationError("\n".join(twice))
    try:
        objects = _DOCUMENT.validate_python(document)
    except ValidationError as error:
        raise ConfigurationError("\n".join(_typed(where, text, fault) for fault in error.errors())) from None
    faults = [
        f"{where}:{line_of(text, location)}: {'.'.join(location)}: {words}"
        for location, words in _faults(objects, domain)
    ]
    if faults:
        raise ConfigurationError("\n".join(faults))
    return SourceMapping(objects, content, hashlib.sha256(content).hexdigest())


def _typed(where: str, text: str, fault: Any) -> str:
    location = [part for part in fault["loc"] if part != "[key]"]
    place = f"{where}:{line_of(text, location)}: {'.'.join(map(str, location)) or 'file'}"
    if fault["type"] == "extra_forbidden":
        return f"{place}: unknown key; expected one of: {', '.join(ObjectMapping.model_fields)}"
    return f"{place} = {fault['input']!r}: {fault['msg']}"


def _faults(objects: Mapping[str, ObjectMapping], domain: str) -> Iterator[tuple[list[str], str]]:
    contracts = {contract.name: contract for contract in contracts_of(domain)}
    for name, mapping in objects.items():
        if name not in contracts:
            yield [name], f"no object of domain {domain}; expected one of {', '.join(contracts)}"
        else:
            yield from _object_faults(name, mapping, contracts[name])


def _object_faults(name: str, mapping: ObjectMapping, contract: Contract) -> Iterator[tuple[list[str], str]]:
    columns = {column.name: column for column in contract.columns}
    expected = f"no column of {name}; expected one of {', '.join(columns)}"
    for theirs, ours in mapping.columns.items():
        if ours not in columns:
            yield [name, "columns", theirs], f"{ours!r} is {expected}"
    for ours, replaced in mapping.values.items():
        if ours not in columns:
            yield [name, "values", ours], f"{ours!r} is {expected}"
        else:
            for theirs, value in replaced.items():
                yield from _value_faults([name, "values", ours, theirs], columns[ours], value)
    for ours, value in mapping.defaults.items():
        if ours not in columns:
            yield [name, "defaults", ours], f"{ours!r} is {expected}"
        elif ours in contract.key:
            yield [name, "defaults", ours], "a key has no default: every row without one would be the same record"
        else:
            yield from _value_faults([name, "defaults", ours], columns[ours], value)
    if mapping.timezone is not None and not _is_zone(mapping.timezone):
        yield [name, "timezone"], f"{mapping.timezone!r} is no time zone; expected one such as Europe/Berlin"


def _value_faults(location: list[str], column: Column, value: str) -> Iterator[tuple[list[str], str]]:
    """What the contract lists can be checked here; every other rule meets the value in the rows."""
    if value and column.allowed and value not in column.allowed:
        yield location, f"{value!r} is not allowed in {column.name}; expected one of {', '.join(column.allowed)}"


def _is_zone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return False
    return True
