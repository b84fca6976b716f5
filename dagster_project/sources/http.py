"""One GET after the other, at the pace that the source allows; every failure is told as passing or as permanent."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import urlsplit

import httpx

from dagster_project.connections import RestConnector
from dagster_project.sources.paging import Request
from dagster_project.sources.retry import TRANSIENT_STATUS, Sleep, SourceFailed, Transient, seconds_to_wait

_SHOWN = 200
_ADVICE = {
    400: "path, parameters and paging that the server understands: mend the object in tieout.yml",
    401: "valid credentials: renew {secrets} and run again",
    403: "an account that may read this: give it access, or name another in {secrets}",
    404: "an address that exists: mend url or path in tieout.yml",
    410: "an address that still exists: ask the vendor what took its place",
    422: "parameters that the server accepts: mend the object in tieout.yml",
}


class Refused(SourceFailed):
    """The server answered with a status that no repetition changes."""

    def __init__(self, words: str, expected: str, status: int) -> None:
        super().__init__(words, expected, is_whole_source=status == 401)
        self.status = status


@dataclass(frozen=True)
class Answer:
    """A 2xx answer, its body decompressed."""

    url: str
    status: int
    body: bytes
    next_link: str | None


class Pace:
    """Keeps requests apart, so that no more than `per_second` begin in any second."""

    def __init__(self, per_second: float | None, sleep: Sleep, clock: Callable[[], float]) -> None:
        self._gap = 1 / per_second if per_second else 0
        self._sleep, self._clock = sleep, clock
        self._next = 0.0

    def wait(self) -> None:
        """Returns when the next request may begin."""
        now = self._clock()
        if now < self._next:
            self._sleep(self._next - now)
        self._next = max(now, self._next) + self._gap


class Http:
    """A client of one source; `headers` hold its secrets, which no message repeats."""

    def __init__(
        self,
        connector: RestConnector,
        headers: dict[str, str],
        secrets: tuple[str, ...],
        sleep: Sleep = time.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._connector = connector
        self._secrets = secrets
        self._clock = clock
        self._pace = Pace(connector.requests_per_second, sleep, clock)
        self._client = httpx.Client(
            headers={"Accept": "application/json", **connector.headers, **headers},
            timeout=connector.timeout_seconds,
            follow_redirects=False,
        )

    def close(self) -> None:
        """Ends its connections."""
        self._client.close()

    def get(self, url: str, asked: Request) -> Answer:
        """The answer to one request; Transient, Refused or SourceFailed where there is none."""
        self._pace.wait()
        where = f"GET {without_secrets(url)}"
        try:
            with self._client.stream("GET", url, params=asked.parameters, headers=asked.headers) as response:
                body = self._read(where, response)
        except (httpx.ConnectError, httpx.ConnectTimeout) as error:
            raise Transient(f"{_place(url)} cannot be reached ({_cause(error)})", is_whole_source=True) from error
        except httpx.TimeoutException as error:
            raise Transient(f"{where}: no answer within {self._connector.timeout_seconds:g} s") from error
        except (httpx.TransportError, httpx.DecodingError) as error:
            raise Transient(f"{where}: the connection broke ({type(error).__name__})") from error
        if response.is_success:
            following = response.links.get("next", {}).get("url")
            return Answer(str(response.url), response.status_code, body, following)
        raise self._fault(where, response, body)

    def _read(self, where: str, response: httpx.Response) -> bytes:
        """The body: neither larger than memory allows, nor slower in all than ten times the time of one read."""
        limit = self._connector.largest_page_megabytes << 20
        until = self._clock() + 10 * self._connector.timeout_seconds
        parts, size = [], 0
        for part in response.iter_bytes():
            parts.append(part)
            size += len(part)
            if size > limit:
                found = f"{where}: the answer is larger than {self._connector.largest_page_megabytes} MB"
                raise SourceFailed(found, "smaller pages, or a larger largest_page_megabytes")
            if self._clock() > until:
                raise httpx.ReadTimeout("the body trickles")
        return b"".join(parts)

    def _fault(self, where: str, response: httpx.Response, body: bytes) -> Exception:
        status = response.status_code
        words = f"{where} answered {status} {response.reason_phrase}".rstrip()
        if status in TRANSIENT_STATUS:
            wait = seconds_to_wait(response.headers.get("Retry-After"), datetime.now(UTC))
            return Transient(words, retry_after=wait)
        if response.is_redirect:
            words += f" to {without_secrets(response.headers.get('Location', '?'))}"
            return Refused(words, "the address that it leads to as url in tieout.yml", status)
        said = self._masked(body)
        expected = _ADVICE.get(status, "an answer of 2xx: see the vendor's documentation").format(secrets=self._names())
        return Refused(f"{words}{f', saying {said!r}' if said else ''}", expected, status)

    def _masked(self, body: bytes) -> str:
        text = " ".join(body[: 10 * _SHOWN].decode(errors="replace").split())
        for secret in self._secrets:
            text = text.replace(secret, "***")
        return text[:_SHOWN]

    def _names(self) -> str:
        names = [self._connector.token_env, *self._connector.headers_env.values()]
        return ", ".join(f"${name}" for name in names if name) or "a token (token_env or headers_env)"


def without_secrets(url: str) -> str:
    """Scheme, host and path: a query may hold keys, and cursors that differ each time."""
    parts = urlsplit(url)
    return f"{_place(url)}{parts.path}" if parts.hostname else parts.path


def _place(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.hostname}{f':{parts.port}' if parts.port else ''}"


def _cause(error: Exception) -> str:
    """The innermost words: `Connection refused` rather than the names of the layers above it."""
    inner: BaseException = error
    while inner.__cause__ or inner.__context__:
        inner = inner.__cause__ or inner.__context__ or inner
    return str(getattr(inner, "strerror", None) or inner) or type(inner).__name__
