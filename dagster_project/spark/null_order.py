"""Puts nulls last wherever a statement orders and does not say where they go, as DuckDB does; Spark puts them first.

Which of two records counts is often the first of an order: with a null in it the engines would choose differently, and
a figure would depend on the engine. Said here once, because Spark has no setting for it.
"""

from __future__ import annotations

from sqlglot.dialects.spark import Spark
from sqlglot.tokens import Token, TokenType

_OPEN = {TokenType.L_PAREN, TokenType.L_BRACKET}
_CLOSE = {TokenType.R_PAREN, TokenType.R_BRACKET}
# what may follow the terms of an order within the same brackets
_AFTER = {"ROWS", "RANGE", "LIMIT", "QUALIFY", "WINDOW", "UNION", "EXCEPT", "INTERSECT", "OFFSET"}


def nulls_last(sql: str) -> str:
    """The statement with `nulls last` behind every term of an order that has no `nulls` of its own."""
    if "order by" not in sql.lower():
        return sql
    tokens = Spark().tokenize(sql)
    ends = sorted(end for at, token in enumerate(tokens) if _is_order(tokens, at) for end in _terms(tokens, at))
    written, last = [], 0
    for end in ends:
        written += [sql[last:end], " nulls last"]
        last = end
    return "".join(written) + sql[last:]


def _is_order(tokens: list[Token], at: int) -> bool:
    token = tokens[at]
    if token.token_type == TokenType.ORDER_BY:
        return True
    return token.text.upper() == "ORDER" and at + 1 < len(tokens) and tokens[at + 1].text.upper() == "BY"


def _terms(tokens: list[Token], at: int) -> list[int]:
    """Where each term of the order at `at` ends in the text, of those that do not place their nulls."""
    first = at + 1 if tokens[at].token_type == TokenType.ORDER_BY else at + 2
    depth, ends, is_placed = 0, [], False
    for position in range(first, len(tokens) + 1):
        token = tokens[position] if position < len(tokens) else None
        is_end = token is None or (
            depth == 0
            and (token.token_type in _CLOSE or token.token_type == TokenType.SEMICOLON or token.text.upper() in _AFTER)
        )
        if is_end or (depth == 0 and token is not None and token.token_type == TokenType.COMMA):
            if not is_placed:
                ends.append(tokens[position - 1].end + 1)
            is_placed = False
            if is_end:
                break
        elif token is not None:
            depth += (token.token_type in _OPEN) - (token.token_type in _CLOSE)
            is_placed = is_placed or (depth == 0 and token.text.upper() in ("NULLS", "NULLS FIRST", "NULLS LAST"))
    return ends
