"""A hand-made company with all its amounts and quantities many times as large, up to the widest that the contract takes."""

from __future__ import annotations

from collections.abc import Mapping

from tests.dbt.landed_world import LandedWorld


def widen(world: LandedWorld, factors: Mapping[str, int], currencies: Mapping[str, str]) -> None:
    """Multiplies every value by the factor of its kind (money, quantity, unit_price, flat_price) and renames currencies.

    What a meter makes of an event is no quantity of the company and stays.
    """
    renamed = " ".join(f"when '{old}' then '{new}'" for old, new in currencies.items())
    for contract in world.contracts.values():
        changes = []
        for column in contract.columns:
            if column.kind == "currency" and renamed:
                changes.append(f'"{column.name}" = case "{column.name}" {renamed} else "{column.name}" end')
            elif column.kind in factors and column.name != "unit_multiplier":
                changes.append(f'"{column.name}" = cast("{column.name}" as decimal(38, 9)) * {factors[column.kind]}')
        if changes:
            relation = f"landed.generic__{contract.domain}__{contract.name}"
            world.connection.execute(f"update {relation} set {', '.join(changes)}")
