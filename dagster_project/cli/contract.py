"""`tieout contract`: show, change, test and release the contracts that deliveries are checked against."""

from __future__ import annotations

from typing import Annotated

import typer

from dagster_project import settings as configuration
from dagster_project.cli.console import ConfigOption

DomainOption = Annotated[str | None, typer.Option("--domain", "-d", help="One domain; default all.")]
DomainArgument = Annotated[str, typer.Argument(help="product, billing, crm, erp or hub.")]
ByOption = Annotated[str, typer.Option("--by", help="Who decides; recorded.")]
ReasonOption = Annotated[str, typer.Option("--reason", help="Why; recorded.")]

app = typer.Typer(name="contract", help="What deliveries must be: versions, changes, tests, releases.")


def register(parent: typer.Typer) -> None:
    parent.add_typer(app, no_args_is_help=True)


@app.command("list")
def list_(domain: DomainOption = None, config: ConfigOption = None) -> None:
    """Show the versions of each domain: which is current, which may be declared, who released what and why."""
    from dagster_project.cli import contract_work

    contract_work.list_versions(configuration.load(config), domain)


@app.command()
def show(
    domain: DomainArgument,
    version: Annotated[str | None, typer.Argument(help="Default the current one.")] = None,
    config: ConfigOption = None,
) -> None:
    """Print a contract as it was released, byte for byte: the beginning of a working copy."""
    from dagster_project.cli import contract_work

    contract_work.show(configuration.load(config), domain, version)


@app.command()
def diff(
    domain: DomainOption = None,
    against: Annotated[str | None, typer.Option("--against", help="A released version; default the current.")] = None,
    config: ConfigOption = None,
) -> None:
    """Say how contracts/ differs from what is released. Exit: 0 not at all, 1 it does, 2 it cannot be used."""
    from dagster_project.cli import contract_work

    raise typer.Exit(contract_work.diff(configuration.load(config), domain, against))


@app.command()
def test(
    domain: DomainOption = None,
    batches: Annotated[
        int, typer.Option("--batches", "-n", min=1, help="How many of the last of each object and source.")
    ] = 20,
    mapping: Annotated[
        list[str] | None,
        typer.Option("--mapping", help="[SOURCE=]FILE: also with this mapping, of one source or of all of the domain."),
    ] = None,
    figures: Annotated[
        bool, typer.Option("--figures", help="Also build the books both ways and compare every control.")
    ] = False,
    config: ConfigOption = None,
) -> None:
    """Take the last batches again as contracts/ would have. Exit: 0 no change, 1 figures move, 2 a batch is refused."""
    from dagster_project.cli import contract_work

    raise typer.Exit(contract_work.test(configuration.load(config), domain, batches, mapping, figures))


@app.command()
def release(
    by: ByOption,
    reason: ReasonOption,
    domain: DomainOption = None,
    without_test: Annotated[
        str | None, typer.Option("--without-test", help="Why it is released untested or against its test; recorded.")
    ] = None,
    config: ConfigOption = None,
) -> None:
    """Make contracts/ the version that deliveries are checked against from now on; the release is recorded."""
    from dagster_project.cli import contract_work

    contract_work.release(configuration.load(config), by, reason, domain, without_test)


@app.command()
def rollback(
    domain: DomainArgument,
    version: Annotated[str, typer.Argument(help="A version released before.")],
    by: ByOption,
    reason: ReasonOption,
    config: ConfigOption = None,
) -> None:
    """Make an earlier version current again and withdraw those above it; what was archived stays as it was taken."""
    from dagster_project.cli import contract_work

    contract_work.rollback(configuration.load(config), domain, version, by, reason)
