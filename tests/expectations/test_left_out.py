"""Great Expectations is imported without libraries for charts and distributions. Whoever needs them must still get them:
record linkage draws on one of them in the same process."""

import subprocess
import sys
from pathlib import Path

from expectations.suites.left_out import left_out

PROGRAM = """
import sys
import duckdb
from expectations.suites.gx import Evaluator

con = duckdb.connect()
Evaluator(con).close()
print(*(name for name in ("altair", "scipy.stats") if name in sys.modules))
"""


def test_judging_loads_no_library_for_charts_or_distributions():
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], cwd=Path(__file__).parents[2], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert not done.stdout.strip()


def test_a_module_left_out_comes_when_it_is_first_used(monkeypatch):
    monkeypatch.delitem(sys.modules, "colorsys", raising=False)
    with left_out("colorsys"):
        import colorsys as stand_in
    assert "colorsys" not in sys.modules
    assert stand_in.rgb_to_hsv(0, 0, 0) == (0.0, 0.0, 0)
    assert "colorsys" in sys.modules


def test_whoever_imports_it_afterwards_gets_the_module_itself(monkeypatch):
    monkeypatch.delitem(sys.modules, "colorsys", raising=False)
    with left_out("colorsys"):
        pass
    import colorsys

    assert Path(colorsys.__file__).name == "colorsys.py"


def test_a_module_that_is_loaded_already_is_left_alone():
    import json

    with left_out("json"):
        assert sys.modules["json"] is json
    assert sys.modules["json"] is json
