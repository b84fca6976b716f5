"""One log per run, in `<home>/runs/<run_id>/log.txt`: the console belongs to the people."""

import logging
from pathlib import Path

import dagster as dg

from dagster_project import settings as configuration

LOGGER_KEY = "run_log"


@dg.logger(
    config_schema=dg.Field(
        {"config_path": dg.Field(str, default_value="", is_required=False)}, default_value={}, is_required=False
    ),
    description="Writes the events of a run to log.txt in its folder of the home.",
)
def run_log(context: dg.InitLoggerContext) -> logging.Logger:
    """A logger of its own per run; events go to the file alone."""
    path = context.logger_config["config_path"]
    settings = configuration.load(Path(path) if path else None)
    return file_logger(settings.home / "runs" / (context.run_id or "none") / "log.txt")


def file_logger(file: Path) -> logging.Logger:
    """A logger that appends to `file` and hands nothing on."""
    logger = logging.getLogger(f"tieout.run.{file.parent.name}")
    if not logger.handlers:
        file.parent.mkdir(parents=True, exist_ok=True)
        handler = logging.FileHandler(file, encoding="utf-8", delay=True)
        handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
        logger.addHandler(handler)
    logger.setLevel(logging.DEBUG)
    logger.propagate = False
    return logger
