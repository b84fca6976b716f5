"""The only reader of `tieout.yml` and of the environment: typed, validated, with the line of every fault."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from dagster_project import connections, expected
from dagster_project.connections import AnyConnector
from dagster_project.connections import FilesConnector as FilesConnector
from dagster_project.dagster_options import Dagster, Storage
from dagster_project.errors import ConfigurationError
from dagster_project.observability import options as observability
from dagster_project.spark.options import Spark
from dagster_project.yaml_lines import line_of, not_utf8, not_yaml
from expectations.policy import authority as policy

PROJECT_ROOT = Path(__file__).resolve().parents[1]
CONFIG_VARIABLE = "TIEOUT_CONFIG"
DEFAULT_CONFIG_NAME = "tieout.yml"

_OTLP_VARIABLES = (
    "OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT",
)  # fmt: skip
_NEVER_SHOWN: dict[str, type[BaseModel]] = {
    "telemetry": observability.Telemetry, "openlineage": observability.OpenLineage, "alerts": observability.Alerts,
    "spark": Spark, "dagster": Dagster,
}  # fmt: skip
"""Sections in which a secret may have been written by mistake: a message about them does not repeat the value."""

Domain = Literal["product", "billing", "crm", "erp", "hub"]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Source(_Strict):
    """One instance of one system; `name` is its `source_instance` in every row."""

    name: str = Field(pattern=expected.SOURCE_NAME)
    domain: Domain
    vendor: Literal["generic"] = "generic"
    connector: AnyConnector
    links: tuple[str, ...] = ()
    freshness_limit_hours: int = Field(default=26, ge=1)
    mapping: Path | None = Field(default=None, description="file that turns its names and values into the contract's")


_SECRETS = {
    "key", "secret", "token", "password", "passphrase", "username", "credential", "connection_string", "account_key",
    "sas_token", "client_secret", "aws_access_key_id", "aws_secret_access_key", "aws_session_token",
}  # fmt: skip


class Archive(_Strict):
    """Where the record of what was received lies, who else vouches for it, and how long it is kept.

    `url` is a folder or any address that fsspec knows (s3://bucket/prefix, gs://...); default `<home>/archive`.
    `anchor` is a file in another place that the head is copied to. Nothing deletes from an archive: `retention_years`
    and `legal_hold` (all, or the sources named) are what `tieout archive retention` reports by.
    """

    url: str | None = Field(default=None, min_length=1)
    storage_options: dict[str, Any] = Field(default={}, description="fsspec's options of the address; no secrets")
    anchor: str | None = Field(default=None, min_length=1)
    retention_years: int = Field(default=7, ge=0, le=100)
    legal_hold: bool | tuple[str, ...] = False

    @field_validator("url", "anchor")
    @classmethod
    def _is_a_place(cls, value: str | None) -> str | None:
        if value is not None and value.startswith("memory:"):
            raise ValueError("expected a place that outlives the run: a path, s3://bucket/prefix, gs://bucket/prefix")
        return value

    @field_validator("anchor")
    @classmethod
    def _is_a_file(cls, value: str | None) -> str | None:
        if value is not None and (value.endswith("/") or (is_address(value) and value.count("/") < 3)):
            raise ValueError("expected the address of a file, for example s3://bucket/head.json")
        return value

    @field_validator("storage_options")
    @classmethod
    def _no_secrets(cls, value: dict[str, Any]) -> dict[str, Any]:
        found = sorted(_secrets_in(value))
        if found:
            raise ValueError(
                f"{found[0]} is a secret and does not belong in a file; expected in the environment that the storage's"
                " library reads (AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, GOOGLE_APPLICATION_CREDENTIALS) or a role"
            )
        return value

    @model_validator(mode="after")
    def _addresses_have_options_and_no_password(self) -> Archive:
        if any(place and is_address(place) and urlsplit(place).password for place in (self.url, self.anchor)):
            raise ValueError("a password does not belong in a file; expected an address without one")
        if self.storage_options and not self.is_remote:
            raise ValueError("a folder has no storage_options; expected with an address such as s3://bucket/prefix")
        return self

    @property
    def is_remote(self) -> bool:
        """Whether the archive is reached by fsspec and not by a path."""
        return is_address(self.url)


def is_address(place: str | None) -> bool:
    """Whether a place is an address that fsspec reaches, such as s3://bucket/prefix; a path is none."""
    return place is not None and "://" in place


def _secrets_in(options: dict[str, Any], prefix: str = "") -> Iterator[str]:
    for name, value in options.items():
        if name.lower() in _SECRETS:
            yield f"{prefix}{name}"
        if isinstance(value, dict):
            yield from _secrets_in(value, f"{prefix}{name}.")


class Thresholds(_Strict):
    """Tolerances and windows of the controls; docs/methodology.md has a table of them."""

    usage_grace_days: int = Field(default=3, ge=0, description="Wg: usage may arrive after its service period")
    bill_run_days: int = Field(default=2, ge=0, description="the bill run follows Wg")
    posting_hours: int = Field(default=4, ge=0, description="Wp: finalized invoice to AR document")
    posting_period_end_business_days: int = Field(default=1, ge=0, description="Wp at period end")
    cash_business_days: int = Field(default=2, ge=0, description="Wc: payment to receipt and application")
    master_data_hours: int = Field(default=24, ge=0, description="Wm: master data reaches its followers")
    payout_days: int = Field(default=5, ge=0, description="payout to cash")
    dispute_days: int = Field(default=1, ge=0, description="lost dispute to reinstated receivable")
    dunning_grace_days: int = Field(default=14, ge=0, description="delinquent subscription may keep its entitlement")
    rounding_minor_per_component: int = Field(default=1, ge=0, description="T1 per independently rounded component")
    rounding_minor_per_document: int = Field(default=5, ge=0, description="T1 cap per document")
    materiality_percent_of_revenue: str = Field(default="0.5", pattern=expected.PERCENT)
    performance_materiality_percent: str = Field(default="75", pattern=expected.PERCENT)
    clearly_trivial_percent: str = Field(default="5", pattern=expected.PERCENT)
    tolerance_budget_percent: str = Field(
        default="100",
        pattern=expected.PERCENT,
        description="cap on the sum of a control's tolerated differences, of the clearly-trivial threshold",
    )


class Settings(_Strict):
    """What a run needs to know; `home` and connector paths are absolute."""

    company: str = Field(min_length=1)
    home: Path = Path(".tieout")
    as_of: datetime | None = None
    known_at: datetime | None = Field(default=None, description="lands only what had been received by then")
    reporting_currency: str
    authority_model: Literal["crm_led", "billing_led", "erp_led", "event_hub"] = "billing_led"
    authority: policy.Overlay = policy.Overlay()
    target: Literal["duckdb", "spark"] = "duckdb"
    spark: Spark = Spark()
    archive: Archive = Archive()
    thresholds: Thresholds = Thresholds()
    dimensions: dict[str, dict[str, str]] = Field(
        default={}, description="R23: per dimension of the ERP's lines the value that each revenue account asks for"
    )
    telemetry: observability.Telemetry = observability.Telemetry()
    openlineage: observability.OpenLineage = observability.OpenLineage()
    alerts: observability.Alerts = observability.Alerts()
    dagster: Dagster = Dagster()
    sources: tuple[Source, ...] = Field(min_length=1)
    config_path: Path = Path(DEFAULT_CONFIG_NAME)

    @field_validator("archive", mode="before")
    @classmethod
    def _place_alone(cls, value: Any) -> Any:
        return {"url": value} if isinstance(value, str) else value

    @field_validator("reporting_currency")
    @classmethod
    def _is_a_currency(cls, value: str) -> str:
        return known_currency(value)

    @field_validator("as_of", "known_at")
    @classmethod
    def _with_offset(cls, value: datetime | None) -> datetime | None:
        if value is not None and value.tzinfo is None:
            raise ValueError("expected a time with an offset, for example 2026-10-12T00:00:00Z")
        return value.astimezone(UTC) if value else None

    @model_validator(mode="after")
    def _names_are_unique_and_links_exist(self) -> Settings:
        names = [source.name for source in self.sources]
        for position, source in enumerate(self.sources):
            if source.name in names[:position]:
                raise ValueError(
                    f"sources.{position}.name: two sources are named {source.name!r}; expected unique names"
                )
            for link in source.links:
                if link not in names:
                    raise ValueError(f"sources.{position}.links: no source is named {link!r}; expected one of {names}")
        return self

    @model_validator(mode="after")
    def _authority_has_one_owner_and_no_circle(self) -> Settings:
        fault = policy.fault_of(self.authority_model, self.authority)
        if fault:
            raise ValueError(f"authority.{fault.key}: {fault.words}")
        return self

    @property
    def clock(self) -> datetime:
        """The moment at which a run measures windows and ages: `as_of`, else `known_at`, else now (UTC)."""
        return self.as_of or self.known_at or datetime.now(UTC)

    def source(self, name: str) -> Source:
        """The source of that name; KeyError when there is none."""
        return {source.name: source for source in self.sources}[name]

    def place_of(self, *location: str | int) -> str:
        """File and line of a key of tieout.yml; the file alone where it cannot be read any more."""
        with suppress(OSError, UnicodeDecodeError, yaml.YAMLError):
            return f"{self.config_path}:{line_of(self.config_path.read_text(encoding='utf-8'), location)}"
        return str(self.config_path)

    def mapping_place(self, name: str) -> str:
        """File and line of tieout.yml where the mapping of the source of that name is given."""
        position = next((place for place, source in enumerate(self.sources) if source.name == name), 0)
        return self.place_of("sources", position, "mapping")

    @property
    def archive_path(self) -> Path:
        """The archive's folder; of a remote one the copy of what runs have read and written: a cache."""
        url = self.archive.url
        if url is None:
            return self.home / "archive"
        if self.archive.is_remote:
            return self.home / "cache" / hashlib.sha256(url.encode()).hexdigest()[:16]
        return Path(url)

    @property
    def warehouse_path(self) -> Path:
        return self.home / "warehouse" / "tieout.duckdb"

    @property
    def checkpoints_path(self) -> Path:
        return self.home / "checkpoints"

    @property
    def published_path(self) -> Path:
        return self.home / "published"

    @property
    def evidence_path(self) -> Path:
        return self.home / "evidence"

    @property
    def state_path(self) -> Path:
        return self.home / "state.sqlite"

    @property
    def has_telemetry(self) -> bool:
        """Whether a collector is named, in the file or by OpenTelemetry's own variables."""
        if (environment("OTEL_SDK_DISABLED") or "").lower() == "true":
            return False
        return self.telemetry.otlp_endpoint is not None or any(environment(name) for name in _OTLP_VARIABLES)


def known_currency(code: str) -> str:
    """The code, where ISO 4217 has it; raises ValueError with what was expected."""
    from dagster_project.archive.parsing.currencies import exponents  # which reads the list beside these settings

    if code not in exponents():
        raise ValueError("no currency of ISO 4217; expected its code in three capitals, for example USD")
    return code


def environment(name: str) -> str | None:
    """The value of an environment variable, None where it is not set or empty; secrets are read by this alone."""
    return os.environ.get(name) or None


def locate(path: Path | None = None) -> Path:
    """The configuration file: the argument, else $TIEOUT_CONFIG, else ./tieout.yml."""
    return Path(path or os.environ.get(CONFIG_VARIABLE) or DEFAULT_CONFIG_NAME).absolute()


def load(path: Path | None = None) -> Settings:
    """Settings of a `tieout.yml`; raises ConfigurationError with file, line, key, value and what was expected."""
    file = locate(path)
    document, lines = _read(file)
    try:
        settings = Settings(**{**document, "config_path": file})
    except ValidationError as error:
        raise ConfigurationError(_in_words(file, lines, error)) from None
    base = file.parent
    sources = tuple(_resolved(source, base) for source in settings.sources)
    archive = settings.archive.model_copy(
        update={"url": _absolute(base, settings.archive.url), "anchor": _absolute(base, settings.archive.anchor)}
    )
    home = (base / settings.home).resolve()
    _refuse_file(f"{file}:{lines.get('home', 1)}: home = '{settings.home}'", home)
    if archive.url is not None and not archive.is_remote:
        line = lines.get("archive.url", lines.get("archive", 1))
        _refuse_file(f"{file}:{line}: archive.url = '{settings.archive.url}'", Path(archive.url))
    return settings.model_copy(
        update={
            "home": home,
            "sources": sources,
            "archive": archive,
            # not resolved: the interpreter of an environment is a link, and what it links to is not the environment
            "spark": settings.spark.model_copy(update={"python": base / settings.spark.python}),
        }
    )


def _refuse_file(where: str, folder: Path) -> None:
    taken = None
    with suppress(OSError):  # what this user may not look into is told when it is used
        taken = next((place for place in (folder, *folder.parents) if place.exists() and not place.is_dir()), None)
    if taken is not None:
        raise ConfigurationError(f"{where}: {taken} is a file; expected a folder, which is made where there is none")


def _resolved(source: Source, base: Path) -> Source:
    mapping = None if source.mapping is None else (base / source.mapping).resolve()
    return source.model_copy(update={"connector": source.connector.anchored(base), "mapping": mapping})


def _absolute(base: Path, place: str | None) -> str | None:
    return place if place is None or is_address(place) else str((base / place).resolve())


def _read(file: Path) -> tuple[dict[str, Any], dict[str, int]]:
    try:
        text = file.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise ConfigurationError(f"{file}: no such file; `tieout init` writes one, or name it with --config") from None
    except IsADirectoryError:
        wanted = f"expected the file, for example {file / DEFAULT_CONFIG_NAME}"
        raise ConfigurationError(f"{file}: is a folder; {wanted}") from None
    except UnicodeDecodeError as error:
        raise ConfigurationError(not_utf8(str(file), error)) from None
    except OSError as error:
        raise ConfigurationError(f"{file}: cannot be read ({error.strerror or error})") from None
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
        document = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ConfigurationError(not_yaml(str(file), error)) from None
    if not isinstance(document, dict):
        found = "the file is empty" if document is None else f"found {document!r}"
        raise ConfigurationError(f"{file}:1: {found}; expected keys such as `company:` and `sources:`")
    lines: dict[str, int] = {}
    _index_lines(file, node, "", lines)
    return document, lines


def _index_lines(file: Path, node: yaml.Node | None, prefix: str, lines: dict[str, int]) -> None:
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            path = f"{prefix}{key.value}"
            line = key.start_mark.line + 1
            if path in lines:
                raise ConfigurationError(f"{file}:{line}: {path} is given twice (first on line {lines[path]})")
            lines[path] = line
            _index_lines(file, value, f"{path}.", lines)
    elif isinstance(node, yaml.SequenceNode):
        for index, value in enumerate(node.value):
            lines[f"{prefix}{index}"] = value.start_mark.line + 1
            _index_lines(file, value, f"{prefix}{index}.", lines)


def _in_words(file: Path, lines: dict[str, int], error: ValidationError) -> str:
    faults = error.errors()
    told = [
        _one_fault(lines, fault)
        for fault in faults
        if fault["type"] != "too_short" or not any(_lies_within(other, fault) for other in faults)
    ]
    return "\n".join(f"{file}:{line}: {message}" for line, message in sorted(told, key=lambda one: one[0]))


def _lies_within(fault: Any, other: Any) -> bool:
    """An element that is refused is not counted: the list may look empty for that alone."""
    return len(fault["loc"]) > len(other["loc"]) and fault["loc"][: len(other["loc"])] == other["loc"]


def _one_fault(lines: dict[str, int], fault: Any) -> tuple[int, str]:
    location = connections.plain(fault["loc"])
    if fault["type"] in ("union_tag_invalid", "union_tag_not_found"):
        location.append(fault["ctx"]["discriminator"].strip("'"))
    message = expected.words(fault)
    if not location and ":" in message and message.split(":")[0] in lines:
        key, message = message.split(": ", 1)
        location = key.split(".")
    line = next(
        (lines[".".join(location[:n])] for n in range(len(location), 0, -1) if ".".join(location[:n]) in lines), 1
    )
    key = ".".join(location) or "file"
    is_shown = not isinstance(fault["input"], (dict, list, BaseModel)) and (location or [""])[0] not in _NEVER_SHOWN
    value = expected.as_written(fault["input"])
    if fault["type"] == "extra_forbidden":
        known = _known_keys(fault["loc"])
        alike = get_close_matches(str(location[-1]), known, n=1)
        found = (f" (value {value})" if is_shown and value else "") + (f"; perhaps {alike[0]!r}" if alike else "")
        return line, f"unknown key {key!r}{found}; expected one of: {', '.join(known)}"
    if fault["type"] == "missing":
        return line, f"{key} is missing"
    if fault["input"] is None:
        return line, f"{key} is empty: {message}"
    return line, f"{key}{f' = {value}' if is_shown else ''}: {message}"


def _known_keys(location: tuple[Any, ...]) -> list[str]:
    model: type[BaseModel] = Settings
    if location[0] == "sources":
        model = connections.model_at(location) if "connector" in location else Source
    elif location[0] == "thresholds":
        model = Thresholds
    elif location[:2] == ("alerts", "channels") and len(location) > 2:
        model = observability.Channel
    elif location[:2] == ("dagster", "storage") and len(location) > 2:
        model = Storage
    elif location[0] in _NEVER_SHOWN:
        model = _NEVER_SHOWN[location[0]]
    elif location[0] == "archive":
        model = Archive
    elif location[:2] == ("authority", "changes") and len(location) > 2:
        model = policy.Change
    elif location[:2] == ("authority", "overrides") and len(location) > 2:
        model = policy.Override
    elif location[0] == "authority":
        model = policy.Overlay
    return [name for name in model.model_fields if name != "config_path"]
