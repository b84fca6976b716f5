"""Alerts as a channel receives them: a real server on this machine, the real library, the real memory of what was told."""

from __future__ import annotations

import logging

from dagster_project import alerts
from dagster_project import settings as configuration
from dagster_project.alerts import ledger
from tests.alerts.receiver_of_alerts import LATER, VARIABLE, published, titles
from tests.command import tieout
from tests.dashboards import snapshots
from tests.receiver import receiving, silent

MENDED = "update marts.close_status set readiness = 'ready', gate_receivables = 'passed', gate_unexplained = 'passed',"
MENDED += " gate_open_s1 = 'passed', gate_control_account = 'passed' where readiness = 'blocked';"
MENDED += "delete from marts.exceptions; update marts.source_health set is_stale = false;"


def test_a_message_says_what_where_how_much_why_whose_and_what_next(tmp_path, channel):
    told = alerts.tell(published(tmp_path, about=("gate",)))
    assert told.notes == ()
    bodies = {request.json()["title"]: request.json()["message"] for request in channel.to("/hook")}
    assert told.sent == len(bodies) == 5
    us, jp = (
        next(body for body in bodies.values() if "do not tie to receivables" in body and entity in body)
        for entity in ("(US)", "(JP)")
    )
    assert us.splitlines()[:6] == [
        "What: Invoices do not tie to receivables",
        "Where: Borealis Inc (US), 2026-09",
        "How much: 0.50 USD",
        "Why: The ERP holds 0.50 less than billing.",
        "Who acts: AR",
        "Next: Read the interface message, then resend.",
    ]
    assert "How much: 5,500 JPY" in jp, "yen have no cents"


def test_a_second_run_over_the_same_findings_sends_nothing(tmp_path, channel):
    settings = published(tmp_path)
    assert alerts.tell(settings).sent > 0
    assert alerts.tell(settings) == alerts.Report(0, ())


def test_what_ends_is_told_to_have_ended_and_nothing_after_that(tmp_path, channel):
    alerts.tell(published(tmp_path, about=("stale",)))
    mended = published(tmp_path, LATER + MENDED, number=2, about=("stale",))
    assert alerts.tell(mended).sent == 1
    assert titles(channel) == [
        "Borealis S1: Source erp (erp) is stale",
        "Borealis S1: Resolved: Source erp (erp) is stale",
    ]
    assert [request.json()["type"] for request in channel.to("/hook")] == ["warning", "success"]
    assert alerts.tell(mended).sent == 0


def test_closing_a_period_over_a_gate_is_told_once_and_never_as_resolved(tmp_path, channel):
    alerts.tell(published(tmp_path, about=("gate",)))
    before = len(channel.requests)
    closed = LATER + "update marts.close_status set period_state = 'hard_closed' where legal_entity_code = 'US'"
    settings = published(tmp_path, closed, number=2, about=("gate",))
    assert alerts.tell(settings).sent == 2
    assert [title.split(": ")[1:] for title in titles(channel)[before:]] == [
        [
            "Changed",
            "The period was hard closed although invoices do not tie to receivables, Borealis Inc (US), 2026-09",
        ],
        ["Changed", "The period was hard closed although open differences block the close, Borealis Inc (US), 2026-09"],
    ]
    assert alerts.tell(settings) == alerts.Report(0, ())
    assert alerts.tell(published(tmp_path, closed, number=3, about=("gate",))) == alerts.Report(0, ())


def test_a_digest_spells_out_the_largest_of_every_currency(tmp_path, channel):
    """A hundred yen findings of a thousand are not worth more than one of nine dollars fifty."""
    storm = (
        LATER
        + """insert into marts.exceptions
        select md5('s' || n), code, source_instance, 'S-' || n, cause_code, case when n = 0 then 950 else 1000 + n end,
            delta_quantity, case when n = 0 then 'USD' else 'JPY' end, legal_entity_code, customer_id, period, severity, 'GL',
            state, reason, next_step, failure_class, due_at, left_ref, right_ref, first_seen_at, md5('s' || n), null
        from marts.exceptions cross join range(100) as numbers (n) where match_key = 'IN-1'"""
    )
    alerts.tell(published(tmp_path, storm, about=("sla",), digest_above=5))
    bodies = {request.json()["title"]: request.json()["message"] for request in channel.to("/hook")}
    assert "S-0 is overdue; US, 2026-09; 9.50 USD" in bodies["Borealis S1: 100 findings for GL"]


def test_a_storm_becomes_a_message_per_owner_with_the_sums_of_each_currency(tmp_path, channel):
    """Five hundred mails are read by nobody; and dollars plus yen are no amount."""
    storm = (
        LATER
        + """insert into marts.exceptions
        select md5('s' || n), code, source_instance, 'S-' || n, cause_code, 1000, delta_quantity,
            case when n % 2 = 0 then 'USD' else 'JPY' end, legal_entity_code, customer_id, period, severity,
            case when n % 5 = 0 then 'GL' else 'AR' end, state, reason, next_step, failure_class, due_at, left_ref, right_ref,
            first_seen_at, md5('s' || n), null
        from marts.exceptions cross join range(500) as numbers (n) where match_key = 'IN-1'"""
    )
    told = alerts.tell(published(tmp_path, storm, about=("sla",), digest_above=5))
    assert told.sent == len(channel.to("/hook")) == 3
    bodies = {request.json()["title"]: request.json()["message"] for request in channel.to("/hook")}
    ledger_of = bodies["Borealis S1: 100 findings for GL"]
    assert "Open: 100 overdue problems of 50,000 JPY and 500.00 USD." in ledger_of
    assert "... and 90 more" in ledger_of
    assert len(ledger_of.splitlines()) < 20


def test_a_channel_that_fails_once_is_tried_again_and_hears_it_once(tmp_path, channel):
    channel.answers = [500]
    told = alerts.tell(published(tmp_path, about=("stale",)))
    assert told == alerts.Report(1, ())
    assert len(channel.to("/hook")) == 2


def test_a_channel_that_stays_away_is_a_note_of_the_run_and_hears_it_next_time(tmp_path, channel):
    settings = published(tmp_path, about=("stale",))
    channel.answers = [503, 503]
    told = alerts.tell(settings)
    assert told.sent == 0
    assert told.notes == (
        f"alerts: 1 message waits for the next run: the channel of {VARIABLE} did not take the message, twice; the run's"
        " log says more",
    )
    assert alerts.tell(settings) == alerts.Report(1, ())
    assert alerts.tell(settings) == alerts.Report(0, ())


def test_each_channel_has_a_memory_of_its_own(tmp_path, channel, monkeypatch):
    """What one heard, the other that was away must still hear, and only that one."""
    with receiving() as other:
        monkeypatch.setenv("OTHER", f"json://{other.address}/hook")
        settings = published(tmp_path, about=("stale",), channels=(VARIABLE, "OTHER"))
        other.answers = [500, 500]
        assert alerts.tell(settings).sent == 1
        assert alerts.tell(settings).sent == 1
        assert (len(channel.to("/hook")), len(other.to("/hook"))) == (1, 3)


def test_the_address_of_a_channel_is_nowhere_but_in_the_environment(tmp_path, channel, monkeypatch, caplog):
    """A web hook's address is a password: whoever reads a log could write to the finance channel."""
    caplog.set_level(logging.DEBUG)
    assert alerts.tell(published(tmp_path, about=("stale",))).sent == 1
    channel.answers = [500, 500]
    notes = alerts.tell(published(tmp_path, number=2)).notes
    monkeypatch.setenv(VARIABLE, "nosuch://hush-hush-hush")
    notes += alerts.tell(published(tmp_path, number=3)).notes
    assert len(notes) == 2
    assert "hush" not in "".join(notes)
    assert "hush" not in "".join(record.getMessage() for record in caplog.records if record.levelno >= logging.INFO)
    state = (tmp_path / ".tieout" / "state.sqlite").read_bytes()
    assert b"hush" not in state and channel.address.encode() not in state


def test_a_variable_that_is_not_set_is_a_note_and_no_failure(tmp_path, monkeypatch):
    monkeypatch.delenv(VARIABLE, raising=False)
    told = alerts.tell(published(tmp_path, about=("stale",)))
    assert told.notes == (f"alerts: 1 message waits for the next run: the environment variable {VARIABLE} is not set",)


def test_without_channels_nothing_is_read_or_remembered(tmp_path):
    settings = configuration.load(snapshots.write(tmp_path))
    assert alerts.tell(settings) == alerts.Report(0, ())
    assert not settings.state_path.exists()


def test_a_run_that_looks_at_the_past_calls_nothing_resolved(tmp_path, channel):
    """`tieout run --as-of` last month does not know what is open today."""
    alerts.tell(published(tmp_path, LATER, about=("stale",)))
    past = published(tmp_path, MENDED, number=2, about=("stale",))
    told = alerts.tell(past)
    assert told.sent == 0
    assert "this run looks at 2026-10-12 00:00 UTC" in told.notes[0]
    assert len(ledger.told(past, VARIABLE)) == 1


def test_a_run_that_stopped_is_told_and_the_next_whole_one_ends_it(tmp_path, channel):
    settings = published(tmp_path, MENDED)
    now = configuration.load(settings.config_path).as_of
    alerts.tell_failure(settings, "books_and_controls", "gate closed: total is null", now)
    alerts.tell_failure(settings, "books_and_controls", "gate closed: total is null", now)
    assert alerts.tell(settings).sent == 1
    assert titles(channel) == [
        "Borealis S1: The run stopped at books_and_controls",
        "Borealis S1: Resolved: The run stopped at books_and_controls",
    ]
    assert "gate closed: total is null" in channel.to("/hook")[0].json()["message"]


def test_the_command_tries_every_channel_and_says_which_one_fails(tmp_path, channel):
    file = snapshots.write(tmp_path)
    with file.open("a") as text:
        text.write(f"alerts: {{channels: [{VARIABLE}, NOT_SET_ANYWHERE]}}\n")
    ran = tieout("alerts", "test", "--config", file)
    assert ran.code == 3
    assert f"{VARIABLE}: took the message" in ran.out
    assert "NOT_SET_ANYWHERE: the environment variable NOT_SET_ANYWHERE is not set" in ran.err
    assert titles(channel) == ["Borealis: test message of Tieout"]


def test_a_preview_sends_and_remembers_nothing(tmp_path, channel):
    file = snapshots.write(tmp_path)
    with file.open("a") as text:
        text.write(f"alerts: {{channels: [{VARIABLE}], digest_above: 100}}\n")
    for _ in range(2):
        ran = tieout("alerts", "preview", "--config", file)
        assert ran.code == 0
        assert "What: Invoices do not tie to receivables" in ran.out
    assert channel.requests == []


def test_without_a_channel_the_test_says_where_to_name_one(tmp_path):
    ran = tieout("alerts", "test", "--config", snapshots.write(tmp_path))
    assert ran.code == 2
    assert "alerts: {channels: [...]}" in ran.err


def test_a_channel_that_never_answers_costs_two_timeouts_and_not_one_a_message(tmp_path, monkeypatch):
    with silent() as address:
        monkeypatch.setenv(VARIABLE, f"json://{address}/hook?cto=0.2&rto=0.2")
        told = alerts.tell(published(tmp_path))
    assert told.sent == 0
    assert len(told.notes) == 1, "the first message that is not taken ends the attempt"
