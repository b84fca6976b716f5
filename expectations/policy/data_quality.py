"""Severity, owner and words of data-quality failures, from `data_quality.yml`."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Literal, get_args

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from dagster_project.errors import ConfigurationError

POLICY_PATH = Path(__file__).with_name("data_quality.yml")

Severity = Literal["S1", "S2", "S3", "S4"]
OwnerRole = Literal[
    "RevOps", "BillingOps", "ProductData", "IntegrationOps", "AR", "GL", "RevenueAccounting", "Tax", "Treasury",
    "MasterData",
]  # fmt: skip
OWNER_ROLES: tuple[str, ...] = get_args(OwnerRole)


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Rule(_Strict):
    """One kind of control. `owner_role` is empty where the object decides; `is_blocking` stops what depends on it.

    `holds`, `fails` and `effect` are words with the placeholders {rows}, {evaluated}, {subject}, {column}, {detail}.
    """

    severity: Severity
    is_blocking: bool = False
    owner_role: OwnerRole | None = None
    holds: str = Field(min_length=1)
    fails: str = Field(min_length=1)
    effect: str = Field(min_length=1)
    next_step: str = Field(min_length=1)


class DeadLetterRoute(_Strict):
    """Who acts on a dead letter of a failure class, and how; without a role the owner of the object does."""

    owner_role: OwnerRole | None = None
    next_step: str = Field(min_length=1)


class DeadLetters(_Strict):
    """Routes by failure class, and of the states in which nothing is left to do."""

    transport: DeadLetterRoute
    business_rule: DeadLetterRoute
    accounting_control: DeadLetterRoute
    replayed: DeadLetterRoute
    mended_at_source: DeadLetterRoute


class Owners(_Strict):
    """The owner role of each domain, and of the objects that belong to somebody else."""

    domains: dict[str, OwnerRole]
    objects: dict[str, OwnerRole] = {}


class Policy(_Strict):
    """The routing of every data-quality failure."""

    owners: Owners
    amounts: dict[str, str]
    dead_letters: DeadLetters
    boundary: dict[str, Rule]
    outcome: dict[str, Rule]

    @model_validator(mode="after")
    def _outcome_rules_have_an_owner(self) -> Policy:
        for name, rule in self.outcome.items():
            if rule.owner_role is None:
                raise ValueError(
                    f"outcome.{name}.owner_role: a result has no object to decide its owner; expected a role"
                )
        return self

    def owner_of(self, domain: str, name: str) -> str:
        """The owner role of a landing object; KeyError when its domain has none."""
        return self.owners.objects.get(f"{domain}.{name}") or self.owners.domains[domain]

    def route_of(self, domain: str, name: str, failure_class: str, state: str) -> tuple[str, str]:
        """(owner role, what to do next) of a dead letter in a state; KeyError when its domain has no owner."""
        own: DeadLetterRoute = getattr(self.dead_letters, failure_class)
        settled: DeadLetterRoute | None = getattr(self.dead_letters, state, None)
        return own.owner_role or self.owner_of(domain, name), (settled or own).next_step

    def amount_of(self, domain: str, name: str) -> str | None:
        """The money column that a failing row of the object puts at stake, or none."""
        return self.amounts.get(f"{domain}.{name}")


@cache
def load_policy(path: Path = POLICY_PATH) -> Policy:
    """The policy; ConfigurationError naming file, key, value and what was expected when the file is wrong."""
    try:
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigurationError(f"{path}: cannot be read ({error.strerror})") from None
    except yaml.YAMLError as error:
        raise ConfigurationError(f"{path}: not valid YAML: {error}") from None
    try:
        return Policy.model_validate(document)
    except ValidationError as error:
        faults = (
            f"{path}: {'.'.join(map(str, fault['loc']))} = {fault['input']!r}: {fault['msg']}"
            for fault in error.errors()
        )
        raise ConfigurationError("\n".join(faults)) from None
