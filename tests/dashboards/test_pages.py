"""Each page through the entry point: it shows the figures of the snapshot, keeps its filters in the URL, never raises."""

import pytest

from dashboards.components import money
from dashboards.components.words import title
from tests.command import tieout
from tests.dashboards import snapshots
from tests.dashboards.reading import facts, tables, words

PAGES = ("close", "variance", "controls", "sources")


def test_close_names_the_blocked_entities_their_gates_and_the_unexplained_amount(visit, books):
    app = visit(books)
    shown = tables(app)["close"]
    assert "2 of 3 do not pass every gate for 2026-09" in words(app)
    us = shown.row("US")
    assert us["Can it close?"] == "✕ Cannot close"
    assert "1 invoice not posted as billed" in us["What stands in the way"]
    assert "R14 in USD: 1.00 USD against a cap of 0.94 USD" in us["What stands in the way"], "a note closes no gate"
    assert us["Unexplained"].startswith("USD 12.34")
    assert us["Limit"] == "USD 0.94"
    assert tables(app)["gates"].row("JP")["Receivables tie to the ledger"] == "– Not tested"


def test_close_lists_what_blocks_it_also_where_it_belongs_to_no_period(visit, tmp_path):
    """A contract that was never set up holds the close; behind a link to the period's controls nobody found it."""
    extra = """
        insert into marts.controls values ('R09', 'contract_to_subscription', 'Contract to subscription', 'S1', 'RevOps',
            'T1', '24 h', 'crm.contracts', 'A contract is not billed.', 'Set it up.', 'r09');
        insert into marts.reconciliation_results values ('R09', 'billing', 'K-1', 'US', 'C1', 'USD', null, 700, null, 700,
            null, 'break', 'B01', 'business_rule', 'No subscription.', 'contract:K-1', null, null);
        insert into marts.exceptions (code, source_instance, match_key, legal_entity_code, severity)
            values ('R09', 'billing', 'K-1', 'US', 'S1');"""
    book = snapshots.write(tmp_path, extra=extra)
    app = visit(book, period="2026-09", entity="US")
    blocking = tables(app)["blocking"]
    assert [record.split()[0] for record in blocking.column("Record")] == ["K-1", "IN-1"]
    assert "controls?control=R09&record=K-1&instance=billing" in blocking.links
    assert "./?entity=US#blocking" in tables(app)["close"].links
    app = visit(book, period="2026-09", entity="BH")
    assert "blocking" not in tables(app), "hard closed: nothing can be posted there"


def test_close_shows_an_amount_that_no_double_can_hold(visit, books):
    assert tables(visit(books))["close"].row("BH")["Unexplained"] == "BHD 9,007,199,254,740.993"


def test_close_shows_stale_and_untested_objects_before_the_others(visit, books):
    app = visit(books)
    assert tables(app)["objects"].column("State") == ["✕ Failing", "– Not tested", "✓ Fit, with a note"]
    assert tables(app)["sources"].row("erp")["Age of the oldest extract"] == "30 h limit 26 h"
    app.toggle(key="close.objects").set_value(True).run()
    assert len(tables(app)["objects"].rows) == 4
    assert app.query_params["objects"] == "1"


def test_sources_shows_how_long_each_step_takes_and_what_is_overdue_first(visit, books):
    """A dead interface has fine percentiles: what never arrived must stand beside them."""
    app = visit(books, "sources")
    shown = tables(app)["lags"]
    assert "2 overdue of what began in 2026-09" in words(app)
    assert shown.rows[0][0].startswith("Invoice posted in the ERP")
    posted = shown.row("Invoice posted in the ERP")
    assert posted["Half within"] == "1 h 20 min"
    assert posted["Longest"] == "1 d 1 h"
    assert posted["Overdue"] == "2 oldest 8 d"
    assert posted["Who acts"] == "Accounts receivable"
    app.selectbox(key="sources.month").set_value("2026-10").run()
    assert "Nothing of 2026-10 is overdue" in words(app)


def test_sources_says_what_became_of_every_row_and_every_file(visit, books):
    app = visit(books, "sources")
    invoices = tables(app)["objects"].row("Invoices")
    assert [invoices[name] for name in ("Rows received", "Rows that count", "Repeated")] == ["6", "3", "3"]
    assert tables(app)["objects"].row("Payments")["Set aside"] == "1 1 rejected by a business rule"
    assert tables(app)["objects"].row("AR documents")["Age of the extract"] == "30 h limit 26 h"
    deliveries = tables(app)["batches"]
    assert deliveries.rows[0][0].startswith("ar_documents/torn.csv")
    assert "ends within a row" in deliveries.rows[0][1]
    app.selectbox(key="sources.source").set_value("billing").run()
    assert len(tables(app)["batches"].rows) == 2


def test_what_a_run_did_not_read_is_told_with_what_was_expected(visit, books, tmp_path):
    """The invoices of a month under `invoces/` are in no figure, and the terminal that said so is closed."""
    extra = """insert into landed.not_read values
        ('billing', 'invoces/: not read; no object has that name, expected perhaps invoices/'),
        (null, 'data/old: not read; it holds customers of billing')"""
    book = snapshots.write(tmp_path, extra=extra)
    app = visit(book, "sources")
    assert "**2 findings among the landing files not read**: what is in them is in no figure here." in words(app)
    assert tables(app)["not_read"].row("invoces/: not read; no object has that name, expected perhaps invoices/")[
        "Source"
    ] == ("billing")
    app.selectbox(key="sources.source").set_value("erp").run()
    assert tables(app)["not_read"].column("Source") == ["–"]
    told = tieout("status", "-c", book)
    assert "source 'billing': invoces/: not read; no object has that name, expected perhaps invoices/" in told.out
    assert "not_read" not in tables(visit(books, "sources"))


def test_dead_letters_that_wait_are_told_with_reason_money_owner_and_what_next(visit, books):
    """What is set aside is in no figure: whoever reads the figures must see what they lack, in each currency alone."""
    app = visit(books, "sources")
    assert "**4 wait**, with JPY 500, USD 90,071,992,547,409.93 at stake; 2 of them state no amount." in words(app)
    shown = tables(app)["dead_letters"]
    assert len(shown.rows) == 2, "what was mended waits no more"
    payments = shown.row("Payments")
    assert payments["Count"] == "3 rows"
    assert payments["Money at stake"] == "JPY 500 USD 90,071,992,547,409.93 1 not stated"
    assert payments["Why"].startswith("column status is 'paied', expected one of paid")
    assert payments["State"] == "✕ Open Rejected by a business rule"
    assert payments["Who acts, and what next"] == "Accounts receivable Correct the record at its source."
    assert shown.row("AR documents")["Count"] == "1 file"
    assert shown.row("AR documents")["State"] == "✕ Refused again Transmission failed Read 2 times"


def test_each_waiting_dead_letter_has_the_command_that_reads_it_again(visit, books):
    """A command that selects other rows than those beside it would take in what nobody has looked at."""
    app = visit(books, "sources")
    config = f"tieout replay --config {books}"
    assert [code.value for code in app.code] == [
        f"{config} --source billing --object billing.payments"
        """ --reason 'column status is '"'"'paied'"'"', expected one of paid' --dry-run""",
        f"{config} --batch b3 --dry-run",
    ]
    app.selectbox(key="sources.state").set_value("mended_at_source").run()
    assert "None of these waits." in words(app)
    assert not app.code


def test_dead_letters_are_narrowed_by_source_object_kind_and_state(visit, books):
    app = visit(books, "sources")
    for key, value in (("object", "erp.journal_lines"), ("state", "")):
        app.selectbox(key=f"sources.{key}").set_value(value).run()
    assert [row[0] for row in tables(app)["dead_letters"].rows] == ["Journal lines erp"]
    app.selectbox(key="sources.class").set_value("transport").run()
    assert "There is none of this kind." in words(app)
    app.selectbox(key="sources.object").set_value("").run()
    assert [row[0] for row in tables(app)["dead_letters"].rows] == ["AR documents erp"]
    app.selectbox(key="sources.source").set_value("billing").run()
    assert "There is none of this kind." in words(app)


def test_variance_shows_every_stage_of_every_entity_as_the_cells_add_up(visit, books, ask):
    shown = tables(visit(books, "variance"))["groups"]
    for entity, currency, *stages in ask(
        "select legal_entity_code, currency_code, sum(expected_minor), sum(metered_minor), sum(billed_minor),"
        " sum(posted_minor), sum(settled_minor) from marts.bridge_cells group by all"
    ):
        row = shown.row(entity)
        assert row["Currency"] == currency
        cells = [row[name].split(" ")[0] for name in ("Expected", "Metered", "Billed", "Posted", "Paid")]
        assert cells == [money.amount(stage, currency) for stage in stages]
    assert "▼ 0.50 less" in shown.row("US")["Posted"]


def test_currencies_are_never_added_together(visit, books):
    assert [row[0] for row in tables(visit(books, "variance"))["totals"].rows] == ["BHD", "JPY", "USD"]


def test_variance_explains_each_difference_by_its_cause(visit, books):
    causes = tables(visit(books, "variance", entity="US"))["causes"]
    assert causes.row("Billed to posted")["USD"] == "0.50"
    assert causes.row("Metered to billed")["Cause"] == "Wrong quantity billed (B04)"


def test_what_cancels_out_between_entities_is_still_explained(visit, tmp_path):
    """An invoice posted in another entity adds up to zero, and is wrong in both."""
    extra = """insert into marts.bridge_allocation values
        ('US', 'C1', 'S1', 'API', '2026-08-01', 'USD', 'C', 'C09', 360000, 'invoice_line:L-1', null, '1'),
        ('JP', 'C1', 'S1', 'API', '2026-08-01', 'USD', 'C', 'C09', -360000, null, 'ar_document_line:D-1-1', '1')"""
    book = snapshots.write(tmp_path, extra=extra)
    causes = tables(visit(book, "variance"))["causes"]
    assert [row[2:] for row in causes.rows if "C09" in row[1]] == [["–", "0.00 3,600.00 each way"]]


def test_an_explained_amount_leads_to_the_differences_that_add_up_to_it(visit, books, ask):
    app = visit(books, "variance")
    [address] = [link for link in tables(app)["causes"].links if "cause=C02" in link]
    assert address == "variance?currency=JPY&leg=C&cause=C02&records=differences#records"
    app = visit(books, "variance", currency="JPY", leg="C", cause="C02", records="differences")
    shown = tables(app)["records"]
    [(total,)] = ask("select sum(amount_minor) from marts.bridge_allocation where cause_code = 'C02'")
    assert shown.column("Net amount") == [money.amount(total, "JPY")]
    assert shown.column("Cause") == ["Transmission failed (C02)"]
    assert "Billed to posted: Transmission failed (C02). Show all causes again" in facts(app)


@pytest.mark.parametrize(
    ("kind", "first"),
    [("invoice_lines", "US-1"), ("ar_documents", "D1"), ("cash_applications", "A-1"), ("exceptions", "IN-1 ")],
)
def test_an_amount_leads_to_the_records_behind_it(visit, books, kind, first):
    shown = tables(visit(books, "variance", entity="US", period="2026-08", currency="USD", records=kind))["records"]
    assert shown.rows[0][0].startswith(first)


def test_results_of_a_service_month_include_those_of_the_invoice_that_bills_it(visit, books):
    shown = tables(visit(books, "variance", entity="US", period="2026-08", records="exceptions"))["records"]
    assert shown.column("Record") == ["IN-1 US, C1, 2026-09 R14 Billing invoice to receivable"]


def test_a_document_that_billing_does_not_know_is_shown_in_its_own_period(visit, books):
    august = tables(visit(books, "variance", entity="US", period="2026-08", records="ar_documents"))["records"]
    assert sorted(august.column("Number")) == ["D1", "D9"]
    assert "records" not in tables(visit(books, "variance", customer="C2", records="ar_documents"))


def test_controls_shows_counts_and_amounts_of_every_control(visit, books, ask):
    shown = tables(visit(books, "controls"))["controls"]
    for code, compared, breaks in ask(
        "select code, sum(compared), sum(breaks) from marts.reconciliation_summary group by code"
    ):
        assert (shown.row(code)["Population"], shown.row(code)["Does not tie"]) == (str(compared), str(breaks))
    assert shown.row("R14")["Amount that does not tie"] == "BHD 1.000 JPY 5,500 USD 0.50"
    assert shown.row("R05")["Result"] == "◐ Ties where tested"


def test_the_overview_says_who_acts_on_what_was_found_and_not_who_would(visit, tmp_path):
    """Duplicates of usage are not the receivables clerk's, whom the catalogue names; nobody else would look at them."""
    extra = """insert into marts.exceptions (code, source_instance, match_key, legal_entity_code, severity, owner_role)
        values ('R19', 'product', 'usage_events|e1', 'US', 'S1', 'ProductData'),
        ('R19', 'product', 'usage_events|e2', 'US', 'S1', 'ProductData'),
        ('R19', 'billing', 'customers|c1', 'US', 'S1', 'MasterData')"""
    listed = """;insert into marts.controls values ('R19', 'duplicates', 'Duplicates', 'S1', 'AR', 'T0', 'W0', null, 'Twice.',
        'Reverse it.', 'r19');"""
    app = visit(snapshots.write(tmp_path / "found", extra=extra + listed), "controls")
    assert tables(app)["controls"].row("R19")["Who acts"] == "Product data, 2 Master data, 1"
    app = visit(snapshots.write(tmp_path / "none", extra=listed), "controls")
    assert tables(app)["controls"].row("R19")["Who acts"] == "Who keeps the object"


def test_a_control_lists_its_breaks_with_reason_owner_due_and_next_step(visit, books):
    shown = tables(visit(books, "controls", control="R14"))["results"]
    row = dict(zip(shown.head, next(row for row in shown.rows if row[0].startswith("IN-2")), strict=True))
    assert row["Difference"] == "JPY 5,500" and "Result" not in shown.head, "each row would repeat what was chosen"
    assert "Result" in tables(visit(books, "controls", control="R14", status="all"))["results"].head
    assert (row["Billing invoice"], row["Receivable"]) == ("5,500", "–")
    assert row["Why"] == "No document in the ERP. Transmission failed (C02) Next: Resend the message."
    assert (row["Who acts"], row["Due"]) == ("Integration operations", "12 Oct 2026 04:00 UTC")


def test_quantities_are_not_shown_as_money(visit, books):
    shown = tables(visit(books, "controls", control="R05", status="timing"))["results"]
    assert (shown.rows[0][1], shown.rows[0][2], shown.rows[0][3]) == ("USD 1.25 0.5 units", "10.5 units", "10 units")


def test_seats_that_cost_nothing_yet_are_not_shown_as_money(visit, tmp_path):
    """68 seats beside no amount read as 0.68 of a currency."""
    extra = (
        "insert into marts.reconciliation_results values ('R05', 'billing', 'S7|SEAT', 'US', 'C1', 'USD', '2026-09', 68,"
        " null, null, null, 'break', 'B12', null, 'Grants 68.', null, null, null)"
    )
    book = snapshots.write(tmp_path, extra=extra)
    shown = tables(visit(book, "controls", control="R05"))["results"]
    assert shown.row("S7")["Metered"] == "68 units"
    pair = tables(visit(book, "controls", control="R05", record="S7|SEAT", instance="billing"))["pair"]
    assert pair.rows[0][:2] == ["Quantity compared", "68 units"]


def test_what_a_break_is_not_valued_at_is_said_beside_the_amounts(visit, tmp_path):
    """Else the amount of the others reads as that of all."""
    extra = """insert into marts.exceptions (code, source_instance, match_key, legal_entity_code, severity)
        values ('R14', 'billing', 'IN-9', 'US', 'S1')"""
    shown = tables(visit(snapshots.write(tmp_path, extra=extra), "controls"))["controls"]
    assert shown.row("R14")["Amount that does not tie"].endswith("and 1 without an amount")


def test_filters_that_leave_nothing_do_not_read_as_a_clean_result(visit, books):
    app = visit(books, "controls", entity="BH", currency="JPY")
    assert "Nothing to compare" in words(app)
    assert "Nothing is broken" not in words(app)
    app = visit(books, "variance", q="nobody of that name")
    assert "there is nothing to compare" in words(app)
    assert "No difference" not in words(app)


def test_a_break_shows_both_records_side_by_side_and_marks_what_differs(visit, books):
    shown = tables(visit(books, "controls", control="R14", record="IN-1", instance="billing"))["pair"]
    assert shown.row("Net amount")["Left: invoice in billing"] == "USD 1,234.50"
    assert shown.row("Net amount")["Right: receivable document in the ERP"] == "USD 1,234.00"
    assert shown.row("Net amount")["Compared"] == "≠ differs"
    assert shown.row("Entity")["Compared"] == "= same"


def test_two_records_of_one_side_are_not_compared_with_each_other(visit, tmp_path):
    extra = (
        "update marts.reconciliation_results set left_ref = null, right_ref = 'ar_document:D-1, D-9'"
        " where match_key = 'IN-1'"
    )
    config = snapshots.write(tmp_path, extra=extra)
    shown = tables(visit(config, "controls", control="R14", record="IN-1", instance="billing"))["pair"]
    assert len(shown.head) == 5
    assert shown.row("Currency")[shown.head[-1]] == ""


def test_a_side_without_a_record_says_so(visit, books):
    shown = tables(visit(books, "controls", control="R14", record="IN-2", instance="billing"))["pair"]
    assert shown.row("Record")["Right: no record"] == "no record"


def test_filters_are_read_from_the_url_and_written_to_it(visit, books):
    app = visit(books, "controls", entity="JP", period="2026-09")
    assert (app.selectbox(key="controls.entity").value, app.selectbox(key="controls.period").value) == ("JP", "2026-09")
    assert tables(app)["controls"].row("R14")["Population"] == "1"
    app.selectbox(key="controls.entity").set_value("US").run()
    assert app.query_params["entity"] == "US"
    app.selectbox(key="controls.entity").set_value("").run()
    assert "entity" not in app.query_params
    app.query_params["entity"] = "BH"
    app.run()
    assert app.selectbox(key="controls.entity").value == "BH"


def test_links_keep_the_filters(visit, books):
    links = tables(visit(books, "controls", entity="US", period="2026-09"))["controls"].links
    assert "controls?control=R14&entity=US&period=2026-09" in links


def test_an_unknown_filter_in_the_url_shows_everything(visit, books):
    app = visit(books, "variance", entity="nowhere", by="nothing", period="1999-01")
    assert len(tables(app)["groups"].rows) == 3
    assert "There is no control of that code" in words(visit(books, "controls", control="R99"))
    assert "no result for that record" in words(
        visit(books, "controls", control="R14", record="gone", instance="billing")
    )


def test_a_customer_is_found_by_part_of_its_name(visit, books):
    shown = tables(visit(books, "variance", q="umi", by="customer"))["groups"]
    assert shown.column("Customer") == ["C2 Umi KK"]


def test_a_hostile_name_is_shown_as_text(visit, books):
    app = visit(books, "variance", by="customer")
    assert snapshots.NAME in tables(app)["groups"].row("C1")["Customer"]
    assert not [element for element in app.get("html") if "<b>Søn" in element.proto.body]


def test_sql_in_the_url_is_only_text(visit, books):
    app = visit(books, "controls", control="R14", q="'; drop table marts.controls; --")
    assert "No result of this kind" in words(app)


def test_a_long_list_comes_one_page_at_a_time(visit, tmp_path):
    more = (
        "insert into marts.reconciliation_results select 'R14', 'billing', 'X' || n, 'US', 'C1', 'USD', '2026-09', n, 0, n,"
        " null, 'break', 'C02', null, 'Missing.', null, null, null from range(1, 2001) as t(n)"
    )
    app = visit(snapshots.write(tmp_path, extra=more), "controls", control="R14", currency="USD")
    assert len(tables(app)["results"].rows) == 25
    assert tables(app)["results"].rows[0][0].startswith("X2000")


@pytest.mark.parametrize("page", PAGES)
def test_without_a_snapshot_the_page_names_the_command(visit, tmp_path, page):
    app = visit(snapshots.configuration(tmp_path), page)
    assert "Nothing is published yet for Borealis" in words(app)
    assert f"tieout run --config {tmp_path / 'tieout.yml'}" in words(app)


@pytest.mark.parametrize("page", PAGES)
def test_without_a_configuration_the_page_says_how_to_name_one(visit, tmp_path, page):
    shown = words(visit(tmp_path / "nowhere.yml", page))
    assert "tieout dashboard --config" in shown
    assert "nowhere.yml" in shown


@pytest.mark.parametrize("page", PAGES)
def test_a_snapshot_without_rows_is_no_error(visit, tmp_path, page):
    assert "Run the close again" in words(visit(snapshots.write(tmp_path, rows=False), page))


@pytest.mark.parametrize("page", PAGES)
def test_a_run_over_empty_folders_is_no_error(visit, tmp_path, page):
    extra = "insert into config.parameters values ('2026-10-12', 'USD', 'billing_led', 'Borealis')"
    tables(visit(snapshots.write(tmp_path, rows=False, extra=extra), page))


@pytest.mark.parametrize("page", PAGES)
def test_an_older_snapshot_without_a_table_is_no_error(visit, tmp_path, page):
    extra = "drop table marts.bridge_cells; drop table marts.close_status; drop table marts.exceptions;"
    extra += "drop table marts.lags"
    assert "`tieout run` publishes them" in words(visit(snapshots.write(tmp_path, extra=extra), page))


def test_a_control_is_as_grave_as_its_gravest_open_break(visit, tmp_path):
    """A rogue write to a tax id under the heading of a financial matter would wait two days in a close."""
    extra = "update marts.controls set severity = 'S2'"
    shown = tables(visit(snapshots.write(tmp_path, extra=extra), "controls"))["controls"]
    assert "S1, blocks the close" in shown.row("R14 Billing invoice to receivable")["Control"]
    assert "S2" in shown.row("R05 Metered to billed quantity")["Control"]


def test_an_echo_names_its_problem_and_the_problem_its_echoes(visit, tmp_path):
    """Five breaks of one defect would be worked five times."""
    extra = """update marts.exceptions set root_reason = 'The same invoice.',
        root_exception_key = (select exception_key from marts.exceptions where match_key = 'IN-1') where match_key = 'IN-3'"""
    config = snapshots.write(tmp_path, extra=extra)
    assert "3 differences, which go back to 2 separate problems" in words(visit(config, "controls"))
    echo = facts(visit(config, "controls", control="R14", instance="billing", record="IN-3"))
    assert "The same invoice." in echo and "Same problem as R14 IN-1" in echo
    root = facts(visit(config, "controls", control="R14", instance="billing", record="IN-1"))
    assert "Also shows as" in root and "R14 IN-3" in root
    assert "Also shows as" not in echo


def test_a_file_that_is_no_database_is_explained(visit, tmp_path):
    config = snapshots.write(tmp_path)
    (tmp_path / ".tieout" / "published" / "tieout-000001.duckdb").write_bytes(b"not a database")
    assert "cannot be read" in words(visit(config))


def test_a_newer_close_is_offered_and_shown_only_when_asked_for(visit, tmp_path):
    config = snapshots.write(tmp_path)
    app = visit(config, "controls")
    snapshots.write(tmp_path, number=2, extra="delete from marts.reconciliation_summary where code = 'R14'")
    app.run()
    assert "A newer close has been published" in words(app)
    assert tables(app)["controls"].row("R14")["Population"] == "4"
    app.button(key="show_newer").click().run()
    assert tables(app)["controls"].row("R14")["Population"] == "0"
    assert "A newer close" not in words(app)


UNPLACED = """
    insert into marts.controls values ('R10', 'amendment_four_way', 'Amendment in all four systems', 'S1', 'RevOps',
        'T0', '24 h', 'crm.contracts', 'A change did not reach every system.', 'Run it again.', 'r10');
    insert into marts.reconciliation_results values
        ('R10', 'billing', 'BT-1', 'US', null, 'USD', null, 2, 0, 700, 2, 'break', 'partial', 'business_rule', 'Missing.',
         'contract:K-1', null, null),
        ('R10', 'billing', 'BT-2', null, null, null, null, 2, 0, null, 2, 'break', 'partial', 'business_rule', 'Missing.',
         'contract:K-2', null, null);
    insert into marts.reconciliation_summary select 'R10', 'billing', 'US', 'USD', null, 1, 0, 0, 0, 1, 0, 700, 700, 0, 0, 0;
    insert into marts.reconciliation_summary select 'R10', 'billing', null, null, null, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0;
    insert into marts.exceptions (exception_key, code, source_instance, match_key, legal_entity_code, currency_code,
        severity, owner_role, root_exception_key)
    values ('1', 'R10', 'billing', 'BT-1', 'US', 'USD', 'S1', 'RevOps', '1'),
        ('2', 'R10', 'billing', 'BT-2', null, null, 'S1', 'RevOps', '1');
"""
"""What names no period, and no entity either, and holds the closes that may still change."""


def test_what_names_no_period_is_not_nothing_to_compare_in_a_period_that_it_holds(visit, tmp_path):
    """Close said R10 holds US in 2026-09; its page of US in 2026-09 said that nothing was compared."""
    book = snapshots.write(tmp_path, extra=UNPLACED)
    app = visit(book, "controls", entity="US", period="2026-09")
    assert "**Beside these, 2 in R10 name no entity or period.**" in words(app)
    assert tables(app)["controls"].row("R10")["Result"] == "✕ Does not tie 2 of no entity or period"
    app = visit(book, "controls", control="R10", entity="US", period="2026-09")
    assert "2 more of R10 do not tie and name no entity or period: show all of R10" in facts(app)
    assert 'href="controls?control=R10"' in facts(app)
    assert "Nothing was compared" not in words(app)
    assert "more of R10" not in facts(visit(book, "controls", control="R10"))
    app = visit(book, "controls", entity="JP")
    assert "**Beside these, 1 in R10 names no entity.**" in words(app), "BT-1 is another entity's"


def test_what_blocks_a_close_is_told_by_who_acts_and_goes_to_them_as_a_file(visit, tmp_path):
    """Twenty-seven differences over two pages, to be copied by hand to four teams at eleven at night."""
    book = snapshots.write(tmp_path, extra=UNPLACED)
    app = visit(book, period="2026-09")
    assert "4 differences, which go back to 3 separate problems." in words(app)
    [button] = app.get("download_button")
    assert (button.proto.label, button.proto.disabled) == ("Download these differences (CSV)", False)
    app = visit(book, period="2026-09", owner="RevOps")
    blocking = tables(app)["blocking"]
    assert sorted(record.split()[0] for record in blocking.column("Record")) == ["BT-1", "BT-2"]
    assert set(blocking.column("Who acts")) == {"Revenue operations"}
    assert app.query_params["owner"] == "RevOps"


def test_each_side_is_named_also_where_several_controls_share_a_column(visit, tmp_path):
    """`Left side 2, right side 0` told nobody which of the two is wrong."""
    book = snapshots.write(tmp_path, extra=UNPLACED)
    rows = tables(visit(book, period="2026-09", entity="US"))["blocking"]
    assert rows.row("BT-1")["Left side"] == "2 systems Due"
    assert rows.row("BT-1")["Right side"] == "0 systems Reached"
    assert rows.row("IN-1")["Left side"] == "1,234.50 Billing invoice"
    shown = tables(visit(book, "controls", control="R10"))["results"]
    assert {"Due", "Reached"} <= set(shown.head)


def test_what_is_still_to_pay_is_not_headed_as_paid(visit, tmp_path):
    """R28 compares what is open: 435.50 under `Paid in billing` was an invoice that nobody had paid."""
    extra = """
        insert into marts.controls values ('R28', 'paid_to_open_balance', 'Paid in billing to open balance in the ERP',
            'S2', 'AR', 'T1', 'Wc', 'billing.invoices', 'They differ.', 'Apply the cash.', 'r28');
        insert into marts.reconciliation_results values ('R28', 'billing', 'IN-1', 'US', 'C1', 'USD', '2026-09', 43550, 0,
            43550, null, 'break', 'status lag', null, 'Open in billing.', 'invoice:IN-1', 'ar_document:D-1', null);"""
    shown = tables(visit(snapshots.write(tmp_path, extra=extra), "controls", control="R28"))["results"]
    assert shown.row("IN-1")["Open in billing"] == "435.50"
    assert shown.row("IN-1")["Open in the ERP"] == "0.00"


def test_the_trend_says_the_number_of_the_period_that_is_looked_at(visit, tmp_path):
    """Beside 2026-08 stood the number of 2026-09, and was read as that of 2026-08."""
    app = visit(snapshots.write(tmp_path), "controls", period="2026-08")
    shown = tables(app)["controls"].row("R14")
    assert (shown["Does not tie"], shown["Breaks by period"]) == ("1", "2026-08: 1")
    app.selectbox(key="controls.period").set_value("").run()
    assert tables(app)["controls"].row("R14")["Breaks by period"] == "2026-09: 2"


def test_a_surplus_or_unmatched_record_is_called_by_what_it_is():
    """`usage_events|EV-1` is the name of a table and a key: a controller would look for an invoice of that number."""
    assert title("R20", "usage_events|EV-1") == "usage event EV-1"
    assert title("R19", "journal_lines|J-1|2") == "journal line J-1|2"
    assert title("R05", "S7|SEAT|2026-09-01") == "S7|SEAT|2026-09-01"


def test_a_control_of_names_shows_no_columns_of_values(visit, tmp_path):
    """R36 and R37 compare fields and mappings: two columns of dashes, called left and right, told nobody anything."""
    extra = "update marts.reconciliation_results set left_value = null, right_value = null where code = 'R14'"
    app = visit(snapshots.write(tmp_path, extra=extra), "controls", control="R14")
    assert "Difference" in tables(app)["results"].head
    assert {"Billing invoice", "Receivable"}.isdisjoint(tables(app)["results"].head)


def test_a_control_without_a_break_leads_to_what_it_has_instead(visit, tmp_path):
    """R38 of a company without sidecars had 35 results, and its page said that there was none of this kind."""
    extra = "update marts.reconciliation_results set status = 'not_testable' where code = 'R14'"
    app = visit(snapshots.write(tmp_path, extra=extra), "controls", control="R14")
    assert "No result of this kind" in words(app)
    (led,) = [element.proto.body for element in app.get("html") if ": show them" in element.proto.body]
    assert "– Not tested, " in led and "controls?control=R14&amp;status=not_testable" in led


def test_a_close_of_another_period_that_does_not_pass_is_told_in_one_sentence(visit, tmp_path):
    extra = """
        delete from marts.close_status where readiness = 'blocked' and period <> '2026-09';
        insert into marts.close_status (source_instance, legal_entity_code, period, readiness)
            values ('erp', 'US', '2026-08', 'blocked')"""
    app = visit(snapshots.write(tmp_path, extra=extra), period="2026-09")
    shown = " ".join(element.proto.body for element in app.get("html"))
    assert "1 more in another period does not pass every gate: show all periods" in shown
