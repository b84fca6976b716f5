"""How dbt runs the plain nodes of a build here: a table, a view, a data test, each as the one statement that it is.

Selection, order, threads, events, results and failures stay dbt's. Left out is what it does around each statement for
databases and options that are not used here: rendering a model, its materialization and each of its macros anew, and
building a table beside the former one, renaming both and dropping the old. DuckDB's data definition is transactional,
so dropping and creating in one transaction leaves the former relation whole where the new one cannot be made.

With a plan, a node that stands when its parents have been built is not run, of a table that is made of parts only those
are built again that may have changed, and of a table that is built again it is told whether it holds the rows that it
held before.

Whatever is not plain (a Python model, hooks, another materialization, a broken contract) is done by dbt's own code.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from dbt.artifacts.schemas.run import RunResult, RunStatus
from dbt.node_types import NodeType
from dbt.task.build import BuildTask
from dbt.task.run import ModelRunner
from dbt.task.test import TestResultData, TestRunner

from dagster_project.dbt.changed import Plan
from dagster_project.dbt.compiled import CompiledSql
from dagster_project.sql import listed
from dagster_project.warehouse.contents import ROW, ROWS

_PLAIN_KINDS = frozenset({"table", "view"})


@contextmanager
def plain_nodes(kept: CompiledSql, plan: Plan | None = None) -> Iterator[None]:
    """While it lasts, dbt's builds of this process run plain nodes so; SQL is taken from `kept` and added to it.
    Without a `plan` every node runs."""
    before = BuildTask.RUNNER_MAP
    own = {"kept": kept, "plan": plan}
    runners: dict[NodeType, Any] = {
        NodeType.Model: type("Model", (_Model,), own),
        NodeType.Test: type("Test", (_Test,), own),
    }
    BuildTask.RUNNER_MAP = {**before, **runners}
    try:
        yield
    finally:
        BuildTask.RUNNER_MAP = before


class _Compiled:
    """A runner that renders a node only where its SQL is not kept."""

    kept: CompiledSql
    plan: Plan | None
    stands = False
    node: Any
    adapter: Any
    compiler: Any

    def compile(self, manifest: Any) -> Any:
        """The node with its SQL, which is also written among dbt's artefacts; of one that stands, those of its last run
        stay."""
        node = self.node
        self.stands = self.plan is not None and self.plan.stands(node.unique_id)
        if self.stands:
            return node
        sql = self.kept.get(node.unique_id)
        if sql is not None:
            node.compiled_code, node.compiled, node.extra_ctes_injected = sql, True, True
            return self.compiler._write_node(node)
        node = super().compile(manifest)  # type: ignore[misc]
        asked = self.adapter.connections.get_thread_connection().state == "open"
        if node.language == "sql" and not asked and not node.extra_ctes:
            self.kept.put(node.unique_id, node.compiled_code)
        return node

    def fetched(self, *statements: str) -> list[tuple[Any, ...]]:
        """The rows of the last statement. Raises dbt's error; its transaction, if any, ends with the connection."""
        sql, connections = ";\n".join(statements), self.adapter.connections
        with connections.exception_handler(sql):
            return list(connections.get_thread_connection().handle.cursor().execute(sql).fetchall())


class _Model(_Compiled, ModelRunner):
    def execute(self, model: Any, manifest: Any) -> RunResult:
        """Builds the model, unless it stands. Raises dbt's own errors."""
        if self.stands:
            return _success(model, "unchanged")
        name, before = model.unique_id, self._digest(model)
        result = self._built(model, manifest)
        if self.plan is not None and result.status == RunStatus.Success:
            self.plan.built(name, before is not None and before == self._digest(model))
        return result

    def _digest(self, model: Any) -> tuple[Any, ...] | None:
        """Equal digests, equal rows, in any order; None of what the plan holds nothing of, and of a view."""
        if self.plan is None or model.unique_id not in self.plan.held or model.config.materialized == "view":
            return None
        relation = self.adapter.Relation.create_from(self.config, model)
        [found] = self.fetched(f"select {ROWS} from {relation} as {ROW}")
        return found

    def _built(self, model: Any, manifest: Any) -> RunResult:
        """Replaces the table or view."""
        kind, config = model.config.materialized, model.config
        if kind not in _PLAIN_KINDS or model.language != "sql" or config.pre_hook or config.post_hook:
            return super().execute(model, manifest)
        wanted = self.adapter.Relation.create_from(self.config, model, type=kind)
        standing = self.adapter.get_relation(wanted.database, wanted.schema, wanted.identifier)
        parts = self.plan.changed_parts(model.unique_id) if self.plan is not None and standing else None
        if parts is not None:
            self.fetched("begin", *_only(parts, model, wanted), "commit")
            return _success(model, "OK")
        make_room = [f"drop {standing.type} if exists {standing} cascade"] if standing else []
        create = f"create {kind} {wanted} as (\n{model.compiled_code}\n)"
        described = self.fetched("begin", *make_room, create, f"describe {wanted}")
        if model.contract.enforced and [(row[0], row[1]) for row in described] != _stated(model):
            self.fetched("rollback")
            return super().execute(model, manifest)  # two names of a type may be one: dbt asks the engine, and tells
        self.fetched("commit")
        self.adapter.cache_added(wanted.incorporate(dbt_created=True))
        return _success(model, "OK")


class _Test(_Compiled, TestRunner):
    def execute_data_test(self, data_test: Any, manifest: Any) -> TestResultData:
        """Counts the rows that the test's query finds, unless it stands. Raises dbt's own errors."""
        if self.stands and self.plan is not None:
            event = self.plan.held[data_test.unique_id].event["data"]
            warned = event["node_info"]["node_status"] == "warn"
            return TestResultData(int(event.get("num_failures") or 0), warned, False, {"_message": "unchanged"})
        found = self._found(data_test, manifest)
        if self.plan is not None:
            self.plan.built(data_test.unique_id)
        return found

    def _found(self, data_test: Any, manifest: Any) -> TestResultData:
        config = data_test.config
        if config.store_failures or config.limit is not None:
            return super().execute_data_test(data_test, manifest)
        [(failures, should_warn, should_error)] = self.fetched(
            f"select {config.fail_calc}, {config.fail_calc} {config.warn_if}, {config.fail_calc} {config.error_if}\n"
            f"from (\n{data_test.compiled_code}\n) as found"
        )
        return TestResultData(int(failures), bool(should_warn), bool(should_error), {"_message": "OK"})


def _only(parts: tuple[str, ...], model: Any, table: Any) -> list[str]:
    """The statements that build these parts of the table again, and leave the others as they are."""
    of_them = f"{model.config.meta['parts_by']} in ({listed(parts)})" if parts else "false"
    rows = f"select * from (\n{model.compiled_code}\n) as found where {of_them}"
    return [f"delete from {table} where {of_them}", f"insert into {table} by name {rows}"]


def _success(model: Any, message: str) -> RunResult:
    return RunResult(
        node=model,
        status=RunStatus.Success,
        timing=[],
        thread_id=threading.current_thread().name,
        execution_time=0,
        message=message,
        adapter_response={"_message": message},
        failures=None,
        batch_results=None,
    )


def _stated(model: Any) -> list[tuple[str, str]]:
    """The columns and types of a model's contract, as DuckDB describes a table."""
    types = ((one.name, str(one.data_type)) for one in model.columns.values())
    return [(name, "VARCHAR" if stated == "string" else stated.upper()) for name, stated in types]
