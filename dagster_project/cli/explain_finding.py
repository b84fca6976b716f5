"""What `tieout explain` prints of what is no record but was compared by a control: a balance, a number, a month."""

from __future__ import annotations

import duckdb
from rich.text import Text
from rich.tree import Tree

from dagster_project.cli.console import out
from dagster_project.close.terms import cause, owner
from dagster_project.lineage.breaks import named
from dagster_project.lineage.kinds import KINDS
from dagster_project.lineage.records import exponents, find, money

_FINDINGS = """
    select
        r.code, c.title, r.source_instance, r.status, r.cause_code, r.delta_minor, r.currency_code, r.reason,
        r.left_ref, r.right_ref, coalesce(e.owner_role, c.owner_role), coalesce(e.next_step, c.next_step), e.root_reason
    from marts.reconciliation_results as r
    left join marts.controls as c on c.code = r.code
    left join marts.exceptions as e
        on e.code = r.code and e.source_instance = r.source_instance and e.match_key = r.match_key
        and r.status = 'break'
    where r.match_key = ? and r.source_instance = coalesce(?, r.source_instance)
    order by r.status <> 'break', r.code, r.source_instance
"""


def explain_finding(con: duckdb.DuckDBPyConnection, match_key: str, instance: str | None) -> int | None:
    """Prints what the controls found under the key, breaks first.

    Gives how many are breaks; None where no control has compared it.
    """
    found = con.execute(_FINDINGS, [match_key, instance]).fetchall()
    if not found:
        return None
    decimals = exponents(con)
    tree = Tree(Text(f"{match_key}, as the controls compare it", style="bold"))
    breaks = 0
    for code, title, source, status, why, minor, currency, reason, left, right, role, step, root in found:
        is_break = status == "break"
        breaks += is_break
        amount = money(minor, currency, decimals) if is_break else ""
        words = " · ".join(filter(None, (f"{code} {title} of {source}", status.replace("_", " "), amount, cause(why))))
        node = tree.add(Text(words, style="red" if is_break else ""))
        for line in (reason, root):
            if line:
                node.add(Text(line))
        if is_break:
            node.add(Text(f"{owner(role)} acts: {step}"))
        for reference in (left, right):
            for kind, key in dict.fromkeys(named(reference)):
                if kind in KINDS and find(con, f"{kind}:{key}"):  # a computed side is no record
                    node.add(Text(f"record: {kind}:{key}"))
    out.print(tree)
    return breaks
