"""The codes of the controls that the project has, in catalogue order."""

from __future__ import annotations

import re
from pathlib import Path

_LIST = Path(__file__).resolve().parents[2] / "dbt_project" / "macros" / "control_models.sql"
CONTROLS = tuple(code.upper() for code in re.findall(r"'(r\d\d)_", _LIST.read_text(encoding="utf-8")))
