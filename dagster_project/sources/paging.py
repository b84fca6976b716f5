"""The paging styles of the field: where an object begins, how a page is asked for, where the next one begins."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, assert_never
from urllib.parse import urljoin, urlsplit, urlunsplit

from dagster_project.connections import (
    AnyPaging,
    CursorPaging,
    LinkHeaderPaging,
    LinkPaging,
    NumberPaging,
    OffsetPaging,
    RangePaging,
    SinglePage,
)
from dagster_project.sources.checkpoint import Position
from dagster_project.sources.records import Body, WrongBody, field_of


@dataclass(frozen=True)
class Page:
    """One page as received; `url` is the address that answered, `next_link` the address in its header `Link`."""

    url: str
    body: Body
    records: list[bytes]
    next_link: str | None = None


@dataclass(frozen=True)
class Request:
    """What a page adds to the object's request; `url` where the server gave the address whole."""

    url: str | None = None
    parameters: tuple[tuple[str, str], ...] = ()
    headers: tuple[tuple[str, str], ...] = ()


class Pager(Protocol):
    """One paging style."""

    def first(self) -> Position:
        """The position of the first page."""

    def request(self, at: Position) -> Request:
        """How the page there is asked for."""

    def following(self, at: Position, page: Page) -> Position | None:
        """The position after it, None after the last."""

    def total(self, page: Page) -> int | None:
        """How many records the server says there are, None where it does not say."""


def pager_for(paging: AnyPaging) -> Pager:
    """The pager of a configured style."""
    match paging:
        case SinglePage():
            return _Single()
        case CursorPaging():
            return _Cursor(paging)
        case LinkPaging() | LinkHeaderPaging():
            return _Link(paging)
        case NumberPaging():
            return _Number(paging)
        case OffsetPaging():
            return _Offset(paging)
        case RangePaging():
            return _Range(paging)
        case _:
            assert_never(paging)


class _Single:
    def first(self) -> Position:
        return {}

    def request(self, at: Position) -> Request:
        return Request()

    def following(self, at: Position, page: Page) -> Position | None:
        return None

    def total(self, page: Page) -> int | None:
        return None


@dataclass(frozen=True)
class _Cursor(_Single):
    paging: CursorPaging

    def request(self, at: Position) -> Request:
        return Request(parameters=((self.paging.parameter, str(at["token"])),) if at else ())

    def following(self, at: Position, page: Page) -> Position | None:
        if self.paging.more is not None and page.body.value(self.paging.more) != "true":
            return None
        token = page.body.value(self.paging.next) if self.paging.next is not None else self._last(page)
        return {"token": token} if token else None

    def _last(self, page: Page) -> str | None:
        field = self.paging.last_record or ""
        if not page.records:
            return None
        token = field_of(page.records[-1], field)
        if token is None:
            raise WrongBody(f"the last record of a page has no field {field!r}, by which the next page is asked for")
        return token


@dataclass(frozen=True)
class _Link(_Single):
    paging: LinkPaging | LinkHeaderPaging

    def request(self, at: Position) -> Request:
        return Request(url=str(at["url"]) if at else None)

    def following(self, at: Position, page: Page) -> Position | None:
        link = page.body.value(self.paging.next) if isinstance(self.paging, LinkPaging) else page.next_link
        return {"url": _same_place(page.url, link)} if link else None


@dataclass(frozen=True)
class _Number(_Single):
    paging: NumberPaging

    def first(self) -> Position:
        return {"page": self.paging.first}

    def request(self, at: Position) -> Request:
        sizes = ((self.paging.size_parameter, str(self.paging.size)),) if self.paging.size_parameter else ()
        return Request(parameters=((self.paging.parameter, str(at["page"])), *sizes))

    def following(self, at: Position, page: Page) -> Position | None:
        last = _whole_number(page, self.paging.pages)
        if not page.records or (last is not None and int(at["page"]) - self.paging.first + 1 >= last):
            return None
        return {"page": int(at["page"]) + 1}


@dataclass(frozen=True)
class _Offset(_Single):
    paging: OffsetPaging

    def first(self) -> Position:
        return {"offset": 0}

    def request(self, at: Position) -> Request:
        offset = int(at["offset"]) + self.paging.first
        limit = (self.paging.limit_parameter, str(self.paging.limit))
        return Request(parameters=((self.paging.parameter, str(offset)), limit))

    def following(self, at: Position, page: Page) -> Position | None:
        """Counts what came: a server may give fewer than asked for without being at its end."""
        offset = int(at["offset"]) + len(page.records)
        total = self.total(page)
        return None if not page.records or (total is not None and offset >= total) else {"offset": offset}

    def total(self, page: Page) -> int | None:
        return _whole_number(page, self.paging.total)


@dataclass(frozen=True)
class _Range(_Single):
    paging: RangePaging

    def first(self) -> Position:
        return {"offset": 0}

    def request(self, at: Position) -> Request:
        offset = int(at["offset"])
        last = offset + self.paging.size - (1 if self.paging.last_is == "included" else 0)
        unit = f"{self.paging.unit}=" if self.paging.unit else ""
        return Request(headers=(("Range", f"{unit}{offset}-{last}"),))

    def following(self, at: Position, page: Page) -> Position | None:
        return {"offset": int(at["offset"]) + len(page.records)} if page.records else None


def _whole_number(page: Page, place: str | None) -> int | None:
    if place is None or not page.records:
        return None
    text = page.body.value(place)
    if text is None or not text.isdecimal():
        raise WrongBody(f"the answer has no whole number at {place!r}, but {text!r}")
    return int(text)


def _same_place(url: str, link: str) -> str:
    """The link, resolved. Another host would be sent the secrets of this one; a proxy may have hidden the scheme."""
    here, there = urlsplit(url), urlsplit(urljoin(url, link))
    if there.hostname != here.hostname:
        raise WrongBody(f"the link to the next page leads to another host, {there.hostname}")
    return urlunsplit((here.scheme, here.netloc, there.path, there.query, ""))
