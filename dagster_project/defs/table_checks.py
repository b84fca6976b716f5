"""Checks of tables without partitions, in runs of an accounting period."""

import dagster as dg
from dagster._core.definitions.asset_checks.asset_check_evaluation import AssetCheckEvaluationTargetMaterializationData
from dagster._core.execution.context.system import StepExecutionContext


class CheckOfTable(dg.AssetCheckResult):
    """What a check found of a table that has no partitions, told by a step that runs for one: the check names the
    table's last materialization. Dagster would look, check by check, for one of that partition, and find none."""

    @classmethod
    def of(cls, result: dg.AssetCheckResult) -> "CheckOfTable":
        """The same result, of the table as it is."""
        return cls(**result._asdict())

    def _get_partitioned_target_materialization_data(
        self, step_context: StepExecutionContext, asset_key: dg.AssetKey, partition_key: str
    ) -> AssetCheckEvaluationTargetMaterializationData | None:
        return self._get_unpartitioned_target_materialization_data(step_context, asset_key)
