"""`tieout init`: a first configuration and templates for one's own data."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from dagster_project.cli.console import out
from dagster_project.errors import InputError
from dagster_project.settings import known_currency

TEMPLATE = """\
# Tieout's configuration. Paths are relative to this file. Unknown keys are refused.
company: {company}
home: .tieout                    # all run-time state
# as_of: 2026-10-12T00:00:00Z    # the clock of every window and due date; left out: now
reporting_currency: {currency}
authority_model: billing_led     # crm_led | billing_led | erp_led | event_hub
# authority:                      # from a date on: another model, or another owner of a domain or field
#   changes: [{{model: erp_led, effective_from: 2027-01-01, approver: CFO}}]
#   overrides: [{{domain: account, field: tax_id, owner: erp, effective_from: 2027-01-01, approver: CFO}}]

# Connect any subset of the systems; controls that need an absent one say so. Landing files lie in
# <path>/<object>/<any name>.csv, .csv.gz, .jsonl, .jsonl.gz or .parquet; templates/ shows the columns of each object.
# `mapping: file.yml` turns a source's own names and values into the contract's (docs/landing.md).
# A second instance of a system is a further source of its own name; `links: [names]` says whose ids it refers to.
sources:
  - {{name: product, domain: product, vendor: generic, connector: {{type: files, path: data/product}}}}
  - {{name: billing, domain: billing, vendor: generic, connector: {{type: files, path: data/billing}}}}
  - {{name: crm, domain: crm, vendor: generic, connector: {{type: files, path: data/crm}}}}
  - {{name: erp, domain: erp, vendor: generic, connector: {{type: files, path: data/erp}}}}

# archive:                       # the record of what was received; default <home>/archive; see docs/archive.md
#   url: s3://my-bucket/tieout   # or a path; credentials by the environment, never here
#   anchor: /mnt/audit/head.json # a copy of the head in another place shows a tail that was cut off
#   retention_years: 7
#   legal_hold: false            # true, or a list of sources

# thresholds:                    # docs/methodology.md, "Thresholds", lists all with their defaults
#   usage_grace_days: 3
#   posting_hours: 4

# alerts: {{channels: [TIEOUT_ALERTS_AR]}}    # who hears of closed gates, overdue problems, stale sources:
#                                # variables that hold an Apprise address each; `tieout alerts preview` shows what;
#                                # {{variable: TIEOUT_ALERTS_GL, owners: [GL]}} hears of what GL owns
# telemetry: {{otlp_endpoint: "http://localhost:4318"}}    # traces and metrics; docs/observability.md says what is sent
# openlineage: {{transport: file}}                         # lineage events, to a file of home or a server

# dimensions:                    # R23: what posted lines must carry, by the revenue account of their item
#   cost_center: {{"4000": CC-410, "4100": CC-420}}
"""


def register(app: typer.Typer) -> None:
    @app.command()
    def init(
        folder: Annotated[Path, typer.Argument(help="Where to begin.")] = Path(),
        company: Annotated[str, typer.Option(help="The company's name.")] = "My company",
        currency: Annotated[str, typer.Option(help="Reporting currency, ISO 4217.")] = "USD",
    ) -> None:
        """Write tieout.yml, empty data folders and a CSV template of every object."""
        from dagster_project.sources.contracts import load_contracts

        try:
            known = known_currency(currency.upper())
        except ValueError as error:
            raise InputError(f"--currency {currency}: {error}") from None
        if not company.strip():
            raise InputError("--company: expected text that is not empty")
        config = folder / "tieout.yml"
        if config.exists():
            raise InputError(f"{config}: is there already; nothing was changed")
        try:
            for contract in load_contracts().values():
                if contract.domain != "hub":
                    (folder / "data" / contract.domain / contract.name).mkdir(parents=True, exist_ok=True)
                template = folder / "templates" / contract.domain / f"{contract.name}.csv"
                template.parent.mkdir(parents=True, exist_ok=True)
                template.write_text(",".join(column.name for column in contract.columns) + "\n", encoding="utf-8")
            name = json.dumps(company, ensure_ascii=False)
            config.write_text(TEMPLATE.format(company=name, currency=known), encoding="utf-8")
        except OSError as error:
            wanted = "expected a folder, or the name of a new one"
            raise InputError(f"{folder}: cannot be written ({error.strerror}); {wanted}") from None
        out.print(f"wrote {config}, data/<system>/<object>/ and templates/", soft_wrap=True)
        out.print("next: put files into data/, then `tieout run` in that folder", soft_wrap=True)
