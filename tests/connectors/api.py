"""A vendor's interface on loopback: it pages in any style, and fails by a schedule. It writes down what it was asked."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

STYLES: dict[str, dict[str, Any]] = {
    "cursor": {"style": "cursor", "parameter": "cursor", "next": "meta.next"},
    "last_record": {"style": "cursor", "parameter": "after", "last_record": "payout_id", "more": "meta.more"},
    "link": {"style": "link", "next": "meta.link"},
    "link_header": {"style": "link_header"},
    "page": {"style": "page", "size_parameter": "per_page", "size": 3},
    "counted_pages": {"style": "page", "parameter": "p", "first": 0, "pages": "meta.pages"},
    "offset": {"style": "offset", "limit": 3},
    "counted_offset": {"style": "offset", "limit": 3, "total": "meta.total"},
    "range": {"style": "range", "size": 3},
    "open_range": {"style": "range", "size": 3, "last_is": "excluded"},
}
"""Every paging style as `tieout.yml` says it."""


@dataclass(frozen=True)
class Asked:
    """One request as the server saw it."""

    path: str
    query: dict[str, str]
    headers: dict[str, str]


@dataclass
class Api:
    """`rows` are JSON texts, given as written, `size` a page; `faults` come one per request, then none.

    A fault is a status, or `drop` (the connection breaks in mid-body), `hang_up` (no answer at all), `truncate` (JSON
    cut off, in a whole answer), `repeat` (the page before again), `wait` (no answer before the client's patience ends).
    """

    rows: list[str]
    size: int = 3
    faults: list[int | str] = field(default_factory=list)
    asked: list[Asked] = field(default_factory=list)
    retry_after: str = "0"
    url: str = ""
    hold: threading.Event = field(default_factory=threading.Event)
    arrived: threading.Condition = field(default_factory=threading.Condition)
    _last: dict[str, tuple[bytes, str | None]] = field(default_factory=dict)

    @property
    def lines(self) -> bytes:
        """What the archive must hold of it, byte by byte."""
        return "".join(f"{row}\n" for row in self.rows).encode()

    def answer(self, path: str, query: dict[str, str], headers: dict[str, str]) -> tuple[int, bytes, str | None]:
        """Status, body and header `Link` of a good answer."""
        start = self._start(query, headers)
        if start and start >= len(self.rows) and "range" in headers:
            return 416, b"", None
        end = min(start + self.size, len(self.rows))
        link = f"{path}?from={end}" if end < len(self.rows) else None
        meta = {
            "next": str(end) if link else None,
            "more": link is not None,
            "link": link,
            "pages": -(-len(self.rows) // self.size),
            "total": len(self.rows),
        }
        body = f'{{"data": [{", ".join(self.rows[start:end])}],\n "meta": {json.dumps(meta)}}}'.encode()
        return 200, body, f'<{link}>; rel="next"' if link else None

    def _start(self, query: dict[str, str], headers: dict[str, str]) -> int:
        if "range" in headers:
            return int(headers["range"].split("=")[1].split("-")[0])
        if "after" in query:
            return 1 + next(n for n, row in enumerate(self.rows) if json.loads(row)["payout_id"] == query["after"])
        if "page" in query or "p" in query:
            return self.size * (int(query["page"]) - 1 if "page" in query else int(query["p"]))
        return int(query.get("cursor") or query.get("from") or query.get("offset") or 0)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    api: Api

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        headers = {name.lower(): value for name, value in self.headers.items()}
        with self.api.arrived:
            fault = self.api.faults[len(self.api.asked)] if len(self.api.asked) < len(self.api.faults) else None
            self.api.asked.append(Asked(parts.path, query, headers))
            self.api.arrived.notify_all()
        status, body, link = self.api.answer(parts.path, query, headers)
        if fault == "wait":
            self.api.hold.wait(30)
            self.close_connection = True
        elif fault == "hang_up":
            self.close_connection = True
        elif isinstance(fault, int):
            self._send(
                fault, json.dumps({"error": f"fault {fault}, key {headers.get('authorization')}"}).encode(), None
            )
        elif fault == "truncate":
            self._send(status, body[: len(body) // 2], link)
        elif fault == "drop":
            self._send(status, body[: len(body) // 2], link, promised=len(body))
        elif fault == "repeat" and parts.path in self.api._last:
            self._send(200, *self.api._last[parts.path])
        else:
            self.api._last[parts.path] = (body, link)
            self._send(status, body, link)

    def _send(self, status: int, body: bytes, link: str | None, promised: int | None = None) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body) if promised is None else promised))
        if status in (429, 503):
            self.send_header("Retry-After", self.api.retry_after)
        if link:
            self.send_header("Link", link)
        self.end_headers()
        self.wfile.write(body)
        self.close_connection = self.close_connection or promised is not None

    def log_message(self, format: str, *arguments: Any) -> None:
        pass


@contextmanager
def serving(api: Api) -> Iterator[Api]:
    """The interface at work on a free port of loopback; `api.url` is its address."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"api": api}))
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    api.url = f"http://127.0.0.1:{server.server_port}/v1"
    try:
        yield api
    finally:
        api.hold.set()
        server.shutdown()
        server.server_close()
        thread.join()
