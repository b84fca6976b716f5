"""Commands that only read answer at once: a controller who asks for one invoice at night must not wait for the libraries
that build the books. What is imported is asserted, not seconds: a slow machine gives the same result."""

import subprocess
import sys
from pathlib import Path

import pytest

BUILDERS = ("dagster", "dbt", "great_expectations", "pandas", "polars", "streamlit", "splink", "sqlalchemy", "pyarrow")
PROGRAM = """
import os, sys
from dagster_project.cli import main
end, os._exit = os._exit, lambda code: print("loaded", *{{name.partition(".")[0] for name in sys.modules}})
sys.argv = ["tieout", *{arguments!r}]
main()
"""


def loaded_by(*arguments: str, cwd: Path) -> set[str]:
    """The top-level modules in the process of `tieout` when it ends."""
    program = PROGRAM.format(arguments=list(arguments))
    done = subprocess.run([sys.executable, "-c", program], cwd=cwd, capture_output=True, text=True, check=False)
    names = done.stdout.rpartition("loaded")[2]
    assert names, done.stderr
    return set(names.split())


@pytest.mark.parametrize(
    "arguments",
    [
        ("--help",),
        ("run", "--help"),
        ("contract", "--help"),
        ("status",),
        ("explain", "INV-1"),
        ("verify", "no-such-pack"),
        ("archive", "verify"),
    ],
    ids=" ".join,
)
def test_a_command_that_only_reads_loads_no_library_that_builds_books(arguments, tmp_path):
    (tmp_path / "tieout.yml").write_text(
        "company: Aerolith\nhome: .tieout\nreporting_currency: USD\nauthority_model: billing_led\nsources:\n"
        "  - {name: billing, domain: billing, vendor: generic, connector: {type: files, path: data}}\n"
    )
    assert not loaded_by(*arguments, cwd=tmp_path) & set(BUILDERS)
