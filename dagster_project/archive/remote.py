"""An archive at an address that fsspec reaches, such as S3: its calls, and its faults in words."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO, cast

import fsspec

from dagster_project.archive.files import is_scratch
from dagster_project.errors import ConfigurationError, StoreError

_OBJECT_STORES = {"s3", "s3a", "gs", "gcs", "abfs", "abfss", "az"}
_EXTRAS = {
    "s3": "tieout[s3]", "s3a": "tieout[s3]", "gs": "tieout[gcs]", "gcs": "tieout[gcs]",
    "abfs": "adlfs", "abfss": "adlfs", "az": "adlfs",
}  # fmt: skip
_DENIED = ("forbidden", "denied", "invalidaccesskeyid", "signature")
_NO_CREDENTIALS = ("credential", "token")


class Remote:
    """An object store puts whole objects; elsewhere a file is written beside its name and renamed."""

    def __init__(self, address: str, options: dict[str, Any]) -> None:
        protocol = address.partition("://")[0]
        self._address = address.rstrip("/")
        self._puts_whole = protocol in _OBJECT_STORES
        # Another machine may write between two calls: a remembered listing would hide its links.
        options = {"use_listings_cache": False, "skip_instance_cache": True} | options
        try:
            self._fs, self._root = fsspec.core.url_to_fs(self._address, **options)
        except ImportError as error:
            wanted = _EXTRAS.get(protocol, "the package that fsspec names")
            raise StoreError(
                f"{address}: what reads {protocol}:// is not installed ({error}); pip install '{wanted}'"
            ) from error
        except (ValueError, TypeError) as error:
            raise ConfigurationError(
                f"{address}: no address that fsspec can reach ({error}); expected s3://, gs:// ..."
            ) from error

    @property
    def place(self) -> str:
        return self._address

    def names(self, folder: str = "") -> dict[str, int]:
        with self._faults(folder):
            found = self._fs.find(self._path(folder), detail=True)
        listed = {path[len(self._root) :].lstrip("/"): int(info["size"] or 0) for path, info in sorted(found.items())}
        return {name: size for name, size in listed.items() if not is_scratch(name)}

    def open(self, name: str) -> BinaryIO:
        with self._faults(name, may_be_missing=True):
            return cast(BinaryIO, _Worded(self, name, self._fs.open(self._path(name), "rb")))

    def read_many(self, names: Iterable[str]) -> dict[str, bytes]:
        paths = {self._path(name): name for name in names}
        with self._faults():
            found = self._fs.cat(list(paths), on_error="return") if paths else {}
            for content in found.values():
                if isinstance(content, Exception) and not isinstance(content, FileNotFoundError):
                    raise content
        return {paths[path]: content for path, content in found.items() if isinstance(content, bytes)}

    def fetch(self, wanted: Mapping[str, Path]) -> None:
        for path in wanted.values():
            path.parent.mkdir(parents=True, exist_ok=True)
        with self._faults(may_be_missing=True):
            if wanted:
                self._fs.get([self._path(name) for name in wanted], [str(path) for path in wanted.values()])

    def put(self, name: str, path: Path) -> None:
        with self._faults(name):
            if self._puts_whole:
                self._fs.put_file(str(path), self._path(name))
                return
            self._make_folder(name)
            folder, _, base = self._path(name).rpartition("/")
            scratch = f"{folder}/.{base}.{os.getpid()}.tmp"
            self._fs.put_file(str(path), scratch)
            self._fs.mv(scratch, self._path(name))

    def create(self, name: str, content: bytes) -> bool:
        with self._faults(name):
            self._make_folder(name)
            try:
                self._fs.pipe_file(self._path(name), content, mode="create")
            except FileExistsError:
                # a call that was repeated because its answer got lost meets its own object
                return bool(self._fs.cat_file(self._path(name)) == content)
        return True

    def delete(self, name: str) -> None:
        with suppress(FileNotFoundError), self._faults(name, may_be_missing=True):
            self._fs.rm_file(self._path(name))

    def shown(self, name: str) -> str:
        return f"{self._address}/{name}"

    def _path(self, name: str) -> str:
        return f"{self._root}/{name}".rstrip("/")

    def _make_folder(self, name: str) -> None:
        if not self._puts_whole:
            self._fs.makedirs(self._path(name).rpartition("/")[0], exist_ok=True)

    @contextmanager
    def _faults(self, name: str = "", may_be_missing: bool = False) -> Iterator[None]:
        """Each library has its own faults for a refused or unreachable store."""
        try:
            yield
        except StoreError:
            raise
        except FileNotFoundError as error:
            if may_be_missing:
                raise
            raise StoreError(f"{self._address}: no such bucket ({error}); create it, or mend `archive:`") from error
        except Exception as error:
            raise StoreError(_in_words(self.shown(name) if name else self._address, error)) from error


class _Worded:
    """A stream whose faults are in words: an object store may fail in the middle of a file."""

    def __init__(self, remote: Remote, name: str, stream: BinaryIO) -> None:
        self._remote, self._name, self._stream = remote, name, stream

    def read(self, size: int = -1) -> bytes:
        with self._remote._faults(self._name):
            return self._stream.read(size)

    def __enter__(self) -> _Worded:
        return self

    def __exit__(self, *_: object) -> None:
        self._stream.close()


def _in_words(place: str, error: Exception) -> str:
    text = f"{type(error).__name__}: {str(error).strip().splitlines()[0] if str(error).strip() else 'no message'}"
    lower = f"{type(error).__name__} {error}".lower()
    if isinstance(error, PermissionError) or any(word in lower for word in _DENIED):
        return f"{place}: access denied ({text}); these credentials need list, read and write, and delete of lock.json"
    if any(word in lower for word in _NO_CREDENTIALS):
        return f"{place}: no valid credentials ({text}); set them in the environment, or give this machine a role"
    return f"{place}: cannot be reached ({text}); check the address and the network, and run again"
