"""The suites of `expectations` as asset checks: at the boundary on what landed, on the outcome on the marts.

Every spec is blocking and severity decides: a failed structural check is an ERROR and holds back what follows, any
other a WARN. So books are built only after the boundary was judged, whatever the verdict, and R38 can read it.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

import dagster as dg
import duckdb
from dagster._core.definitions.data_version import DATA_VERSION_TAG
from pydantic import TypeAdapter

from dagster_project import progress, warehouse
from dagster_project.defs.asked_once import ask_once
from dagster_project.defs.faults import in_words
from dagster_project.defs.landed import landed_key
from dagster_project.defs.measures import UNCHANGED
from dagster_project.defs.resources import WRITER_POOL, Tieout
from dagster_project.defs.table_checks import CheckOfTable
from dagster_project.settings import Settings
from dagster_project.sources.contracts import Contract
from dagster_project.warehouse import steps
from expectations.suites import boundary, outcome
from expectations.suites.delivery_checks import delivery_checks
from expectations.suites.model import CheckResult, SuiteResult

BOUNDARY_RESULTS = dg.AssetKey(["quality", "boundary_results"])
DELIVERED, KEEPS_CONTRACT = "delivered_as_reported", "rows_keep_contract"
BOUNDARY_WORDS = {
    DELIVERED: "What was delivered is what the source reported",
    KEEPS_CONTRACT: "The rows in force keep the contract",
}
OUTCOME_RESULTS = dg.AssetKey(["quality", "outcome_results"])
Keyed = Callable[[tuple[str, str]], dg.AssetKey]
RunSuites = Callable[[duckdb.DuckDBPyConnection, Settings, Path], Iterable[SuiteResult]]


def result_tables(contracts: Mapping[tuple[str, str], Contract], marts: Collection[dg.AssetKey]) -> list[dg.AssetSpec]:
    """The tables in which the suites keep their results: written while checking, read by dbt and by auditors."""
    landed = [boundary_key(key) for key in contracts]
    judged = [key for suite in outcome.suites() if (key := outcome_key(suite.asset_key)) in marts]
    return [
        dg.AssetSpec(
            BOUNDARY_RESULTS, deps=landed, group_name="quality", description="What the boundary suites found."
        ),
        dg.AssetSpec(
            OUTCOME_RESULTS,
            deps=list(dict.fromkeys(judged)),
            group_name="quality",
            description="What the outcome suites found.",
        ),
    ]


def boundary_groups(contract: Contract) -> dict[str, tuple[str, ...]]:
    """The two questions asked of every object, and the suite's checks that answer each.

    Not an asset check per expectation: there are nine hundred, and writing them down takes longer than the close.
    """
    deliveries = tuple(check.name for check in delivery_checks(contract))
    rows = tuple(name for name in boundary.check_names(contract) if name not in deliveries)
    return {DELIVERED: deliveries, KEEPS_CONTRACT: rows}


def boundary_specs(contracts: Mapping[tuple[str, str], Contract]) -> list[dg.AssetCheckSpec]:
    """Two specs per object, on its landed relation."""
    return [
        dg.AssetCheckSpec(
            name, asset=boundary_key(key), blocking=True, description=f"{BOUNDARY_WORDS[name]}: {', '.join(checks)}."
        )
        for key, contract in contracts.items()
        for name, checks in boundary_groups(contract).items()
    ]


def outcome_specs(marts: Collection[dg.AssetKey]) -> list[dg.AssetCheckSpec]:
    """A spec per check of every outcome suite whose mart is among `marts`: Dagster refuses checks on anything else."""
    return [
        dg.AssetCheckSpec(
            check.name,
            asset=outcome_key(suite.asset_key),
            blocking=True,
            description=f"{rule.holds} Where that fails: {rule.effect} Next: {rule.next_step}",
        )
        for suite in outcome.suites()
        if outcome_key(suite.asset_key) in marts
        for check in suite.checks
        for rule in [check.routing]
    ]


def build_boundary(contracts: Mapping[tuple[str, str], Contract]) -> dg.AssetChecksDefinition:
    """The suites at the boundary, one step."""
    specs = boundary_specs(contracts)

    @dg.multi_asset_check(specs=specs, name="boundary", pool=WRITER_POOL)
    def check_boundary(context: dg.AssetCheckExecutionContext, tieout: Tieout) -> Iterator[dg.AssetCheckResult]:
        progress.announce(progress.BOUNDARY)
        found = judged(tieout, context.run.run_id, "boundary", boundary.run_boundary)
        context.op_execution_context.log_event(found.materialization(BOUNDARY_RESULTS))
        ask_once(context, about={spec.asset_key for spec in specs})
        yield from check_results(specs, list(grouped(contracts, found.suites)), boundary_key)

    return check_boundary


def build_outcome(marts: Collection[dg.AssetKey]) -> dg.AssetChecksDefinition:
    """The suites on the outcome, one step."""
    specs = outcome_specs(marts)

    @dg.multi_asset_check(specs=specs, name="outcome", pool=WRITER_POOL)
    def check_outcome(context: dg.AssetCheckExecutionContext, tieout: Tieout) -> Iterator[dg.AssetCheckResult]:
        progress.announce(progress.OUTCOME)
        found = judged(tieout, context.run.run_id, "outcome", outcome.run_outcome)
        context.op_execution_context.log_event(found.materialization(OUTCOME_RESULTS))
        ask_once(context, about={spec.asset_key for spec in specs})
        yield from check_results(specs, found.suites, outcome_key)

    return check_outcome


@dataclass(frozen=True)
class Judged:
    """The results of a stage: of this run, or of the run `run_id` that last judged the same rows by the same code."""

    run_id: str
    suites: list[SuiteResult]
    unchanged_since: datetime | None = None

    def materialization(self, key: dg.AssetKey) -> dg.AssetMaterialization:
        """Rows written, checks run and failed; since when, where they were not run again. Its version is the run that
        judged: what reads results that stand is not out of date."""
        since = {UNCHANGED: self.unchanged_since.isoformat(timespec="seconds")} if self.unchanged_since else {}
        return dg.AssetMaterialization(
            key,
            metadata={**table_metadata(self.suites), **since},
            tags={DATA_VERSION_TAG: self.run_id},
        )


_KEPT = TypeAdapter(Judged)


def judged(tieout: Tieout, run_id: str, stage: Literal["boundary", "outcome"], suites: RunSuites) -> Judged:
    """Judges what the stage reads, unless nothing of it has changed since it was last judged.

    Details go to `<home>/runs/<run_id>/expectations`, and are looked for there before anything is taken as judged.
    """
    settings = tieout.settings

    def details(of_run: str) -> Path:
        return settings.home / "runs" / of_run / "expectations"

    def judge(con: duckdb.DuckDBPyConnection) -> str:
        return _KEPT.dump_json(Judged(run_id, list(suites(con, settings, details(run_id))))).decode()

    with in_words(), warehouse.connect(settings) as con:
        if tieout.full_refresh:
            boundary.forget(con)
            outcome.forget(con)
        inputs = steps.fingerprint(con, settings.archive_path, with_books=stage == "outcome")
        made = steps.once(
            con,
            stage,
            inputs,
            make=lambda: judge(con),
            stands=lambda kept: details(_KEPT.validate_json(kept).run_id).is_dir(),
            again=tieout.full_refresh,
        )
    return replace(_KEPT.validate_json(made.json), unchanged_since=made.unchanged_since)


def grouped(contracts: Mapping[tuple[str, str], Contract], found: Iterable[SuiteResult]) -> Iterator[SuiteResult]:
    """The boundary's results with each object's checks folded into its two questions."""
    for suite in found:
        groups = boundary_groups(contracts[suite.asset_key])
        checks = [(name, [one for one in suite.checks if one.name in names]) for name, names in groups.items()]
        yield replace(suite, checks=tuple(fold(name, some) for name, some in checks if some))


def fold(name: str, checks: Sequence[CheckResult]) -> CheckResult:
    """Several checks as one: failed when any failed, closing the gate when one that failed is structural."""
    failed = [check for check in checks if not check.passed]
    untested = [check for check in checks if check.metadata.get("status") == "not_testable"]
    told = failed or untested
    amounts = {
        f"at stake: {check.name}": check.metadata["amount_minor"]
        for check in failed
        if "amount_minor" in check.metadata
    }
    return CheckResult(
        name=name,
        passed=not failed,
        blocking=any(check.blocking for check in failed),
        severity=min((check.severity for check in failed or checks), default="S4"),
        words="\n".join(check.words for check in told) if told else f"All {len(checks)} checks hold.",
        metadata={
            "checks": len(checks),
            "failed": [check.name for check in failed],
            "not testable": [check.name for check in untested],
            "owner_role": sorted({str(check.metadata.get("owner_role")) for check in told or checks}),
            "unexpected_rows": sum(int(check.metadata.get("unexpected_rows", 0)) for check in failed),
            "failing_rows": [
                str(check.metadata["failing_rows"]) for check in failed if check.metadata.get("failing_rows")
            ],
            **amounts,
        },
    )


def check_results(
    specs: Sequence[dg.AssetCheckSpec], found: Iterable[SuiteResult], key_of: Keyed
) -> Iterator[dg.AssetCheckResult]:
    """One result per declared spec: as judged, or passed with a word where the object is not configured."""
    judged = {(key_of(suite.asset_key), check.name): check for suite in found for check in suite.checks}
    for spec in specs:
        yield check_result(spec, judged.get((spec.asset_key, spec.name)))


def check_result(spec: dg.AssetCheckSpec, check: CheckResult | None) -> dg.AssetCheckResult:
    """An asset check result that says what it means, whose it is and how much money is at stake."""
    if check is None:
        words = {"words": "Not configured: there is nothing to check."}
        return CheckOfTable(passed=True, asset_key=spec.asset_key, check_name=spec.name, metadata=words)
    facts = {name: shown(value) for name, value in check.metadata.items()}
    return CheckOfTable(
        passed=check.passed,
        asset_key=spec.asset_key,
        check_name=spec.name,
        severity=dg.AssetCheckSeverity.ERROR if check.blocking else dg.AssetCheckSeverity.WARN,
        metadata={"words": check.words, "severity": check.severity, **facts},
        description=check.words,
    )


def shown(fact: Any) -> Any:
    """A fact as the UI has it beside its name: lists and amounts per currency it would fold away, empty ones too."""
    if isinstance(fact, Mapping):
        return ", ".join(f"{minor:,} minor units of {currency}" for currency, minor in fact.items()) or "none"
    return ", ".join(map(str, fact)) or "none" if isinstance(fact, list) else fact


def table_metadata(found: Sequence[SuiteResult]) -> dict[str, int]:
    """Rows written, checks run and failed."""
    checks = [check for suite in found for check in suite.checks]
    return {
        "dagster/row_count": sum(len(suite.rows) for suite in found),
        "checks": len(checks),
        "failed": sum(not check.passed for check in checks),
    }


def boundary_key(asset_key: tuple[str, str]) -> dg.AssetKey:
    """The landed relation of a (domain, object)."""
    return landed_key("generic", *asset_key)


def outcome_key(asset_key: tuple[str, str]) -> dg.AssetKey:
    """The mart that an outcome suite is about."""
    return dg.AssetKey(list(asset_key))
