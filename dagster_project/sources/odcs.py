"""The part of the Open Data Contract Standard, version 3, that the landing contracts use; an unknown key is a fault."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class CustomProperty(_Strict):
    """A named extension of the standard."""

    property: str
    value: Any


class Description(_Strict):
    """Why the data is delivered."""

    purpose: str


class Quality(_Strict):
    """A rule of the standard's library on one property."""

    type: Literal["library"]
    rule: Literal["validValues"]
    validValues: tuple[str, ...]


class SchemaProperty(_Strict):
    """One column."""

    name: str
    logicalType: Literal["string", "date", "number", "integer", "boolean"]
    physicalType: str
    required: bool
    description: str = ""
    primaryKey: bool = False
    primaryKeyPosition: int = -1
    logicalTypeOptions: dict[str, Any] = {}
    customProperties: tuple[CustomProperty, ...] = ()
    quality: tuple[Quality, ...] = ()


class SchemaObject(_Strict):
    """One landing object."""

    name: str
    logicalType: Literal["object"]
    physicalType: str
    description: str
    customProperties: tuple[CustomProperty, ...]
    properties: tuple[SchemaProperty, ...]


class DataContract(_Strict):
    """One file: the contract of one domain."""

    apiVersion: str = Field(pattern=r"^v3\.")
    kind: Literal["DataContract"]
    id: str
    name: str
    version: str
    status: str
    domain: str
    dataProduct: str
    description: Description
    schema_: tuple[SchemaObject, ...] = Field(alias="schema")


def custom(properties: tuple[CustomProperty, ...]) -> dict[str, Any]:
    """The extensions by name."""
    return {item.property: item.value for item in properties}
