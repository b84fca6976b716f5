"""What `connector:` of a source may say: how its deliveries are fetched. Secrets are named, never written."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from dagster_project import expected

EnvironmentName = Annotated[str, Field(pattern=expected.ENVIRONMENT_NAME)]
_LOOPBACK = ("localhost", "127.0.0.1", "::1")
_SQLITE = "sqlite:///"


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class FilesConnector(_Strict):
    """Landing files below `path` (relative to `tieout.yml`): `<path>/<object>/<any name>.{csv,jsonl,parquet}[.gz]`."""

    type: Literal["files"]
    path: Path

    def anchored(self, base: Path) -> FilesConnector:
        """With its path made absolute from `base`."""
        return self.model_copy(update={"path": (base / self.path).resolve()})


class Retry(_Strict):
    """How long a request that failed in passing is tried again: exponential waits with full jitter, and `Retry-After`.

    `deadline_seconds` bounds one request with all its waits.
    """

    attempts: int = Field(default=6, ge=1, le=50)
    first_wait_seconds: float = Field(default=1, gt=0)
    longest_wait_seconds: float = Field(default=60, gt=0)
    deadline_seconds: float = Field(default=600, gt=0)


class SinglePage(_Strict):
    """The whole object in one answer."""

    style: Literal["none"] = "none"


class CursorPaging(_Strict):
    """The token of the next page stands at `next` in the body, or is the field `last_record` of the last record.

    `more` is a place in the body that is false on the last page.
    """

    style: Literal["cursor"]
    parameter: str = Field(min_length=1)
    next: str | None = None
    last_record: str | None = None
    more: str | None = None

    @model_validator(mode="after")
    def _one_origin(self) -> CursorPaging:
        if (self.next is None) == (self.last_record is None):
            raise ValueError("expected either next (a place in the body) or last_record (a field of the last record)")
        return self


class LinkPaging(_Strict):
    """The address of the next page stands at `next` in the body."""

    style: Literal["link"]
    next: str


class LinkHeaderPaging(_Strict):
    """The address of the next page stands in the header `Link` with rel="next" (RFC 8288)."""

    style: Literal["link_header"]


class NumberPaging(_Strict):
    """Pages are numbered; the last is named at `pages` in the body, or is followed by an empty one."""

    style: Literal["page"]
    parameter: str = "page"
    first: int = Field(default=1, ge=0)
    size_parameter: str | None = None
    size: int = Field(default=100, ge=1)
    pages: str | None = None


class OffsetPaging(_Strict):
    """Records are counted; their number stands at `total` in the body, or an empty page ends them."""

    style: Literal["offset"]
    parameter: str = "offset"
    first: int = Field(default=0, ge=0)
    limit_parameter: str = "limit"
    limit: int = Field(default=100, ge=1)
    total: str | None = None


class RangePaging(_Strict):
    """The header `Range: <unit>=<first>-<last>` asks for records; some servers take `last` as the first not asked."""

    style: Literal["range"]
    unit: str = "records"
    size: int = Field(default=100, ge=1)
    last_is: Literal["included", "excluded"] = "included"


AnyPaging = SinglePage | CursorPaging | LinkPaging | LinkHeaderPaging | NumberPaging | OffsetPaging | RangePaging
Paging = Annotated[AnyPaging, Field(discriminator="style")]


class UpdatedSince(_Strict):
    """Asks only for what changed after the newest extraction that the archive holds, less an overlap for clocks."""

    parameter: str
    format: Literal["iso", "epoch"] = "iso"
    overlap_seconds: int = Field(default=300, ge=0)


class RestObject(_Strict):
    """One object: its path below the connector's url, and what differs from the connector's own."""

    path: str
    records: str | None = None
    parameters: dict[str, str | int] = {}
    paging: Paging | None = None
    updated_since: UpdatedSince | None = None


class RestConnector(_Strict):
    """A JSON interface over HTTP. `records` is the place of the list of records in a body, empty where it is the body.

    `headers_env` and `token_env` (sent as `Authorization: Bearer`) name environment variables.
    """

    type: Literal["rest"]
    url: str = Field(pattern=expected.WEB_ADDRESS)
    objects: dict[str, RestObject] = Field(min_length=1)
    records: str = ""
    paging: Paging = SinglePage()
    token_env: EnvironmentName | None = None
    headers: dict[str, str] = {}
    headers_env: dict[str, EnvironmentName] = {}
    requests_per_second: float | None = Field(default=None, gt=0)
    timeout_seconds: float = Field(default=30, gt=0)
    largest_page_megabytes: int = Field(default=64, ge=1)
    checkpoint_hours: float = Field(default=6, ge=0)
    expired_status: tuple[int, ...] = (410,)
    allow_plain_http: bool = False
    retry: Retry = Retry()

    @model_validator(mode="after")
    def _secrets_travel_encrypted(self) -> RestConnector:
        parts = urlsplit(self.url)
        has_secret = self.token_env or self.headers_env
        if has_secret and parts.scheme == "http" and parts.hostname not in _LOOPBACK and not self.allow_plain_http:
            raise ValueError("secrets would travel unencrypted; expected https://, or allow_plain_http: true")
        return self

    def anchored(self, base: Path) -> RestConnector:
        """Itself: it names no path."""
        return self


class SqlObject(_Strict):
    """One object: a `table` (or view), or a `query`; `:since` in it is the newest extraction that the archive holds.

    `updated_since` of a table is the column that `:since` is compared with.
    """

    table: str | None = Field(default=None, pattern=expected.TABLE)
    query: str | None = None
    updated_since: str | None = Field(default=None, pattern=expected.COLUMN)
    overlap_seconds: int = Field(default=300, ge=0)

    @model_validator(mode="after")
    def _one_place(self) -> SqlObject:
        if (self.table is None) == (self.query is None):
            raise ValueError("expected either table or query")
        if self.query is not None and self.updated_since is not None:
            raise ValueError("expected :since in the query instead of updated_since")
        return self


class SqlConnector(_Strict):
    """A database that SQLAlchemy reaches: its address in the variable `url_env`, or as `url` where it has no secret."""

    type: Literal["sql"]
    objects: dict[str, SqlObject] = Field(min_length=1)
    url_env: EnvironmentName | None = None
    url: str | None = None
    retry: Retry = Retry()

    @field_validator("url")
    @classmethod
    def _without_secret(cls, value: str | None) -> str | None:
        if value is not None and urlsplit(value).password is not None:
            raise ValueError("holds a password; put the address into an environment variable and name it: url_env")
        return value

    @model_validator(mode="after")
    def _one_address(self) -> SqlConnector:
        if (self.url_env is None) == (self.url is None):
            raise ValueError("expected either url_env or url")
        return self

    def anchored(self, base: Path) -> SqlConnector:
        """With the path of an SQLite file made absolute from `base`."""
        if self.url is None or not self.url.startswith(_SQLITE):
            return self
        return self.model_copy(update={"url": _SQLITE + str((base / self.url.removeprefix(_SQLITE)).resolve())})


AnyConnector = Annotated[FilesConnector | RestConnector | SqlConnector, Field(discriminator="type")]

_KINDS: dict[str, type[BaseModel]] = {"files": FilesConnector, "rest": RestConnector, "sql": SqlConnector}
_STYLES: dict[str, type[BaseModel]] = {
    "none": SinglePage,
    "cursor": CursorPaging,
    "link": LinkPaging,
    "link_header": LinkHeaderPaging,
    "page": NumberPaging,
    "offset": OffsetPaging,
    "range": RangePaging,
}


def plain(location: Sequence[Any]) -> list[str]:
    """The place of a fault as `tieout.yml` spells it: pydantic names the kind of connector and paging in between."""
    parts = [str(part) for part in location]
    return [
        part
        for before, part in pairwise(["", *parts])
        if not (before == "connector" and part in _KINDS) and not (before == "paging" and part in _STYLES)
    ]


def model_at(location: Sequence[Any]) -> type[BaseModel]:
    """The model whose keys stand at a place that pydantic names, which lies within `connector`."""
    parts = [str(part) for part in location]
    model = _KINDS.get(parts[parts.index("connector") + 1], FilesConnector)
    is_sql = model is SqlConnector
    for before, part in pairwise(parts[:-1]):
        if before == "objects":
            model = SqlObject if is_sql else RestObject
        elif before == "paging":
            model = _STYLES.get(part, model)
        elif part == "retry":
            model = Retry
        elif part == "updated_since":
            model = UpdatedSince
    return model
