"""What `tieout contract` does, apart from its options: asking for help loads no archive."""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path

from dagster_project.archive import release as releasing
from dagster_project.archive import store, trial
from dagster_project.archive.manifest import Outcome
from dagster_project.archive.releases import Releases
from dagster_project.archive.trial import Side
from dagster_project.cli import contract_report
from dagster_project.cli.console import complain, err, out, shown
from dagster_project.errors import InputError
from dagster_project.settings import Settings
from dagster_project.sources import contract_rules
from dagster_project.sources import mapping as mappings
from dagster_project.sources.contract_diff import diff as differences
from dagster_project.sources.contracts import DomainContract, domain_contracts
from dagster_project.sources.versions import newest
from dagster_project.sources.working_copy import folder, known_domain, working_copies

_CODES: dict[Outcome, int] = {"unchanged": 0, "moves": 1, "refuses": 2}


def list_versions(settings: Settings, domain: str | None) -> None:
    """Prints the versions of each domain."""
    releases = _releases(settings)
    for name in [known_domain(domain)] if domain else domain_contracts():
        out.print(contract_report.versions(name, releases.line(name)))


def show(settings: Settings, domain: str, version: str | None) -> None:
    """Writes a released contract to standard output, byte for byte."""
    contract = _version(_releases(settings), known_domain(domain), version)
    sys.stdout.write(contract.content.decode())


def diff(settings: Settings, domain: str | None, against: str | None) -> int:
    """Prints how the working copies differ from what is released; returns the exit code."""
    code, releases = 0, _releases(settings)
    for contract in _working_copies(settings, domain):
        base = _version(releases, contract.domain, against)
        changes = differences(base, contract)
        out.print(contract_report.changes(base, contract, changes) if changes else _nothing(contract, base))
        lowest = releasing.required(releases, contract)
        if lowest:
            out.print(f"to be released as {lowest} or higher; its version is {contract.version}", markup=False)
        faults = _complaints(contract)
        code = max(code, 2 if faults else 1 if changes else 0)
    return code


def test(settings: Settings, domain: str | None, batches: int, mapping: list[str] | None, figures: bool) -> int:
    """Takes the last batches again as the working copies would have; returns the exit code."""
    links = store.read_manifests(settings)
    now = Side(settings, Releases(settings, links))
    code = 0
    for contract in _to_test(now, domain, mapping):
        if _complaints(contract):
            code = 2
            continue
        is_current = contract.sha256 == now.releases.current(contract.domain).sha256
        if not mapping and not differences(now.releases.current(contract.domain), contract):
            out.print(_nothing(contract, now.releases.current(contract.domain)))
            continue
        releases = now.releases if is_current else now.releases.as_if_all_came_under(contract)
        then = Side(_mapped(settings, contract.domain, mapping), releases)
        last = trial.last_batches(links, contract.domain, batches)
        found = trial.run(last, now, then, partial(now.releases.would_stay, contract), _say)
        out.print(contract_report.batches(contract, found))
        words = contract_report.in_words(contract, found)
        moves = contract_report.figures(links, now, then, _say) if figures else []
        for line in words + moves:
            out.print(line, markup=False, soft_wrap=True)
        outcome: Outcome = "moves" if moves and found.outcome == "unchanged" else found.outcome
        if not is_current:
            trial.record(settings, contract.sha256, len(found.batches), outcome, words + moves)
        code = max(code, _CODES[outcome])
    return code


def release(settings: Settings, by: str, reason: str, domain: str | None, without_test: str | None) -> None:
    """Releases what differs; raises InputError when nothing does."""
    releases = _releases(settings)
    changed = [
        contract
        for contract in _working_copies(settings, domain)
        if domain or differences(releases.current(contract.domain), contract)
    ]
    tests = {contract.domain: trial.recorded(settings, contract.sha256) for contract in changed}
    for contract in changed:
        releasing.check(releases, contract, tests[contract.domain], without_test)
    for contract in changed:
        tested = tests[contract.domain]
        link = releasing.release(settings, contract, by=by, reason=reason, trial=tested, without_test=without_test)
        for line in contract_report.released(link):
            out.print(line, markup=False, soft_wrap=True)
    if not changed:
        raise InputError(f"{folder(settings)}: nothing differs from what is released")


def rollback(settings: Settings, domain: str, version: str, by: str, reason: str) -> None:
    """Makes an earlier version current again."""
    link = releasing.rollback(settings, known_domain(domain), version, by=by, reason=reason)
    for line in contract_report.released(link):
        out.print(line, markup=False, soft_wrap=True)


def _releases(settings: Settings) -> Releases:
    return Releases(settings, store.read_manifests(settings))


def _version(releases: Releases, domain: str, version: str | None) -> DomainContract:
    if version is None:
        return releases.current(domain)
    known = releases.line(domain).hashes
    found = version if version in known else newest(version, known)
    if found is None:
        raise InputError(f"contract {domain} has no version {version!r}; expected one of {', '.join(known)}")
    return releases.version(domain, found)


def _working_copies(settings: Settings, domain: str | None) -> list[DomainContract]:
    found = working_copies(settings, domain)
    if not found:
        begin = "`tieout contract show billing > contracts/billing.yml` begins one"
        err.print(f"no contract is being changed in {shown(folder(settings))}; {begin}", markup=False, soft_wrap=True)
    return found


def _to_test(now: Side, domain: str | None, mapping: list[str] | None) -> list[DomainContract]:
    """What is being changed; where only a mapping is, the current contract of the domain that it is tested for."""
    if not mapping or (domain and (folder(now.settings) / f"{domain}.yml").exists()):
        return _working_copies(now.settings, domain)
    if domain is None:
        raise InputError("--mapping: expected --domain with it, which says whose mapping it is")
    return [now.releases.current(known_domain(domain))]


def _mapped(settings: Settings, domain: str, mapping: list[str] | None) -> Settings:
    """The settings with the mappings to be tested; ConfigurationError for a fault in one."""
    named = {}
    for one in mapping or ():
        name, _, file = one.rpartition("=")
        named[name] = Path(file).absolute()
    own = {source.name for source in settings.sources if source.domain == domain}
    strange = sorted(set(named) - own - {""})
    if strange:
        raise InputError(f"--mapping {strange[0]}=...: no source of {domain}; expected one of {', '.join(sorted(own))}")
    sources = tuple(
        source.model_copy(update={"mapping": named.get(source.name, named.get("", source.mapping))})
        if source.name in own
        else source
        for source in settings.sources
    )
    for source in sources:
        is_named = source.name in own and (source.name in named or "" in named)
        mappings.load(source, "--mapping" if is_named else settings.mapping_place(source.name))
    return settings.model_copy(update={"sources": sources})


def _nothing(contract: DomainContract, base: DomainContract) -> str:
    return f"contract {contract.domain}: nothing differs from version {base.version}"


def _complaints(contract: DomainContract) -> list[str]:
    faults = contract_rules.faults(contract, domain_contracts()[contract.domain])
    for fault in faults:
        complain(f"contract {contract.domain} {contract.version}: {fault}")
    return faults


def _say(name: str) -> None:
    if err.is_terminal:
        err.print(f"taking {name}", markup=False)
