"""In a real browser: nothing is fetched from elsewhere, nothing is cut off, links and downloads work.

Needs Debian's chromium at /usr/bin/chromium; installs nothing.
"""

from __future__ import annotations

import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from dagster_project import settings as configuration
from dashboards.serve import command
from tests.dashboards import snapshots
from tests.dashboards.snapshots import BIG

CHROMIUM = Path("/usr/bin/chromium")
PATHS = (
    "",
    "variance",
    "variance?by=customer&records=invoice_lines",
    "controls",
    "controls?control=R14",
    "controls?control=R14&record=IN-1&instance=billing",
    "sources",
)
TITLES = ["Close", "Variance", "Controls", "Sources"]
CUT_OFF = """() => [...document.querySelectorAll('.stMain *')]
    .filter(e => e.clientWidth > 20 && e.scrollWidth > e.clientWidth + 1 && getComputedStyle(e).overflowX != 'visible')
    .map(e => e.textContent.slice(0, 60))"""

pytestmark = pytest.mark.slow


@contextmanager
def served(books: Path) -> Iterator[str]:
    """The address of the dashboard, served as `tieout dashboard --headless` serves it."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = subprocess.Popen(
        command(configuration.load(books), port, headless=True),
        cwd=books.parent, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    try:
        _wait(f"http://127.0.0.1:{port}/_stcore/health", server)
        yield f"http://127.0.0.1:{port}/"
    finally:
        server.terminate()
        server.wait(timeout=30)


@pytest.fixture(scope="module")
def address(books):
    """The small company's dashboard."""
    with served(books) as found:
        yield found


@pytest.fixture(scope="module")
def doubtful(tmp_path_factory):
    """The dashboard of a company with suggestions beside its results."""
    with served(snapshots.write(tmp_path_factory.mktemp("doubtful"), extra=snapshots.SUGGESTIONS)) as found:
        yield found


@pytest.fixture(scope="module")
def long_rows(tmp_path_factory):
    """The dashboard of a company whose breaks fill their row."""
    extra = f"""
        update marts.reconciliation_results set left_value = {BIG}, right_value = {BIG} - 137258500,
            delta_minor = 137258500, match_key = 'AR-IN-FICT-0252a-20260405R', reason = repeat('posted over it ', 20)
        where match_key = 'IN-1';
        update marts.exceptions set match_key = 'AR-IN-FICT-0252a-20260405R', owner_role = 'RevenueAccounting'
        where match_key = 'IN-1'"""
    with served(snapshots.write(tmp_path_factory.mktemp("long"), extra=extra)) as found:
        yield found


def _wait(url: str, server: subprocess.Popen) -> None:
    for _ in range(120):
        assert server.poll() is None, f"the dashboard ended: {server.stdout.read()}"
        try:
            urllib.request.urlopen(url, timeout=5).close()
        except OSError:
            time.sleep(0.5)
        else:
            return
    pytest.fail(f"the dashboard did not answer at {url}")


@pytest.fixture(scope="module")
def browser():
    """Chromium as Debian ships it."""
    assert CHROMIUM.exists(), f"{CHROMIUM} is missing; this test needs it: apt-get install chromium"
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=str(CHROMIUM), args=["--no-sandbox"])
        yield chromium
        chromium.close()


@pytest.mark.parametrize(("width", "scheme"), [(1440, "light"), (420, "dark")])
def test_no_page_is_cut_off_or_asks_another_host(address, browser, width, scheme):
    _read_whole(browser, address, PATHS, width, scheme)


@pytest.mark.parametrize(("width", "scheme"), [(1440, "dark"), (420, "light")])
def test_suggestions_fit_beside_their_control(doubtful, browser, width, scheme):
    _read_whole(browser, doubtful, ("controls?control=R19", "controls?control=R36"), width, scheme)


@pytest.mark.parametrize("width", [420, 760, 1280])
def test_every_page_is_reached_by_a_click_on_its_name(address, browser, width):
    """What lies over a link takes the click: the pages would be reached by who knows their addresses."""
    page = browser.new_page(viewport={"width": width, "height": 900})
    page.goto(address)
    for title in (*TITLES[1:], TITLES[0]):
        box = page.locator(".st-key-pages").get_by_role("link", name=title).bounding_box()
        page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
        page.wait_for_function("title => document.querySelector('h1')?.innerText == title", arg=title)
    page.close()


def test_what_counts_as_blocking_is_in_sight_after_a_click_on_the_number(address, browser):
    page = browser.new_page(viewport={"width": 1280, "height": 700})
    page.goto(address)
    page.context.new_cdp_session(page).send("Emulation.setCPUThrottlingRate", {"rate": 8})  # as an old laptop is
    page.locator("table[data-table=close] tr", has_text="US").get_by_role("link", name="Open and blocking").click()
    page.wait_for_url("**/?entity=US#blocking")
    page.wait_for_function("document.querySelector('#blocking')?.getBoundingClientRect().top < innerHeight - 100")
    page.close()


@pytest.mark.parametrize("width", [1280, 1366])
def test_when_a_break_is_due_is_seen_without_scrolling_sideways(long_rows, browser, width):
    """It stands last in its row, and is what the day is planned by."""
    page = browser.new_page(viewport={"width": width, "height": 900})
    for path, table in (("?period=2026-09", "blocking"), ("controls?control=R14", "results"), ("variance", "records")):
        page.goto(long_rows + path)
        cell = page.locator(f"table[data-table={table}] tbody td:last-child").first
        cell.wait_for()
        box = cell.bounding_box()
        assert box["x"] + box["width"] <= width - 16, f"{path} at {width} px"
    page.close()


@pytest.mark.parametrize("width", [760, 1000])
def test_no_gate_and_no_figure_lies_beside_the_page(address, browser, width):
    """A gate that fails right of the page's edge is a period that is signed with it failing."""
    page = browser.new_page(viewport={"width": width, "height": 900})
    delivered = [("sources", table) for table in ("lags", "objects", "batches")]
    amounts = [("variance", table) for table in ("totals", "groups", "causes")]
    for path, table in (("", "gates"), ("", "close"), ("", "sources"), ("controls", "controls"), *delivered, *amounts):
        page.goto(address + path)
        cells = page.locator(f"table[data-table={table}] tbody :is(th, td, .tt-v > div)")
        cells.first.wait_for()
        boxes = cells.evaluate_all(
            "all => all.map(one => one.getBoundingClientRect()).map(({x, width}) => ({x, width}))"
        )
        assert all(box["x"] >= 0 and box["x"] + box["width"] <= width for box in boxes), f"{table} at {width} px"
        caption = page.locator(f"table[data-table={table}] caption span").bounding_box()
        assert caption["x"] + caption["width"] <= width
    page.close()


def test_on_half_a_screen_a_gate_that_fails_stands_before_those_that_pass(address, browser):
    """Seven gates a row: the one that keeps a period open must not be looked for."""
    page = browser.new_page(viewport={"width": 760, "height": 900})
    page.goto(address)
    page.locator("table[data-table=gates] tbody td").first.wait_for()
    read = page.locator("table[data-table=gates] tbody tr").evaluate_all(
        "rows => rows.map(row => [...row.querySelectorAll('td.below')]"
        ".map(one => [one.offsetTop, one.offsetLeft, !one.querySelector('.tt-bad')]))"
    )
    mixed = [[passes for *_, passes in sorted(gates)] for gates in read if len({passes for *_, passes in gates}) == 2]
    assert mixed, "no row has gates of both kinds"
    assert all(gates == sorted(gates) for gates in mixed)
    page.close()


def test_on_half_a_screen_an_amount_stands_beside_the_name_of_its_currency(tmp_path, browser):
    """Pushed away by the note below it, it reads as that of the next currency."""
    rows = ", ".join(
        f"('US', 'C1', 'S1', 'API', '2026-08-01', '{currency}', 'C', 'C09', {sign}36000000, null, null, '1')"
        for currency in ("USD", "EUR", "GBP", "JPY")
        for sign in ("", "-")
    )
    book = snapshots.write(tmp_path, extra=f"insert into marts.bridge_allocation values {rows}")
    with served(book) as found:
        page = browser.new_page(viewport={"width": 760, "height": 900})
        page.goto(found + "variance")
        amounts = page.locator("table[data-table=causes] tbody tr", has_text="C09").locator("td.below:has(.tt-note)")
        amounts.first.wait_for()
        gaps = amounts.evaluate_all(
            "cells => cells.map(one => one.querySelector('a').getBoundingClientRect().x - one.getBoundingClientRect().x)"
        )
        assert gaps and max(gaps) < 60, gaps
        page.close()


def test_on_half_a_screen_a_difference_stands_on_the_line_of_its_currency(tmp_path, browser):
    """`EUR` above `−123,456.78` is read as a heading, and the amount as one of the company's own currency."""
    extra = """
        insert into marts.reconciliation_results values ('R14', 'billing', 'IN-9', 'US', 'C1', 'EUR', '2026-09', 1, 12345679,
            -12345678, null, 'break', 'C07', null, 'They differ.', 'invoice:IN-9', 'ar_document:D-9', null)"""
    with served(snapshots.write(tmp_path, extra=extra)) as found:
        page = browser.new_page(viewport={"width": 760, "height": 900})
        page.goto(found + "controls?control=R14")
        amount = page.locator("table[data-table=results] tbody tr", has_text="IN-9").get_by_text("123,456.78").first
        amount.wait_for()
        lines = amount.evaluate(
            "one => one.getBoundingClientRect().height / parseFloat(getComputedStyle(one).lineHeight)"
        )
        assert lines < 1.5, lines
        page.close()


@pytest.mark.parametrize("width", [760, 1000])
def test_why_a_row_differs_is_read_without_scrolling_sideways(address, browser, width):
    """On half a screen a reason right of the figures, out of sight, is a reason that nobody reads."""
    page = browser.new_page(viewport={"width": width, "height": 900})
    for path, table in (("", "close"), ("controls?control=R14", "results")):
        page.goto(address + path)
        reasons = page.locator(f"table[data-table={table}] tbody td.below")
        reasons.first.wait_for()
        boxes = [reason.bounding_box() for reason in reasons.all()]
        assert boxes
        assert all(box["width"] > 100 and box["x"] + box["width"] <= width for box in boxes), f"{path} at {width} px"
    page.close()


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (760, "dark")])
def test_what_blocks_the_close_is_taken_along_for_one_owner(address, browser, width, scheme):
    """A file for receivables that also holds what others have to mend is a file that nobody works through."""
    page = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
    page.goto(address)
    page.get_by_role("radio", name="Accounts receivable (1)").click()
    page.wait_for_url("**/?owner=AR")
    with page.expect_download() as download:
        page.get_by_role("button", name="Download these differences (CSV)").click()
    assert download.value.suggested_filename == "blocking-2026-09-AR.csv"
    text = Path(download.value.path()).read_text(encoding="utf-8-sig")
    assert "IN-1" in text and "IN-2" not in text
    page.close()


def _read_whole(browser, address: str, paths: tuple[str, ...], width: int, scheme: str) -> None:
    """Fails when a page is cut off, raises, has another background than the scheme's, or asks another host."""
    context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
    page = context.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    for path in paths:
        page.goto(address + path)
        page.wait_for_selector("table.tt tbody tr")
        page.wait_for_function("!document.querySelector('[data-testid=stStatusWidget]')")
        assert page.evaluate(CUT_OFF) == [], f"{path} at {width} px"
        begins = page.inner_text(".stMain").split()[
            : len(TITLES) + 1
        ]  # what a page shows before its title is not its own
        assert begins == [*TITLES, path.partition("?")[0].title() or TITLES[0]], f"{path} at {width} px"
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert not page.locator("[data-testid=stException]").count()
    background = page.evaluate("getComputedStyle(document.querySelector('.stApp')).backgroundColor")
    assert background == {"light": "rgb(255, 255, 255)", "dark": "rgb(17, 22, 28)"}[scheme]
    assert {url for url in asked if not url.startswith((address, "ws:", "data:", "blob:"))} == set()
    context.close()


def test_a_reader_goes_from_the_close_to_both_records_and_takes_the_file_along(address, browser):
    page = browser.new_page()
    page.goto(address)
    assert f"BHD {BIG // 1000:,}.{BIG % 1000}" in page.locator("table[data-table=close]").inner_text()
    page.locator("table[data-table=gates] tr", has_text="US").get_by_role("link", name="✕ Failed").first.click()
    page.wait_for_url("**/controls?control=R14&entity=US&period=2026-09")
    with page.expect_download() as download:
        page.get_by_role("button", name="Download these results (CSV)").click()
    assert "IN-1" in Path(download.value.path()).read_text(encoding="utf-8-sig")
    page.get_by_role("link", name="Compare both sides of IN-1").click()
    page.wait_for_selector("table[data-table=pair]")
    assert "≠ differs" in page.locator("table[data-table=pair]").inner_text()
    page.go_back()
    page.wait_for_selector("table[data-table=results]")
    page.close()
