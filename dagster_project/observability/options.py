"""The keys `telemetry`, `openlineage` and `alerts` of `tieout.yml`. Nothing is sent anywhere while they are left out.

Secrets never stand in the file: channels and keys are named by the environment variable that holds them.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, field_validator, model_validator

from expectations.policy.data_quality import OwnerRole, Severity

AlertKind = Literal["gate", "unexplained", "sla", "stale", "run"]


def _web_address(text: str) -> str:
    parts = urlsplit(text)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("expected an address such as http://localhost:4318")
    if parts.username or parts.password:
        raise ValueError("expected an address without user and password: secrets belong in the environment")
    return text.rstrip("/")


def _variable_name(text: str) -> str:
    if not text.isidentifier() or not text.isascii():
        raise ValueError(
            "expected the name of an environment variable, for example TIEOUT_ALERTS_AR; its value is the secret"
        )
    return text


WebAddress = Annotated[str, AfterValidator(_web_address)]
VariableName = Annotated[str, AfterValidator(_variable_name)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Telemetry(_Strict):
    """Traces and metrics by OpenTelemetry; also switched on by OTEL_EXPORTER_OTLP_ENDPOINT, as its standard says."""

    otlp_endpoint: WebAddress | None = Field(default=None, description="base address of a collector, OTLP over HTTP")
    timeout_seconds: int = Field(
        default=3, ge=1, le=30, description="a collector that is silent for longer is given up"
    )


class OpenLineage(_Strict):
    """Lineage events: to a file below `home`, or to a server; off without `transport`."""

    transport: Literal["file", "http"] | None = None
    path: Path = Path("openlineage.jsonl")
    url: WebAddress | None = None
    api_key_variable: VariableName | None = None
    namespace: str = Field(default="tieout", min_length=1)
    models: bool = Field(default=False, description="an event per dbt model too, not only one of the whole run")
    timeout_seconds: int = Field(default=3, ge=1, le=30)

    @model_validator(mode="after")
    def _a_server_has_an_address(self) -> OpenLineage:
        if self.transport == "http" and self.url is None:
            raise ValueError("transport http needs `url`, the address of the server")
        return self


class Channel(_Strict):
    """One receiver, and what it hears where that is not what `alerts` says for all."""

    variable: VariableName = Field(description="environment variable that holds an Apprise address")
    owners: tuple[OwnerRole, ...] | None = Field(default=None, min_length=1)
    about: tuple[AlertKind, ...] | None = None
    min_severity: Severity | None = None


def _channel(entry: Any) -> Any:
    if isinstance(entry, str):
        return {"variable": entry}
    if not isinstance(entry, (dict, Channel)):
        raise ValueError("expected the name of an environment variable, or {variable: TIEOUT_ALERTS_GL, owners: [GL]}")
    return entry


class Alerts(_Strict):
    """Who is told what; nobody without `channels`."""

    channels: tuple[Annotated[Channel, BeforeValidator(_channel)], ...] = ()
    owners: tuple[OwnerRole, ...] = Field(default=(), description="whose findings are told; empty: everybody's")
    about: tuple[AlertKind, ...] = ("gate", "unexplained", "sla", "stale", "run")
    min_severity: Severity = "S2"
    reminder_hours: int = Field(default=24, ge=0, description="an open finding is told again after it; 0: never")
    amount_change_percent: int = Field(
        default=10, ge=0, description="a change of amount from which on it is told again"
    )
    digest_above: int = Field(default=5, ge=1, description="more news than this: one message per owner")
    dashboard_url: WebAddress | None = Field(default=None, description="where the dashboard is served, for links")

    @field_validator("channels")
    @classmethod
    def _each_once(cls, value: tuple[Channel, ...]) -> tuple[Channel, ...]:
        """What a channel was told is remembered by its variable: two entries would call each other's findings ended."""
        variables = [channel.variable for channel in value]
        for number, variable in enumerate(variables):
            if variable in variables[:number]:
                first = variables.index(variable)
                raise ValueError(f"entries {first} and {number} name one variable; expected one entry with all owners")
        return value

    def by_channel(self) -> dict[str, Alerts]:
        """The settings that count for each channel, by its variable."""
        return {
            channel.variable: self.model_copy(update=channel.model_dump(exclude={"variable"}, exclude_none=True))
            for channel in self.channels
        }
