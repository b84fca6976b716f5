"""Close."""

from dashboards.components.frame import begin

begin("Close", "Which entity can close, and what stands in the way.")
