"""Starts the dashboard over a home: `tieout dashboard` calls `serve`."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

from dagster_project.serving import require_free
from dagster_project.settings import Settings

APP = Path(__file__).with_name("streamlit_app.py")


def command(settings: Settings, port: int = 8501, headless: bool = False) -> list[str]:
    """The command line that serves `settings` on `port`; `headless` opens no browser."""
    return [
        sys.executable, "-m", "streamlit", "run", str(APP),
        "--server.port", str(port),
        "--server.headless", "true" if headless else "false",
        "--server.showEmailPrompt", "false",  # else the first start waits for somebody's address
        "--browser.gatherUsageStats", "false",
        "--runner.magicEnabled", "false",  # else a string that stands alone in a page's file is shown
        "--", "--config", str(settings.config_path),
    ]  # fmt: skip


def serve(settings: Settings, port: int = 8501, headless: bool = False) -> int:
    """Serves until interrupted or terminated; returns the exit code. Raises InputError when the port is taken."""
    require_free(port)
    signal.signal(signal.SIGTERM, _leave)  # else the server would stay behind, on its port
    with subprocess.Popen(command(settings, port, headless)) as process:
        try:
            return process.wait()
        except KeyboardInterrupt:
            return 130
        finally:
            process.terminate()
            process.wait()


def _leave(number: int, frame: object) -> None:
    raise SystemExit(128 + number)
