"""The keys of tieout.yml: a wrong one is refused with its line, and a secret written there by mistake is not repeated."""

from __future__ import annotations

import pytest

from dagster_project import settings as configuration
from dagster_project.errors import ConfigurationError
from tests.dashboards import snapshots


def load(folder, lines: str):
    file = snapshots.configuration(folder)
    with file.open("a", encoding="utf-8") as text:
        text.write(lines)
    return configuration.load(file)


def test_everything_is_off_unless_it_is_asked_for(tmp_path, monkeypatch):
    for name in ("", "TRACES_", "METRICS_"):
        monkeypatch.delenv(f"OTEL_EXPORTER_OTLP_{name}ENDPOINT", raising=False)
    settings = load(tmp_path, "")
    assert not settings.has_telemetry
    assert settings.openlineage.transport is None
    assert settings.alerts.channels == ()


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ("alerts: {channels: ['slack://hush/hush/hush']}\n", "expected the name of an environment variable"),
        ("alerts: {channels: [{variable: 'slack://hush', owners: [GL]}]}\n", "expected the name of an environment variable"),
        ("alerts: {channels: [{variable: B, owner: hush}]}\n", "channels.0.owner'; perhaps 'owners'; expected one of: variable, owners, about"),
        ("alerts: {channels: [{owners: [GL]}]}\n", "alerts.channels.0.variable is missing"),
        ("alerts: {channels: [{variable: B, owners: [hush]}]}\n", "channels.0.owners.0: expected 'RevOps', 'BillingOps'"),
        ("alerts: {channels: [hush, A, hush]}\n", "entries 0 and 2 name one variable; expected one entry with all owners"),
        ("alerts: {channels: [[hush]]}\n", "expected the name of an environment variable, or {variable: TIEOUT_ALERTS_GL,"),
        ("alerts: {urls: ['slack://hush']}\n", "unknown key 'alerts.urls'; expected one of: channels, owners, about"),
        ("telemetry: {otlp_endpoint: 'http://me:hush@collector'}\n", "without user and password"),
        ("telemetry: {otlp_endpoint: 'hush:4317'}\n", "expected an address such as http://localhost:4318"),
        ("openlineage: {transport: http, api_key_variable: 'sk hush'}\n", "expected the name of an environment variable"),
        ("openlineage: {transport: http}\n", "transport http needs `url`"),
    ],
)  # fmt: skip
def test_a_wrong_key_is_refused_with_its_line_and_without_its_value(tmp_path, lines, words):
    with pytest.raises(ConfigurationError) as fault:
        load(tmp_path, lines)
    assert words in str(fault.value)
    assert "tieout.yml:8: " in str(fault.value)
    assert "hush" not in str(fault.value)


def test_a_kind_of_alert_that_does_not_exist_is_refused_by_naming_those_that_do(tmp_path):
    with pytest.raises(ConfigurationError, match="'gate', 'unexplained', 'sla', 'stale' or 'run'"):
        load(tmp_path, "alerts: {about: [gates]}\n")
