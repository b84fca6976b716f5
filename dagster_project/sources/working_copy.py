"""A company's own contracts while they are being changed: `contracts/<domain>.yml` beside `tieout.yml`."""

from __future__ import annotations

from pathlib import Path

from dagster_project.errors import ConfigurationError, InputError
from dagster_project.settings import Settings
from dagster_project.sources.contracts import DomainContract, domain_contracts, read_contract


def folder(settings: Settings) -> Path:
    """Where they lie."""
    return settings.config_path.parent / "contracts"


def working_copies(settings: Settings, domain: str | None = None) -> list[DomainContract]:
    """The contracts as they are being changed, of one domain or of all; none where there is no such folder.

    Raises ConfigurationError for a malformed one, InputError when the domain asked for has none.
    """
    place = folder(settings)
    strange = sorted(place.glob("*.yaml"))
    if strange:
        raise InputError(f"{strange[0]}: expected the name {strange[0].stem}.yml")
    names = [domain] if domain else sorted(file.stem for file in place.glob("*.yml"))
    return [_read(place / f"{name}.yml", name) for name in names]


def _read(file: Path, domain: str) -> DomainContract:
    known_domain(domain, str(file))
    try:
        content = file.read_bytes()
    except FileNotFoundError:
        made = f"`tieout contract show {domain}` prints the current one to begin with"
        raise InputError(f"{file}: no such file; {made}") from None
    except OSError as error:
        raise InputError(f"{file}: cannot be read ({error.strerror})") from None
    contract = read_contract(content, str(file))
    if contract.domain != domain:
        raise ConfigurationError(f"{file}: domain = {contract.domain!r}; expected {domain!r}, as the file is named")
    return contract


def known_domain(domain: str, where: str = "") -> str:
    """The domain itself; InputError when there is no such one."""
    known = domain_contracts()
    if domain not in known:
        prefix = f"{where}: " if where else ""
        raise InputError(f"{prefix}no domain is named {domain!r}; expected one of {', '.join(known)}")
    return domain
