"""Has what a statement reads in several places computed once, as DuckDB does; Spark plans it anew in each of them.

A table expression that is joined with itself five times over would be planned as thirty-two of it, and most of the time
of a small company's books went there. Each such expression is computed before the statement, which reads what it came
to. Only expressions over several tables: reading one table again costs less than keeping what was read of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from sqlglot.dialects.spark import Spark
from sqlglot.tokens import Token, TokenType


@dataclass(frozen=True)
class Kept:
    """What is to be computed before the statement: a query, and the name by which all that follows reads it."""

    name: str
    query: str


@dataclass(frozen=True)
class _Expression:
    name: str
    text: str
    tokens: Sequence[Token]


@dataclass(frozen=True)
class _Clause:
    """A `with` and its expressions: where it starts and ends in the text, and the tokens after it."""

    start: int
    end: int
    expressions: Sequence[_Expression]
    rest: Sequence[Token]


def apart(sql: str, mark: str) -> tuple[list[Kept], str]:
    """What to keep, in its order, under names that begin with `mark`, and the statement that reads it.

    Together they mean what the statement means. Nothing is kept where the statement has no `with` of plain expressions.
    """
    clause = _clause(sql, Spark().tokenize(sql)) if "with" in sql.lower() else None
    if clause is None:
        return [], sql
    parts = [one.tokens for one in clause.expressions] + [clause.rest]
    shown: dict[str, str] = {}
    kept: list[Kept] = []
    scans: dict[str, int] = {}
    for one in clause.expressions:
        held = sum(scans.get(name, 1) for name in _read(one.tokens))
        if held > 1 and sum(_read(part).count(one.name) for part in parts) > 1:
            view = f"{mark}_{one.name}"
            before = _definitions(one.tokens, clause, shown)
            kept.append(Kept(view, f"{before}select * from ({one.text})"))
            shown[one.name], scans[one.name] = f"select * from {view}", 1
        else:
            shown[one.name], scans[one.name] = one.text, held
    if not kept:
        return [], sql
    return kept, sql[: clause.start] + _definitions(clause.rest, clause, shown) + sql[clause.end :]


def _clause(sql: str, tokens: Sequence[Token]) -> _Clause | None:
    """The first `with` that names table expressions; None where there is none, or one that says more than names."""
    first = next((at for at, token in enumerate(tokens) if token.token_type == TokenType.WITH), len(tokens))
    expressions: list[_Expression] = []
    at = first + 1
    while [one.token_type for one in tokens[at + 1 : at + 3]] == [TokenType.ALIAS, TokenType.L_PAREN]:
        close = _closing(tokens, at + 2)
        text = sql[tokens[at + 2].end + 1 : tokens[close].start]
        expressions.append(_Expression(tokens[at].text.lower(), text, tokens[at + 3 : close]))
        if tokens[close + 1].token_type != TokenType.COMMA:
            return _Clause(tokens[first].start, tokens[close].end + 1, expressions, tokens[close + 1 :])
        at = close + 2
    return None


def _closing(tokens: Sequence[Token], opening: int) -> int:
    depth = 0
    for at in range(opening, len(tokens)):
        depth += (tokens[at].token_type == TokenType.L_PAREN) - (tokens[at].token_type == TokenType.R_PAREN)
        if depth == 0:
            return at
    raise ValueError("a bracket that is opened is never closed")


def _read(tokens: Sequence[Token]) -> list[str]:
    """The names that stand where a table is read; of `schema.table` the schema, which no expression is called."""
    return [
        name.text.lower()
        for before, name in pairwise(tokens)
        if before.text.upper() in ("FROM", "JOIN") and name.token_type != TokenType.L_PAREN
    ]


def _definitions(tokens: Sequence[Token], clause: _Clause, shown: dict[str, str]) -> str:
    """`with ...` of those shown expressions that the tokens, or what they name, may read; empty where of none."""
    wanted = {token.text.lower() for token in tokens}
    chosen: list[str] = []
    for one in reversed([one for one in clause.expressions if one.name in shown]):
        if one.name in wanted:
            chosen.insert(0, f"{one.name} as ({shown[one.name]})")
            if shown[one.name] == one.text:
                wanted |= {token.text.lower() for token in one.tokens}
    return f"with {', '.join(chosen)}\n" if chosen else ""
