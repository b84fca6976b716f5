"""Contracts for the reader of a terminal: their versions, their differences, and what a test of one found."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from decimal import Decimal

from rich.markup import escape
from rich.table import Table

from dagster_project.archive.manifest import Manifest
from dagster_project.archive.parsing.currencies import exponents
from dagster_project.archive.releases import Line
from dagster_project.archive.trial import BatchTrial, Side, Taken, Trial
from dagster_project.money import major
from dagster_project.sources.contract_diff import Change
from dagster_project.sources.contracts import DomainContract


def versions(domain: str, line: Line) -> Table:
    """A row per release and rollback; one row where only the shipped contract is there."""
    table = _table(
        f"Contract {domain}, current version {line.current}", "Version", "State", "When", "By", "Why, and what changed"
    )
    for link in line.links:
        step = link.contract_step
        assert step is not None
        state = "current" if link is line.links[-1] else step.action
        if step.action == "release" and link.contract_version not in line.live:
            state = "withdrawn"
        why = [step.reason, *step.changes, *([f"untested: {step.without_test}"] if step.without_test else [])]
        table.add_row(
            *map(
                escape,
                (link.contract_version, state, f"{link.received_at:%Y-%m-%d %H:%M} UTC", step.by, "\n".join(why)),
            )
        )
    if not line.links:
        table.add_row(line.current, "current", "", "Tieout", "as shipped")
    return table


def changes(base: DomainContract, contract: DomainContract, found: Iterable[Change]) -> Table:
    """A row per difference."""
    table = _table(
        f"Contract {contract.domain}: {base.version} and what is in contracts/",
        "Where",
        "What differs",
        "For who delivers",
    )
    for change in found:
        meaning = {"major": "breaking", "minor": "compatible", "patch": "no row is judged differently"}[change.weight]
        table.add_row(escape(change.place), escape(change.words), meaning, style="bold" if change.is_breaking else None)
    return table


def batches(contract: DomainContract, trial: Trial) -> Table:
    """A row per object and source: batches and rows as they are taken now, and as they would be."""
    title = f"The last batches under contract {contract.domain} {contract.version}"
    table = _table(title, "Source", "Object", "Batches", "Refused", "Rows accepted", "Rows set aside")
    groups: dict[tuple[str, str], list[tuple[Taken, Taken]]] = {}
    for batch in trial.batches:
        place = (batch.link.source_instance, batch.link.object)
        groups.setdefault(place, []).append((batch.now, batch.then))
    for (source, name), pairs in sorted(groups.items()):
        sums = [
            (
                sum(taken.is_refused for taken in side),
                sum(taken.parsed_rows for taken in side),
                sum(taken.quarantined_rows for taken in side),
            )
            for side in zip(*pairs, strict=True)
        ]
        cells = [
            f"{before:,}" if before == after else f"{before:,} -> {after:,}"
            for before, after in zip(*sums, strict=True)
        ]
        table.add_row(source, name, str(len(pairs)), *cells)
    return table


def in_words(contract: DomainContract, trial: Trial) -> list[str]:
    """What would change, the worst first; one line each."""
    verdict = {
        "unchanged": "each would be taken as it is now",
        "moves": "rows or totals would move",
        "refuses": "batches that are accepted now would be refused",
    }[trial.outcome]
    lines = [f"The last {len(trial.batches)} batches, taken under {contract.version}: {verdict}"]
    staying = sum(batch.stays for batch in trial.batches)
    if staying:
        lines.append(f"{staying} of them declare an older version: a release lets them stay with it")
    worst_first = sorted(trial.batches, key=lambda batch: batch.outcome != "refuses")
    lines += [_batch(batch) for batch in worst_first if batch.outcome != "unchanged"]
    for name, column, currency, now, then in trial.moves():
        lines.append(f"{name} {column}{f' {currency}' if currency else ''}: {_decimal(now)} -> {_decimal(then)}")
    return lines


def figures(links: list[Manifest], now: Side, then: Side, say: Callable[[str], None]) -> list[str]:
    """A line per figure of a control or the bridge that would move."""
    from dagster_project import whatif

    lines = []
    for one in whatif.moved(links, now, then, say):
        decimals = exponents().get(one.currency, 2) if one.is_money else 0
        before, after = major(one.now, decimals), major(one.then, decimals)
        unit = f" {one.currency}" if one.currency else ""
        lines.append(f"{one.subject}, {one.figure}{unit}: {before} -> {after}")
    return lines


def released(link: Manifest) -> list[str]:
    """What was recorded, and what follows from it."""
    step = link.contract_step
    assert step is not None
    did = "released" if step.action == "release" else "current again"
    return [
        f"contract {link.domain} {link.contract_version} is {did}, before: {step.previous_version}"
        f" (link {link.sequence} of the archive, sha256 {link.sha256})",
        *(f"  {change}" for change in step.changes),
        "Deliveries that come from now on are checked against it; what was archived stays as it was taken.",
    ]


def _batch(batch: BatchTrial) -> str:
    link, told = batch.link, "; ".join(batch.then.reasons or batch.now.reasons)
    stays = f" (declares {link.sidecar.schema_version})" if batch.stays and link.sidecar else ""
    accepted = "refused" if batch.then.is_refused else f"{_rows(batch.then)}, was {_rows(batch.now)}"
    return f"{link.source_instance}/{link.file_name}{stays}: {accepted}{f': {told}' if told else ''}"


def _rows(taken: Taken) -> str:
    return "refused" if taken.is_refused else f"{taken.parsed_rows:,} accepted"


def _decimal(value: Decimal) -> str:
    return f"{value:,f}".rstrip("0").rstrip(".") if value % 1 else f"{value:,.0f}"


def _table(title: str, *headings: str) -> Table:
    table = Table(title=title, title_justify="left", header_style="bold")
    for heading in headings:
        table.add_column(heading, overflow="fold")
    return table
