"""The page that `tieout explain` prints: the tree of one record, what it rests on, what it became, where it breaks."""

from __future__ import annotations

from collections.abc import Iterator

import duckdb
from rich.text import Text
from rich.tree import Tree

from dagster_project import publish
from dagster_project.cli.console import out
from dagster_project.cli.explain_finding import explain_finding
from dagster_project.errors import InputError
from dagster_project.lineage.batches import batches_of
from dagster_project.lineage.breaks import Break, OpenBreaks
from dagster_project.lineage.chain import Step, follow
from dagster_project.lineage.kinds import KINDS
from dagster_project.lineage.records import Described, Record, describe, events_at_hand, exponents, find, money, near
from dagster_project.settings import Settings
from dagster_project.words import counted

_JOURNAL_LINES = """
    select line_number, account_number, debit_minor, credit_minor, currency_code, document_id
    from canonical.journal_line
    where source_instance = ? and journal_id = ?
    order by line_number
"""

_UNBROKEN = 10_000


def explain(settings: Settings, text: str, instance: str | None, fan: int) -> int:
    """Prints the chain of the record that `text` names, else what controls found under that key; returns the open
    breaks on it. Raises InputError."""
    with publish.open_current(settings) as con:
        if not find(con, text.strip()):
            found = explain_finding(con, text.strip(), instance)
            if found is not None:
                return found
        return _Page(con, settings, _chosen(con, text, instance), fan).print()


def _chosen(con: duckdb.DuckDBPyConnection, text: str, instance: str | None) -> Record:
    """The one record that the text names; raises InputError that says what else it could have meant."""
    found = find(con, text.strip())
    chosen = [one for one in found if instance in (None, one.instance)]
    if len(chosen) == 1:
        return chosen[0]
    if found and not chosen:
        held = ", ".join(sorted({one.instance for one in found}))
        raise InputError(f"{text} is not an id of source {instance}; it is one of {held}")
    if not found:
        alike = "; ".join(f"{_name(one)}" for one in near(con, text.strip()))
        unseen = "" if events_at_hand(con) else "; usage events were not looked at, for the archive is not at hand"
        raise InputError(
            f"no published record has the id {text}" + (f"; ids that read alike: {alike}" if alike else "") + unseen
        )
    first = chosen[0]
    hint = f"{first.kind}:{first.id}"
    if sum(one.kind == first.kind for one in chosen) > 1:
        hint += f" --instance {first.instance}"
    listed = "; ".join(_name(one) for one in chosen)
    raise InputError(f"{text} names {len(chosen)} records: {listed}; choose one, for example {hint}")


def _name(record: Record) -> str:
    return f"{KINDS[record.kind].words} {record.id} of {record.instance}"


class _Page:
    """The printed tree of one record."""

    def __init__(self, con: duckdb.DuckDBPyConnection, settings: Settings, start: Record, fan: int):
        self.con, self.start, self.fan = con, start, fan
        self.above, self.below = (follow(con, start, upward, fan) for upward in (True, False))
        self.own = describe(con, [start])[start]
        self.decimals = exponents(con)
        self.breaks = OpenBreaks(con)
        single = [self.own, *(one for step in self._all() if len(step.records) <= fan for one in step.records)]
        self.batches = batches_of(con, settings.archive_path, single)
        self.has_archive = settings.archive_path.is_dir() and events_at_hand(con)
        self.broken: dict[str, Break] = {}

    def print(self) -> int:
        """Prints the tree and returns the number of open breaks on it."""
        tree = self._node(Tree(self._line("", self.own)), self.own)
        for title, steps in (("rests on", self.above), ("became", self.below)):
            branch = tree.add(Text(title, style="bold"))
            if not steps:
                branch.add(Text("nothing that was delivered"))
            for step in steps:
                self._step(branch, step)
        if not out.is_terminal:
            out.width = _UNBROKEN  # a pipe gets one line per record
        out.print(tree)
        if self.broken:
            out.print(f"{counted(len(self.broken), 'open break')} on this chain.", markup=False)
        else:
            out.print("The chain is unbroken: no open break names a record of it.", markup=False)
        if not self.has_archive:
            out.print("The archive is not at hand, so usage events and deliveries may not be named.", markup=False)
        return len(self.broken)

    def _all(self) -> Iterator[Step]:
        waiting = [*self.above, *self.below]
        while waiting:
            step = waiting.pop()
            yield step
            waiting.extend(step.steps)

    def _step(self, branch: Tree, step: Step) -> None:
        if step.seen and not step.records and not step.missing:
            names = ", ".join(one.id for one in step.seen[: self.fan])
            more = f" and {len(step.seen) - self.fan} more" if len(step.seen) > self.fan else ""
            branch.add(Text(f"{step.relation}: {KINDS[step.kind].words} {names}{more} (shown elsewhere)", style="dim"))
            return
        if len(step.records) + len(step.missing) == 1:
            if step.missing:
                node = branch.add(Text(f"{step.relation}: {_name(step.missing[0])}, never delivered", style="bold red"))
                self._broken(node, step.missing[0])
            else:
                node = self._node(branch.add(self._line(f"{step.relation}: ", step.records[0])), step.records[0])
        else:
            node = branch.add(self._summary(step))
            for one in step.records:
                self._broken(node, one.record)
        for below in step.steps:
            self._step(node, below)

    def _node(self, node: Tree, one: Described) -> Tree:
        self._broken(node, one.record)
        if one.record.kind == "journal":
            rows = self.con.execute(_JOURNAL_LINES, [one.record.instance, one.record.id]).fetchall()
            for number, account, debit, credit, currency, document in rows[: 4 * self.fan]:
                side = "debit" if debit or not credit else "credit"
                amount = money(int(debit or credit or 0), currency, self.decimals)
                named = f", names {document}" if document else ""
                node.add(Text(f"line {number}: account {account}, {side} {amount}{named}"))
            if len(rows) > 4 * self.fan:
                node.add(Text(f"and {len(rows) - 4 * self.fan} more lines"))
        return node

    def _broken(self, node: Tree, record: Record) -> None:
        for one in self.breaks.of(record):
            if one.key in self.broken:
                node.add(Text(f"BREAK {one.code} {one.match_key} (shown elsewhere)", style="red"))
                continue
            self.broken[one.key] = one
            amount = money(one.amount_minor, one.currency, self.decimals)
            words = " ".join(filter(None, ("BREAK", one.code, one.cause, amount)))
            consequence = f" [{one.root_reason}]" if one.root_reason else ""
            node.add(Text(f"{words}: {one.reason}{consequence}", style="red"))

    def _line(self, relation: str, one: Described) -> Text:
        parts = [_name(one.record)]
        parts += filter(None, (one.status, one.note, money(one.amount_minor, one.currency, self.decimals)))
        if one.at:
            parts.append(f"{one.at:%Y-%m-%d %H:%M} UTC")
        if one.correlation:
            parts.append(f"correlation {one.correlation}")
        parts += [f"batch {batch} (sha256 {sha256[:16]}...)" for batch, sha256 in self.batches.get(one.record, ())]
        return Text(relation + " · ".join(parts), style="bold" if not relation else "")

    def _summary(self, step: Step) -> Text:
        """A wide fan: how many, how much per currency, from when to when."""
        sums: dict[str, int] = {}
        for one in step.records:
            if one.amount_minor is not None and one.currency:
                sums[one.currency] = sums.get(one.currency, 0) + one.amount_minor
        times = sorted(one.at for one in step.records if one.at)
        parts = [f"{len(step.records):,} × {KINDS[step.kind].words}"]
        parts += [f"sum {money(total, currency, self.decimals)}" for currency, total in sorted(sums.items())]
        if times:
            parts.append(f"{times[0]:%Y-%m-%d} to {times[-1]:%Y-%m-%d}")
        if step.missing:
            parts.append(f"{len(step.missing):,} never delivered")
        if step.seen:
            parts.append(f"{len(step.seen):,} shown elsewhere")
        return Text(f"{step.relation}: " + " · ".join(parts))
