"""How two versions of a contract differ, in words, and what each difference means for who delivers by the older one.

Breaking (major): a file that keeps the older version may not keep the newer one. Compatible: it does (minor), or no row
is judged differently at all (patch).
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from dagster_project.sources.contracts import Column, Contract, DomainContract
from dagster_project.sources.versions import WEIGHTS, Weight

Effect = Literal["different", "narrower", "wider", "none"]
_WEIGHT: dict[Effect, Weight] = {"different": "major", "narrower": "major", "wider": "minor", "none": "patch"}
_NEAR = 0.55


@dataclass(frozen=True)
class Change:
    """One difference; `object` is empty where the file as a whole differs, `column` where the object does.

    `narrower` refuses rows that were accepted, `wider` accepts rows that were refused, `different` means other data.
    """

    object: str
    column: str
    effect: Effect
    words: str

    @property
    def weight(self) -> Weight:
        """What a version is raised by for it."""
        return _WEIGHT[self.effect]

    @property
    def is_breaking(self) -> bool:
        return self.weight == "major"

    @property
    def place(self) -> str:
        """Where it is: object.column."""
        return ".".join(part for part in (self.object, self.column) if part) or "contract"

    def __str__(self) -> str:
        return f"{self.place}: {self.words} ({'breaking' if self.is_breaking else 'compatible'}, {self.weight})"


def diff(old: DomainContract, new: DomainContract) -> tuple[Change, ...]:
    """Every difference, in the order of the objects; empty only when the two are equal but for their version."""
    before = {contract.name: contract for contract in old.objects}
    after = {contract.name: contract for contract in new.objects}
    changes: list[Change] = []
    for name in dict.fromkeys([*before, *after]):
        if name not in after:
            changes.append(Change(name, "", "different", "the object was removed"))
        elif name not in before:
            changes.append(Change(name, "", "wider", "the object is new"))
        else:
            changes += _object(before[name], after[name])
    if not changes and _but_version(old) != _but_version(new):
        changes.append(Change("", "", "none", "only words, order or metadata differ"))
    return tuple(changes)


def heaviest(changes: Iterable[Change]) -> Weight | None:
    """The weight that a version must be raised by, None when nothing differs."""
    found = {change.weight for change in changes}
    return next((weight for weight in WEIGHTS if weight in found), None)


def near(name: str, others: Iterable[str]) -> str | None:
    """The one of the other names that a renamed column is likely to have now, None where none is like it."""
    folded = {other.strip().lower().replace(" ", "_"): other for other in others}
    found = difflib.get_close_matches(name, folded, n=1, cutoff=_NEAR)
    return folded[found[0]] if found else None


def _but_version(contract: DomainContract) -> object:
    return contract.document.model_copy(update={"version": ""})


def _object(old: Contract, new: Contract) -> Iterator[Change]:
    def change(effect: Effect, words: str) -> Change:
        return Change(new.name, "", effect, words)

    if old.mode != new.mode:
        yield change("different", f"the mode was {old.mode}, is {new.mode}")
    if old.key != new.key:
        yield change("different", f"the key was ({', '.join(old.key)}), is ({', '.join(new.key)})")
    if old.not_content != new.not_content:
        yield change("different", f"not content was {_listed(old.not_content)}, is {_listed(new.not_content)}")
    if old.optional != new.optional:
        effect: Effect = "narrower" if old.optional else "wider"
        yield change(effect, f"the object is {'optional' if new.optional else 'no longer optional'}")
    if old.description != new.description:
        yield change("none", "the description differs")
    yield from _columns(old, new)


def _columns(old: Contract, new: Contract) -> Iterator[Change]:
    before = {column.name: column for column in old.columns}
    after = {column.name: column for column in new.columns}
    gone = [name for name in before if name not in after]
    added = [name for name in after if name not in before]
    for name in gone:
        perhaps = near(name, added)
        hint = f", perhaps renamed to {perhaps!r}" if perhaps else ""
        yield Change(new.name, name, "different", f"the column was removed{hint}")
    for name in added:
        column = after[name]
        effect: Effect = "narrower" if column.required else "wider"
        yield Change(new.name, name, effect, f"new {'required' if column.required else 'nullable'} {column.kind}")
    for name, column in before.items():
        if name in after and column != after[name]:
            for effect, words in _column(column, after[name]):
                yield Change(new.name, name, effect, words)


def _column(old: Column, new: Column) -> Iterator[tuple[Effect, str]]:
    if old.kind != new.kind:
        yield "different", f"retyped from {old.kind} to {new.kind}"
    if old.required != new.required:
        yield ("narrower", "required, was nullable") if new.required else ("wider", "nullable, was required")
    yield from _allowed(old, new)
    yield from _bound("minimum", _lower(old), _lower(new), is_tighter=_floor(new) > _floor(old))
    yield from _bound("maximum", old.maximum, new.maximum, is_tighter=_ceiling(new) < _ceiling(old))
    if old.currency_column != new.currency_column:
        was, now = old.currency_column or "no column", new.currency_column or "no column"
        effect: Effect = "wider" if not new.currency_column else "different" if old.currency_column else "narrower"
        yield effect, f"its currency is in {now}, was in {was}"
    if old.references != new.references:
        yield "none", f"refers to {_listed(new.references)}, did to {_listed(old.references)}"
    if old.description != new.description:
        yield "none", "the description differs"


def _allowed(old: Column, new: Column) -> Iterator[tuple[Effect, str]]:
    before, after = set(old.allowed), set(new.allowed)
    if before == after:
        if old.allowed != new.allowed:
            yield "none", "the allowed values are in another order"
    elif not after:
        yield "wider", "any value is allowed, was restricted"
    elif not before:
        yield "narrower", f"only {_listed(new.allowed)} allowed, was any value"
    else:
        if before - after:
            yield "narrower", f"no longer allowed: {_listed(v for v in old.allowed if v not in after)}"
        if after - before:
            yield "wider", f"newly allowed: {_listed(v for v in new.allowed if v not in before)}"


def _bound(what: str, old: object, new: object, is_tighter: bool) -> Iterator[tuple[Effect, str]]:
    if old != new:
        now, was = "none" if new is None else new, "none" if old is None else old
        yield "narrower" if is_tighter else "wider", f"{what} is {now}, was {was}"


def _lower(column: Column) -> str | None:
    if column.minimum is None:
        return None
    return f"more than {column.minimum}" if column.minimum_is_exclusive else f"{column.minimum}"


def _floor(column: Column) -> tuple[Decimal, bool]:
    if column.minimum is None:
        return Decimal("-Infinity"), False
    return column.minimum, column.minimum_is_exclusive


def _ceiling(column: Column) -> Decimal:
    return Decimal("Infinity") if column.maximum is None else column.maximum


def _listed(values: Iterable[str]) -> str:
    return ", ".join(values) or "nothing"
