"""The graph is made without dbt-core, which takes longer to import than a run with nothing new may wait for it."""

import json
import subprocess
import sys
from pathlib import Path

PROGRAM = """
import json, sys
if sys.argv[1] == "with":
    import dbt.version
from dagster_project.definitions import defs
graph = defs.resolve_asset_graph()
assets = {str(key): sorted(map(str, graph.get(key).parent_keys)) for key in graph.get_all_asset_keys()}
checks = sorted(f"{key} {graph.get(key).blocking} {graph.get(key).description}" for key in graph.asset_check_keys)
print(json.dumps({"has dbt": "dbt" in sys.modules, "graph": [sorted(assets.items()), checks]}))
"""


def _told(how: str) -> dict:
    command = [sys.executable, "-c", PROGRAM, how]
    done = subprocess.run(command, cwd=Path(__file__).parents[2], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def test_the_graph_is_the_same_with_dbt_core_and_without():
    """A model or a check that is missing from the graph would never be asked for by name."""
    alone, beside = _told("without"), _told("with")
    assert (alone["has dbt"], beside["has dbt"]) == (False, True)
    assert alone["graph"] == beside["graph"]
    assert len(alone["graph"][0]) > 400 and len(alone["graph"][1]) > 200
