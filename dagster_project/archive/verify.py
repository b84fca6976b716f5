"""Verifies an archive from itself alone: head, anchor, chain, every file that a manifest names, and their rows."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from dagster_project.archive import head as heads
from dagster_project.archive.contents import Contents, Progress
from dagster_project.archive.engine import scratch, store_faults
from dagster_project.archive.findings import RESTORE, Fault, Verification
from dagster_project.archive.head import HEAD, Head
from dagster_project.archive.manifest import Manifest
from dagster_project.archive.shared import LOCK
from dagster_project.archive.storage import Storage, read, storage_of
from dagster_project.archive.walk import Walk, found_in, walk
from dagster_project.settings import Settings

_AT_ONCE = 256
_ROOMS = ("raw/", "parquet/", "quarantine/")
_LAST = 1 << 62


@dataclass(frozen=True)
class Voucher:
    """The head or its anchor: its name, its place, and its bytes, None where there are none."""

    name: str
    place: str
    content: bytes | None


def verify_archive(settings: Settings, progress: Progress | None = None) -> Verification:
    """Verifies the archive of the settings, against its anchor too; raises StoreError where it cannot be read."""
    return verify(storage_of(settings), anchor_of(settings), progress)


def anchor_of(settings: Settings) -> Voucher | None:
    """The anchor as it is now; None where none is configured."""
    place = settings.archive.anchor
    return Voucher("anchor", place, heads.anchor_content(settings)) if place else None


def verify(storage: Storage, anchor: Voucher | None = None, progress: Progress | None = None) -> Verification:
    """Verifies the archive of a storage, and that it holds what the anchor vouches for."""
    with tempfile.TemporaryDirectory(prefix="tieout-") as folder, store_faults(Path(storage.place)):
        verification = Verification(storage.place)
        chain = chain_of(storage, anchor, verification)
        links = list(chain.links)
        verification.length, verification.head = len(links), links[-1].chain_sha256 if links else None
        with scratch(Path(folder) / "spill") as con:
            contents = Contents(storage, con, Path(folder), links)
            contents.check(verification, progress)
        verification.faults.sort(key=lambda fault: fault.sequence)
        verification.notes += _notes(chain, set(storage.names()) - contents.names)
    return verification


def chain_of(storage: Storage, anchor: Voucher | None, verification: Verification) -> Walk:
    """The chain below head or anchor, whichever vouches for more; faults of all three go to `verification`."""
    head = Voucher(HEAD, storage.shown(HEAD), read(storage, HEAD))
    names = [name for name in storage.names("manifests") if name.endswith(".json")]
    parts = (names[start : start + _AT_ONCE] for start in range(0, len(names), _AT_ONCE))
    found = [found_in(*one) for part in parts for one in storage.read_many(part).items()]
    vouchers = {voucher: _parsed(voucher, bool(found), verification) for voucher in (anchor, head) if voucher}
    longest = max((one for one in vouchers.values() if one), key=lambda one: one.length, default=None)
    chain = walk(storage, found, longest)
    verification.faults += chain.faults
    for voucher, one in vouchers.items():
        expected = chain.expected.get(one.length) if one else None
        if one and expected and expected != one.sha256:
            words = f"link {one.length} with SHA-256 {expected}"
            verification.faults.append(_fault(voucher, words, f"one with {one.sha256}: another chain"))
        if one and longest and voucher.name == HEAD and one.length < longest.length:
            words = f"a head that vouches for {longest.length} links, as the anchor does"
            verification.faults.append(_fault(voucher, words, f"one for {one.length}"))
    return chain


def _parsed(voucher: Voucher, has_links: bool, verification: Verification) -> Head | None:
    try:
        if voucher.content is not None:
            return heads.parse(voucher.content)
    except ValueError as error:
        verification.faults.append(_fault(voucher, "the head as it was written", str(error)))
        return None
    if has_links:
        remedy = "a run writes it; if one had written it, find out who removed it before the next"
        verification.faults.append(_fault(voucher, "what vouches for the newest link", "no such file", remedy))
    return None


def _fault(voucher: Voucher, expected: str, found: str, remedy: str = RESTORE) -> Fault:
    return Fault(_LAST, voucher.name, voucher.name, voucher.place, expected, found, remedy)


def _notes(chain: Walk, unnamed: set[str]) -> Iterator[str]:
    left = sum(name.startswith(_ROOMS) for name in unnamed)
    known = (*_ROOMS, "manifests/", "tmp/", HEAD, LOCK)
    strange = sorted(name for name in unnamed if not name.startswith(known))
    unhashed = sum(link.kind == "batch" and link.state == "loaded" and not link.files for link in chain.links)
    differing = sum(_differing(link) for link in chain.links)
    if chain.unanchored:
        yield f"newer than the head: {chain.unanchored} links; a run is at work, or was stopped and the next mends it"
    if left:
        yield f"named by no manifest: {left} files that an interrupted run left; they count for nothing"
    if strange:
        yield f"no files of an archive: {len(strange)}, the first is {strange[0]}"
    if unhashed:
        yield f"archived before Parquet was hashed: {unhashed} batches; of it, only rows and totals were checked"
    if differing:
        yield f"not what the source reported: {differing} control totals; R38 breaks on them, the archive is sound"


def _differing(link: Manifest) -> int:
    reported = link.sidecar.control_totals if link.sidecar else {}
    received = link.received_totals
    return sum(Decimal(total) != Decimal(received[name]) for name, total in reported.items() if name in received)
