"""Which version of a contract a delivery is checked against: the releases that the chain of manifests records.

Without a release the shipped contract is the only version. A release adds a version and makes it current; a rollback
makes an earlier one current and withdraws what is above it. Older versions stay for who declares them.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable
from dataclasses import dataclass

from dagster_project.archive import store
from dagster_project.archive.manifest import Manifest
from dagster_project.errors import StoreError
from dagster_project.settings import Settings
from dagster_project.sources.contracts import DomainContract, domain_contracts, read_contract
from dagster_project.sources.versions import newest, parse

CONTRACTS = "_contracts"
"""Stands for the source in a contract's link: no source of `tieout.yml` can have this name."""


class UnknownVersion(ValueError):
    """A delivery declares a version that is not released; the message says which are."""


@dataclass(frozen=True)
class Line:
    """The versions of one domain: every one by its hash, those that may be declared, and the one for who declares none.

    `links` are the releases and rollbacks behind it, in their order; none where the shipped contract is all there is.
    """

    hashes: dict[str, str]
    live: tuple[str, ...]
    current: str
    links: tuple[Manifest, ...] = ()

    def having(self, version: str, sha256: str) -> Line:
        """The line once this version is current: what is above it is withdrawn, what is below it stays as it was."""
        below = tuple(one for one in self.live if parse(one) < parse(version))
        return Line(self.hashes | {version: sha256}, (*below, version), version, self.links)


class Releases:
    """The contracts as released in one home; StoreError when the bytes of one are lost."""

    def __init__(self, settings: Settings, links: Iterable[Manifest]) -> None:
        own = [link for link in links if link.kind == "contract"]
        self._settings = settings
        self._shipped = domain_contracts()
        self._lines = {domain: _line(contract, own) for domain, contract in self._shipped.items()}
        self._read: dict[str, DomainContract] = {one.sha256: one for one in self._shipped.values()}
        self._imposed: dict[str, DomainContract] = {}

    def line(self, domain: str) -> Line:
        """The versions of a domain."""
        return self._lines[domain]

    def current(self, domain: str) -> DomainContract:
        """What a delivery that declares nothing is checked against."""
        return self.version(domain, self._lines[domain].current)

    def version(self, domain: str, version: str) -> DomainContract:
        """A version by its exact text; KeyError when there never was such a one."""
        return self.by_sha256(domain, self._lines[domain].hashes[version])

    def asked(self, domain: str, declared: str | None) -> DomainContract:
        """What a delivery is checked against that declares `schema_version`; raises UnknownVersion."""
        if domain in self._imposed:
            return self._imposed[domain]
        if declared is None:
            return self.current(domain)
        line = self._lines[domain]
        found = newest(declared, line.live)
        if found is None:
            raise UnknownVersion(f"it declares schema_version {declared!r}; {_released(domain, line)}")
        return self.version(domain, found)

    def by_sha256(self, domain: str, sha256: str | None) -> DomainContract:
        """The contract that a batch was taken under; the shipped one where the batch is older than its record."""
        if sha256 is None:
            return self._shipped[domain]
        if sha256 not in self._read:
            path = store.raw_path(self._settings, sha256)
            try:
                content = path.read_bytes()
            except OSError as error:
                words = f"a contract of {domain} cannot be read ({error.strerror}); restore it from a backup"
                raise StoreError(f"{path}: {words}") from None
            found = read_contract(content, f"contract {domain} in {path}")
            if found.sha256 != sha256:
                raise StoreError(f"{path}: the contract of {domain} was changed; restore it from a backup")
            self._read[sha256] = found
        return self._read[sha256]

    def as_if_all_came_under(self, candidate: DomainContract) -> Releases:
        """Every delivery of its domain is checked against the candidate, whatever it declares; nothing is written."""
        changed = copy.copy(self)
        changed._imposed = {candidate.domain: candidate}
        return changed

    def would_stay(self, candidate: DomainContract, declared: str | None) -> bool:
        """Whether a delivery keeps its older version by what it declares, once the candidate is released."""
        live = self._lines[candidate.domain].having(candidate.version, candidate.sha256).live
        return declared is not None and newest(declared, live) not in (None, candidate.version)


def keep(settings: Settings, contract: DomainContract) -> None:
    """Keeps the contract's bytes in the archive, so that what was checked against it can be checked again."""
    store.write_once(store.raw_path(settings, contract.sha256), contract.content)


def _line(shipped: DomainContract, links: Iterable[Manifest]) -> Line:
    own = tuple(link for link in links if link.domain == shipped.domain)
    if not own:
        return Line({shipped.version: shipped.sha256}, (shipped.version,), shipped.version)
    line = Line({}, (), "", own)
    for link in own:
        line = line.having(link.contract_version, link.sha256 or "")
    return line


def _released(domain: str, line: Line) -> str:
    withdrawn = [version for version in line.hashes if version not in line.live]
    words = f"released for {domain}: {', '.join(line.live)}"
    return words + (f"; rolled back: {', '.join(withdrawn)}" if withdrawn else "")
