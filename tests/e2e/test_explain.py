"""`tieout explain` on the sample company: one command from any id to both ends of its chain."""

from __future__ import annotations

import shutil

import duckdb
import pytest

from tests.command import tieout
from tests.truth.score import read_truth

pytestmark = pytest.mark.slow


def _ask(closed, query: str, *parameters: object) -> list[tuple]:
    with duckdb.connect(str(closed.published), read_only=True) as con:
        return con.execute(query, list(parameters)).fetchall()


def _explain(closed, *arguments: object):
    return tieout("explain", "--config", closed.config, *arguments)


def _planted(closed, code: str, cause: str) -> str:
    return next(
        defect.match_key
        for defect in read_truth(closed.folder / "truth.csv")
        if (defect.code, defect.cause) == (code, cause)
    )


def test_an_event_leads_to_its_ledger_line_and_back(planted):
    """A figure in the ledger that cannot be led back to its events is not evidenced."""
    ((event, journal),) = _ask(
        planted,
        """select min(events.event_id), min(journals.to_id)
        from canonical.usage_event as events
        inner join marts.lineage_edges as metered
            on metered.from_id = events.subscription_id || '|' || events.meter_code || '|' || events.service_month::varchar
                and metered.relation = 'metered'
        inner join marts.lineage_edges as billed on billed.from_id = metered.to_id and billed.relation = 'billed'
        inner join marts.lineage_edges as parts on parts.from_id = billed.to_id and parts.relation = 'part of'
        inner join marts.lineage_edges as posted on posted.from_id = parts.to_id and posted.relation = 'posted'
        inner join marts.lineage_edges as journals
            on journals.from_id = posted.to_id and journals.relation = 'journalised' and journals.to_id like 'JE-%'
        where not events.is_test
            and (select count(*) from canonical.usage_event as others
                where others.subscription_id = events.subscription_id and others.meter_code = events.meter_code
                    and others.service_month = events.service_month) < 6
        group by events.event_id order by events.event_id limit 1""",
    )
    down, up = _explain(planted, event), _explain(planted, journal)
    assert f"journal {journal} of erp" in down.out and "BREAK" not in down.err
    assert f"usage event {event} of product" in up.out
    for words in (
        "contract CON-",
        "subscription SUB-",
        "metered record MR-",
        "receivable document AR-",
        "account 1100",
    ):
        assert words in up.out, words


def test_a_record_is_told_with_the_bytes_that_it_came_in(planted):
    """The hash is what an auditor compares with the file that the source system keeps."""
    key = _planted(planted, "R14", "C02")
    ran = _explain(planted, key)
    batches = _ask(planted, "select batch_id, sha256 from landed.batches where object = 'invoices'")
    line = next(line for line in ran.out.splitlines() if line.startswith(f"invoice {key} of billing"))
    assert any(f"batch {batch} (sha256 {sha256[:16]}" in line for batch, sha256 in batches), line


@pytest.mark.parametrize(("code", "cause"), [("R14", "C02"), ("R03", "A01"), ("R24", "D05"), ("R16", "C08")])
def test_a_broken_chain_says_where_and_why(planted, code, cause):
    key = _planted(planted, code, cause)
    reason = _ask(planted, "select reason from marts.exceptions where code = ? and match_key = ?", code, key)[0][0]
    ran = _explain(planted, key)
    assert ran.code == 1
    assert f"BREAK {code} {cause}" in ran.out and reason in ran.out


def test_a_break_stands_at_its_records_wherever_the_chain_is_entered(planted):
    """Entered from the subscription, a lost invoice must not look posted."""
    key = _planted(planted, "R14", "C02")
    ((subscription,),) = _ask(
        planted, "select min(subscription_id) from canonical.invoice_line where invoice_id = ?", key
    )
    assert "BREAK R14 C02" in _explain(planted, subscription).out


def test_a_whole_chain_ends_with_exit_code_0(clean):
    ((payment,),) = _ask(clean, "select min(payment_id) from canonical.payment where status = 'succeeded'")
    ran = _explain(clean, payment)
    assert ran.code == 0 and "unbroken" in ran.out, ran.text


def test_a_payout_sums_its_payments(planted):
    """Told one by one nobody reads thirty payments; unsummed nobody can compare them with the payout."""
    ((payout, payments, exponent, total, currency),) = _ask(
        planted,
        """select payout_id, count(*), any_value(k.exponent), sum(amount_minor)::bigint, any_value(k.currency_code)
        from canonical.payment as p inner join seeds.currencies as k using (currency_code)
        where payout_id is not null group by payout_id having count(*) > 20 order by payout_id limit 1""",
    )
    whole, minor = divmod(total, 10**exponent)
    amount = f"{whole:,}" + (f".{minor:0{exponent}d}" if exponent else "")
    assert f"{payments} × payment · sum {amount} {currency}" in _explain(planted, payout).out


def test_an_unknown_id_names_its_neighbours_and_nothing_else(planted):
    ((invoice,),) = _ask(planted, "select min(invoice_id) from canonical.invoice")
    ran = _explain(planted, invoice + "x")
    assert ran.code == 2 and ran.out == ""
    assert f"no published record has the id {invoice}x" in ran.err and f"invoice {invoice} of billing" in ran.err


def test_an_id_that_several_records_bear_asks_which(planted):
    """An invoice's number is its document's number too: the two may differ in amount."""
    ((number,),) = _ask(planted, "select min(number) from canonical.invoice where status = 'paid'")
    ran = _explain(planted, number)
    assert ran.code == 2 and "names 2 records" in ran.err and "invoice IN-" in ran.err
    assert _explain(planted, f"invoice:{number}").code in (0, 1)
    assert _explain(planted, number, "--instance", "crm").code == 2


def test_before_the_first_run_it_says_what_to_do(tmp_path):
    assert tieout("init", cwd=tmp_path).code == 0
    ran = tieout("explain", "IN-1", cwd=tmp_path)
    assert ran.code == 2 and "tieout run" in ran.err


def test_without_the_archive_all_but_events_is_told_and_that_is_said(planted, tmp_path):
    """Events stay in the archive: who was sent a snapshot alone must not be told that an event does not exist."""
    home = tmp_path / ".tieout" / "published"
    home.mkdir(parents=True)
    shutil.copy(planted.config, tmp_path / "tieout.yml")
    shutil.copy(planted.published, home / "current.duckdb")
    gone = tmp_path / "gone.parquet"
    with duckdb.connect(str(home / "current.duckdb")) as con:
        ((event, invoice),) = con.execute(
            "select (select min(event_id) from canonical.usage_event), (select min(invoice_id) from canonical.invoice)"
        ).fetchall()
        con.execute(f"copy (from canonical.usage_event limit 1) to '{gone}'")
        con.execute(f"create or replace view canonical.usage_event as from read_parquet('{gone}')")
    gone.unlink()
    told = tieout("explain", "--config", tmp_path / "tieout.yml", invoice)
    assert f"invoice {invoice} of billing" in told.out and "The archive is not at hand" in told.out
    refused = tieout("explain", "--config", tmp_path / "tieout.yml", event)
    assert refused.code == 2 and "usage events were not looked at" in refused.err


def test_whatever_a_control_compares_is_explained_by_its_key(planted):
    """A balance or a gap in the numbers is no record: who is refused its key cannot follow the break that a page shows."""
    keys = _ask(planted, "select distinct match_key, code from marts.exceptions order by code, match_key")
    first = {code: key for key, code in reversed(keys)}
    for code, key in first.items():
        told = _explain(planted, key)
        assert told.code == 1, f"{code} {key}: {told.err}"
    balance = _explain(planted, first["R08"])
    ((reason,),) = _ask(
        planted, "select reason from marts.exceptions where match_key = ? and code = 'R08'", first["R08"]
    )
    assert reason in " ".join(balance.out.replace("│", " ").split())
    assert "Revenue accounting acts:" in balance.out
    assert "invoice:" not in balance.out, "the sum of a month is no invoice"
