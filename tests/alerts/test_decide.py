"""Laws of what is told: whoever is told everything every hour stops reading, whoever misses one change acts on an old one."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given, settings
from hypothesis import strategies as st

from dagster_project.alerts import ledger
from dagster_project.alerts.decide import Told, decide
from dagster_project.alerts.finding import Finding
from dagster_project.alerts.telling import EVERY_KIND
from dagster_project.observability.options import Alerts
from tests.dagster.test_decisions import settings_of

NOW = datetime(2026, 10, 12)
NEVER_AGAIN = Alerts(reminder_hours=0)


def finding(key: str = "k", **changes) -> Finding:
    values = {
        "kind": "gate", "state": "failed", "severity": "S1", "owner_role": "AR", "title": "t", "where": "US, 2026-09",
        "amounts": (("USD", 100_00),), "reason": "r", "next_step": "n",
    }  # fmt: skip
    return Finding(key, **values | changes)


def said(told: Finding | None, now: Finding | None, hours: int = 1, options: Alerts = NEVER_AGAIN, kinds=EVERY_KIND):
    before = {told.key: Told(told, NOW)} if told else {}
    decision = decide(before, [now] if now else [], NOW + timedelta(hours=hours), options, kinds)
    return [one.event for one in decision.news]


states = st.sampled_from(["failed", "not_testable"])
amounts = st.sampled_from([0, 100_00, 105_00, 111_00, 500_00])
runs = st.lists(st.dictionaries(st.sampled_from("abcd"), st.tuples(states, amounts)), min_size=1, max_size=8)


@settings(max_examples=20, deadline=None)
@given(runs)
def test_over_any_runs_every_change_is_told_once_and_what_ends_was_told_to_have_begun(runs):
    with TemporaryDirectory() as folder:
        home = settings_of(Path(folder))
        events: dict[str, list[str]] = {key: [] for key in "abcd"}
        for number, run in enumerate(runs):
            found = [finding(key, state=state, amounts=(("USD", minor),)) for key, (state, minor) in run.items()]
            now = NOW + timedelta(hours=number)
            news = decide(ledger.told(home, "C"), found, now, NEVER_AGAIN, EVERY_KIND).news
            ledger.record(home, "C", news, now)
            for one in news:
                events[one.finding.key].append(one.event)
            known = {key: told.finding for key, told in ledger.told(home, "C").items()}
            assert set(known) == set(run), "somebody believes in what has ended, or does not know what is"
            for key, (state, minor) in run.items():
                assert known[key].state == state
                (_, last), drift = known[key].amounts[0], 10
                assert abs(minor - last) * 100 < drift * last or minor == last, "a material change was kept back"
            again = decide(ledger.told(home, "C"), found, now, NEVER_AGAIN, EVERY_KIND)
            assert again.news == (), "the same findings were news twice"
        for told in events.values():
            spoken = [event for event in told if event != "changed"]
            assert spoken == [("opened", "resolved")[place % 2] for place in range(len(spoken))]


owned = st.lists(st.dictionaries(st.sampled_from("abcd"), st.sampled_from(["AR", "GL", "Tax"])), min_size=1, max_size=8)


@given(owned)
def test_channels_that_share_the_owners_among_them_know_together_what_one_of_all_knows(runs):
    """Else routing would lose a finding, or leave one with somebody who no longer owns it."""
    channels = [NEVER_AGAIN.model_copy(update={"owners": owners}) for owners in [("AR",), ("GL", "Tax"), ()]]
    memories: list[dict[str, Told]] = [{}, {}, {}]
    for run in runs:
        found = [finding(key, owner_role=role) for key, role in run.items()]
        for options, memory in zip(channels, memories, strict=True):
            decision = decide(memory, found, NOW, options, EVERY_KIND)
            assert all(one.finding.owner_role in options.owners or one.event == "changed" for one in decision.news) or (
                not options.owners
            )
            for one in decision.news:
                memory[one.finding.key] = Told(one.finding, NOW)
            for key in [*decision.forgotten, *(one.finding.key for one in decision.news if one.event == "resolved")]:
                del memory[key]
        shared = [
            {key: told.finding for key, told in memory.items() if told.finding.owner_role in options.owners}
            for options, memory in zip(channels[:2], memories[:2], strict=True)
        ]
        assert shared[0] | shared[1] == {key: told.finding for key, told in memories[2].items()}
        assert {key: told.finding.owner_role for key, told in memories[2].items()} == run


@given(st.lists(states, min_size=1, max_size=10))
def test_as_many_changes_of_state_are_told_as_there_were(sequence):
    told: dict[str, Told] = {}
    changes = 0
    for state in sequence:
        for one in decide(told, [finding(state=state)], NOW, NEVER_AGAIN, EVERY_KIND).news:
            told[one.finding.key] = Told(one.finding, NOW)
            changes += one.event == "changed"
    assert changes == sum(one != other for one, other in pairwise(sequence))


def test_an_open_finding_is_told_again_after_the_interval_and_not_before():
    daily = Alerts(reminder_hours=24)
    assert said(finding(), finding(), hours=23, options=daily) == []
    assert said(finding(), finding(), hours=24, options=daily) == ["reminder"]
    assert said(finding(), finding(), hours=10_000, options=NEVER_AGAIN) == []


def test_a_slow_drift_is_measured_against_what_was_told_and_not_against_the_last_run():
    before = finding(amounts=(("USD", 100_00),))
    assert said(before, finding(amounts=(("USD", 109_99),))) == []
    assert said(before, finding(amounts=(("USD", 110_00),))) == ["changed"]
    assert said(before, finding(amounts=(("USD", 90_00),))) == ["changed"]


def test_another_currency_is_a_change_however_small():
    """A yen more beside ten thousand dollars is another problem, not a rounding of the first."""
    assert said(finding(), finding(amounts=(("JPY", 1), ("USD", 100_00)))) == ["changed"]
    assert said(finding(), finding(amounts=())) == ["changed"]


def test_what_a_run_could_not_see_has_not_ended():
    """A run that stopped before it published knows of no gate: telling everybody that all is well would be a lie."""
    assert said(finding(), None, kinds=()) == []
    assert said(finding(), None, kinds=("run",)) == []
    assert said(finding(), None) == ["resolved"]


def test_below_the_severity_asked_for_nothing_is_told():
    assert said(None, finding(severity="S3")) == []
    assert said(None, finding(severity="S3"), options=Alerts(min_severity="S3")) == ["opened"]
    assert said(None, finding(kind="sla"), options=Alerts(about=("gate",))) == []


def test_a_finding_that_becomes_less_severe_than_asked_for_is_told_once_more():
    """Without it, its owner would hold an S1 that is none any more."""
    assert said(finding(severity="S1"), finding(severity="S3")) == ["changed"]
    assert said(finding(severity="S3"), finding(severity="S3")) == []


def test_a_kind_that_was_switched_off_is_forgotten_and_not_called_resolved():
    only_stale = Alerts(about=("stale",))
    decision = decide({"k": Told(finding(), NOW)}, [], NOW, only_stale, EVERY_KIND)
    assert (decision.news, decision.forgotten) == ((), ("k",))
    assert decide({"k": Told(finding(), NOW)}, [finding()], NOW, only_stale, EVERY_KIND).forgotten == ("k",)
