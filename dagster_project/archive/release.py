"""Releases a version of a contract, or rolls back to an earlier one: a link of the chain, and nothing else changes.

What was archived stays as it was taken. Only deliveries that come later are checked against another version.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from dagster_project.archive.chain import Chain
from dagster_project.archive.engine import store_faults
from dagster_project.archive.lock import exclusive
from dagster_project.archive.manifest import ContractStep, ContractTrial, Manifest
from dagster_project.archive.releases import CONTRACTS, Releases, keep
from dagster_project.errors import InputError
from dagster_project.settings import Settings
from dagster_project.sources import contract_rules
from dagster_project.sources.contract_diff import diff, heaviest
from dagster_project.sources.contracts import DomainContract, domain_contracts
from dagster_project.sources.versions import parse

SHIPPED_BY = "Tieout"


def release(
    settings: Settings,
    contract: DomainContract,
    *,
    by: str,
    reason: str,
    trial: ContractTrial | None = None,
    without_test: str | None = None,
    now: datetime | None = None,
) -> Manifest:
    """Makes the contract the current version of its domain and returns the link that says so.

    Raises InputError when the contract may not be used here, when its version is not raised as its changes require, or
    when it was not tested and `without_test` gives no reason for that.
    """
    _refuse_nobody(by, reason)
    with store_faults(settings.archive_path), exclusive(settings):
        chain = Chain(settings)
        releases = Releases(settings, chain.links)
        changes = check(releases, contract, trial, without_test)
        shipped = releases.current(contract.domain)
        moment = (now or datetime.now(UTC)).astimezone(UTC)
        if not releases.line(contract.domain).links:
            # What a delivery may declare must not depend on which Tieout is installed, once a company goes its own way.
            first = ContractStep(action="release", by=SHIPPED_BY, reason="shipped with Tieout")
            _append(settings, chain, shipped, moment, first)
        step = ContractStep(
            action="release",
            by=by,
            reason=reason,
            previous_version=releases.line(contract.domain).current,
            changes=changes,
            trial=trial,
            without_test=without_test,
        )
        return _append(settings, chain, contract, moment, step)


def rollback(
    settings: Settings, domain: str, version: str, *, by: str, reason: str, now: datetime | None = None
) -> Manifest:
    """Makes an earlier version current again and withdraws those above it; returns the link that says so.

    Raises InputError when that version was never released, or is the current one.
    """
    _refuse_nobody(by, reason)
    with store_faults(settings.archive_path), exclusive(settings):
        chain = Chain(settings)
        releases = Releases(settings, chain.links)
        line = releases.line(domain)
        found = next((known for known in line.hashes if parse(known) == _version(version)), None)
        if found is None or found == line.current:
            others = ", ".join(known for known in line.hashes if known != line.current) or "none"
            state = "is the current version" if found else "was never released"
            raise InputError(f"contract {domain} {version} {state}; expected one of the earlier versions: {others}")
        current, target = releases.current(domain), releases.version(domain, found)
        step = ContractStep(
            action="rollback",
            by=by,
            reason=reason,
            previous_version=line.current,
            changes=tuple(map(str, diff(current, target))),
        )
        return _append(settings, chain, target, (now or datetime.now(UTC)).astimezone(UTC), step)


def required(releases: Releases, contract: DomainContract) -> str | None:
    """The smallest version that may be released with these contents, None when nothing differs from the current one."""
    line = releases.line(contract.domain)
    weight = heaviest(diff(releases.current(contract.domain), contract))
    if weight is None:
        return None
    newest = max(parse(known) for known in line.hashes)
    return str(max(parse(line.current).raised(weight), newest.raised("patch")))


def check(
    releases: Releases, contract: DomainContract, trial: ContractTrial | None, without_test: str | None
) -> tuple[str, ...]:
    """What the contract changes, in words; InputError when it may not be released, see `release`."""
    faults = contract_rules.faults(contract, domain_contracts()[contract.domain])
    if faults:
        raise InputError("\n".join(f"contract {contract.domain} {contract.version}: {fault}" for fault in faults))
    current = releases.current(contract.domain)
    lowest = required(releases, contract)
    if lowest is None:
        raise InputError(f"contract {contract.domain}: nothing differs from the current version {current.version}")
    changes = diff(current, contract)
    if parse(contract.version) < parse(lowest):
        listed = "".join(f"\n  {change}" for change in changes)
        raise InputError(
            f"contract {contract.domain}: version {contract.version!r} is not raised as its changes require; expected"
            f" {lowest} or higher, for against {current.version}:{listed}"
        )
    _refuse_untested(contract, trial, without_test)
    return tuple(map(str, changes))


def _refuse_untested(contract: DomainContract, trial: ContractTrial | None, without_test: str | None) -> None:
    if without_test is not None and without_test.strip():
        return
    name = f"contract {contract.domain} {contract.version}"
    if trial is None:
        raise InputError(
            f"{name}: these very bytes were not tested; run `tieout contract test --domain {contract.domain}` first, or"
            " say with --without-test why not"
        )
    if trial.outcome == "refuses":
        told = "".join(f"\n  {line}" for line in trial.words)
        raise InputError(
            f"{name}: its test says that it would refuse what was accepted; mend it and test again, or say with"
            f" --without-test why it is right:{told}"
        )


def _refuse_nobody(by: str, reason: str) -> None:
    if not by.strip() or not reason.strip():
        raise InputError("expected a name with --by and a reason with --reason: both are recorded with the release")


def _version(text: str) -> tuple[int, int, int]:
    try:
        return parse(text)
    except ValueError as error:
        raise InputError(str(error)) from None


def _append(settings: Settings, chain: Chain, contract: DomainContract, now: datetime, step: ContractStep) -> Manifest:
    keep(settings, contract)
    fields: dict[str, Any] = {
        "source_instance": CONTRACTS,
        "domain": contract.domain,
        "vendor": "generic",
        "object": contract.domain,
        "batch_id": contract.sha256[:16],
        "file_name": f"contracts/{contract.domain}.yml",
        "received_at": now,
        "contract_version": contract.version,
        "contract_sha256": contract.sha256,
        "contract_step": step,
        "sha256": contract.sha256,
        "bytes": len(contract.content),
    }
    link = chain.append(kind="contract", **fields)
    chain.anchor()
    return link
