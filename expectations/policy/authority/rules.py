"""The words of an authority policy: domains, fields and systems, one rule, one model; read from YAML and validated."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from functools import cache
from pathlib import Path
from typing import Literal, NamedTuple, TypeVar, get_args

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from dagster_project.errors import ConfigurationError

FOLDER = Path(__file__).parent
Model = Literal["crm_led", "billing_led", "erp_led", "event_hub"]
MODELS: tuple[str, ...] = get_args(Model)
Normaliser = Literal["exact", "code", "name", "identifier"]
Severity = Literal["S1", "S2", "S3", "S4"]
SOFT_CLOSE = "soft close"
_Model = TypeVar("_Model", bound=BaseModel)
_LAG = re.compile(r"^(\d{1,5}) (min|h|d)$")
_MINUTES = {"min": 1, "h": 60, "d": 1440}


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class DomainField(_Strict):
    """One field of a domain: how its values are made comparable, and how grave a drift is."""

    normaliser: Normaliser = "exact"
    severity: Severity = "S3"
    is_finance: bool = False


class PolicyDomain(_Strict):
    """A domain of data: the systems that hold it, and its fields."""

    holders: tuple[str, ...]
    fields: dict[str, DomainField]


class Vocabulary(_Strict):
    """Everything that a rule may name. `stands_in`: the landing domain that speaks for a system that is not landed."""

    systems: tuple[str, ...]
    stands_in: dict[str, str]
    domains: dict[str, PolicyDomain]

    def landed(self, system: str) -> str:
        """The landing domain whose records speak for a system."""
        return self.stands_in.get(system, system)


def _lag(value: str) -> str:
    if value != SOFT_CLOSE and not _LAG.match(value):
        raise ValueError("expected a number and a unit, for example '24 h', '15 min' or '2 d', or 'soft close'")
    return value


class Follower(_Strict):
    """A follower that receives the value from another system than the owner, or within a lag of its own."""

    source: str | None = Field(default=None, alias="from")
    lag: str | None = None

    _lag_is_readable = field_validator("lag")(lambda value: value and _lag(value))


class Rule(_Strict):
    """Who owns a domain or a field of it; what is left out comes from the domain and the model's default."""

    domain: str
    field: str | None = None
    owner: str
    followers: dict[str, Follower] | None = None
    lags: dict[str, str] = {}
    allowed_lag: str | None = None
    via: str | None = None
    normaliser: Normaliser | None = None
    tolerance: str = "T0"
    severity: Severity | None = None

    @field_validator("followers", mode="before")
    @classmethod
    def _a_lag_alone_is_a_follower(cls, value: object) -> object:
        if isinstance(value, Sequence) and not isinstance(value, str):
            return {str(name): {} for name in value}
        if isinstance(value, Mapping):
            return {name: {"lag": one} if isinstance(one, str) else one or {} for name, one in value.items()}
        return value

    @field_validator("allowed_lag")
    @classmethod
    def _lag_is_readable(cls, value: str | None) -> str | None:
        return value and _lag(value)

    @field_validator("lags")
    @classmethod
    def _lags_are_readable(cls, value: dict[str, str]) -> dict[str, str]:
        return {name: _lag(one) for name, one in value.items()}


class Override(Rule):
    """A company's own rule: it replaces the shipped one of the same scope from its date on; the past stays."""

    legal_entity: str | None = None
    effective_from: date
    approver: str = Field(min_length=1)


class Change(_Strict):
    """From this date another model is in force."""

    model: Model
    effective_from: date
    approver: str = Field(min_length=1)


class Overlay(_Strict):
    """`authority:` of tieout.yml."""

    changes: tuple[Change, ...] = ()
    overrides: tuple[Override, ...] = ()


class Default(_Strict):
    """What holds where no rule says otherwise."""

    owner: str
    allowed_lag: str
    lags: dict[str, str] = {}
    via: str | None = None


class ShippedModel(_Strict):
    """One of the four models."""

    model: Model
    effective_from: date
    approver: str
    default: Default
    rules: tuple[Rule, ...]


class Fault(NamedTuple):
    """What is wrong with a policy: the key below `authority`, and words that tell the value and what was expected."""

    key: str
    words: str


@cache
def vocabulary() -> Vocabulary:
    """Domains, fields and systems; ConfigurationError when the file is wrong."""
    return _read(FOLDER / "domains.yml", Vocabulary)


@cache
def shipped(model: str) -> ShippedModel:
    """A shipped model, checked as an override is; ConfigurationError naming file, rule and fault when it is wrong."""
    file = FOLDER / f"{model}.yml"
    found = _read(file, ShippedModel)
    seen: set[tuple[str, str | None]] = set()
    for position, rule in enumerate(found.rules):
        words = next(faults_of_rule(rule, found.default), None)
        if (rule.domain, rule.field) in seen:
            words = Fault("owner", f"{_scope(rule)} has two owners; expected one per field and date")
        if words:
            raise ConfigurationError(f"{file}: rules.{position}.{words.key}: {words.words}")
        seen.add((rule.domain, rule.field))
    return found


def fault_of(model: str, overlay: Overlay) -> Fault | None:
    """The first fault of a company's `authority:`: a name nobody knows, two owners of one field and date, a circle."""
    dates: dict[date, int] = {}
    for position, change in enumerate(overlay.changes):
        if change.effective_from in dates:
            return Fault(
                f"changes.{position}.effective_from",
                f"{change.effective_from} is also the date of changes.{dates[change.effective_from]};"
                " expected one model per date",
            )
        dates[change.effective_from] = position
    seen: dict[tuple[str | None, str, str | None, date], int] = {}
    for position, rule in enumerate(overlay.overrides):
        for fault in faults_of_rule(rule, shipped(model).default):
            return Fault(f"overrides.{position}.{fault.key}", fault.words)
        if rule.legal_entity and not rule.field:
            return Fault(
                f"overrides.{position}.legal_entity",
                f"{rule.legal_entity!r} without a field; expected domain and field beside a legal entity",
            )
        scope = (rule.legal_entity, rule.domain, rule.field, rule.effective_from)
        if scope in seen:
            return Fault(
                f"overrides.{position}.owner",
                f"{rule.owner!r}: {_scope(rule)} already has an owner from {rule.effective_from} on"
                f" (overrides.{seen[scope]});"
                " expected one owner per field and date",
            )
        seen[scope] = position
    return None


def faults_of_rule(rule: Rule, default: Default) -> Iterator[Fault]:
    """Every fault of one rule: unknown domain, field or system, or a propagation that does not flow from the owner."""
    words = vocabulary()
    domain = words.domains.get(rule.domain)
    if domain is None:
        yield Fault("domain", f"{rule.domain!r} is no domain; expected one of {', '.join(words.domains)}")
        return
    if rule.field is not None and rule.field not in domain.fields:
        yield Fault("field", f"{rule.field!r} is no field of {rule.domain}; expected one of {', '.join(domain.fields)}")
    named = [("owner", rule.owner), ("via", rule.via)]
    for name, follower in (rule.followers or {}).items():
        named += [(f"followers.{name}", name), (f"followers.{name}.from", follower.source)]
    named += [(f"lags.{name}", name) for name in rule.lags]
    for key, system in named:
        if system is not None and system not in words.systems:
            yield Fault(key, f"{system!r} is no system; expected one of {', '.join(words.systems)}")
            return
    if circle := _circle(words, rule):
        yield Fault("followers", circle)


def _circle(words: Vocabulary, rule: Rule) -> str | None:
    """Why the values of a rule do not all flow from its owner; None when they do."""
    owner = words.landed(rule.owner)
    source_of = {
        words.landed(name): words.landed(follower.source or rule.owner)
        for name, follower in (rule.followers or {}).items()
    }
    if owner in source_of:
        return (
            f"{_scope(rule)} flows in a circle: its owner {rule.owner} also follows;"
            " expected every value to come from the owner"
        )
    for start in source_of:
        path, at = [start], source_of[start]
        while at != owner:
            if at in path:
                way = " <- ".join([*path, at])
                return (
                    f"{_scope(rule)} flows in a circle: {way}; expected every value to come from the owner {rule.owner}"
                )
            if at not in source_of:
                return (
                    f"{_scope(rule)}: {at} neither owns nor follows it;"
                    " expected followers to receive from the owner or a follower"
                )
            path.append(at)
            at = source_of[at]
    return None


def minutes(lag: str) -> int | None:
    """A lag in minutes; None for `soft close`."""
    found = _LAG.match(lag)
    return int(found[1]) * _MINUTES[found[2]] if found else None


def _scope(rule: Rule) -> str:
    return rule.domain + (f".{rule.field}" if rule.field else "")


def _read(file: Path, kind: type[_Model]) -> _Model:
    try:
        return kind.model_validate(yaml.safe_load(file.read_text(encoding="utf-8")))
    except OSError as error:
        raise ConfigurationError(f"{file}: cannot be read ({error.strerror})") from None
    except yaml.YAMLError as error:
        raise ConfigurationError(f"{file}: not valid YAML: {error}") from None
    except ValidationError as error:
        faults = (
            f"{file}: {'.'.join(map(str, one['loc']))} = {one['input']!r}: {one['msg']}" for one in error.errors()
        )
        raise ConfigurationError("\n".join(faults)) from None
