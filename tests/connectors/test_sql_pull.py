"""A database's snapshot is of one moment and exact: an invoice read before its lines were written, or an amount read as a
double, would be a difference that the books do not have."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dagster_project.connections import SqlConnector
from dagster_project.sources import sql
from dagster_project.sources.connector import Pull
from dagster_project.sources.sqltext import value
from tests.connectors.world import QUICK, behind, raw
from tests.ingestion.company import NOW
from tests.postgres import serving

COLUMNS = "(payout_id text primary key, currency text, amount numeric(14, 2), arrival_date date, updated_at {time})"
ROWS = [
    ("po-1", "USD", "0.10", "2026-09-30", "2026-09-30T08:00:00Z"),
    ("po-2", "USD", "1234567890.07", "2026-09-30", "2026-09-30T08:00:00Z"),
    ("po-3", "USD", "-19.99", "2026-09-30", "2026-10-11T08:00:00Z"),
    ("po-4", "JPY", "500", "2026-09-30", "2026-10-11T08:00:00Z"),
]
LANDED = "select payout_id, amount::varchar as amount from landed.generic__billing__payouts order by 1"
EXACT = [("po-1", "0.1000"), ("po-2", "1234567890.0700"), ("po-3", "-19.9900"), ("po-4", "500.0000")]


def connector(**changes) -> SqlConnector:
    """A connector of one table, quick to try again."""
    given = {"type": "sql", "objects": {"payouts": {"table": "payouts"}}, "retry": QUICK}
    return SqlConnector.model_validate(given | changes)


@pytest.fixture
def books(tmp_path: Path) -> Path:
    """An SQLite file with payouts."""
    file = tmp_path / "my books.db"
    with sqlite3.connect(file) as con:
        con.execute(f"create table payouts {COLUMNS.format(time='text')}")
        con.executemany("insert into payouts values (?, ?, ?, ?, ?)", ROWS)
    return file


def test_sqlite_gives_every_amount_to_the_minor_unit(tmp_path, books):
    one = behind(tmp_path, connector(url=f"sqlite:///{books}"))
    report = one.one(object="payouts")
    assert not report.refused, report.refused
    assert [(row["payout_id"], row["amount"]) for row in one.query(LANDED)] == EXACT
    assert one.query("select reported_row_count as n, extracted_at::varchar as at from landed.batches") == [
        {"n": 4, "at": "2026-10-12 00:00:00"}
    ]
    assert not (one.settings.checkpoints_path / "billing" / "payouts").exists()


@given(st.integers(-(10**15) + 1, 10**15 - 1))
def test_a_decimal_that_a_database_holds_as_a_double_comes_out_to_the_minor_unit(minor):
    amount = Decimal(minor) / 100
    assert Decimal(value(float(amount))) == amount


def test_a_double_that_is_no_amount_is_not_rounded_into_one(tmp_path, books):
    with sqlite3.connect(books) as con:
        con.execute("update payouts set amount = 0.1 + 0.2 where payout_id = 'po-1'")
    one = behind(tmp_path, connector(url=f"sqlite:///{books}"))
    one.ingest(object="payouts")
    assert [row["value"] for row in one.quarantine()] == ["0.30000000000000004"]


def test_what_drivers_give_has_one_text_each():
    assert value(Decimal("1E+3")) == "1000"
    assert value(datetime(2026, 10, 12, 2, 0, 0, 5)) == "2026-10-12T02:00:00.000005Z"
    zone = datetime.fromisoformat("2026-10-12T02:00:00+02:00")
    assert value(zone) == "2026-10-12T00:00:00Z"
    assert value(date(2026, 1, 2)) == "2026-01-02"
    assert value(b"\x01\xff") == "01ff"
    assert (value(True), value(7), value(None), value("ü")) == (True, 7, None, "ü")
    assert value(float("nan")) == "nan"


def test_only_what_changed_since_the_newest_extraction_is_read(tmp_path, books):
    objects = {"payouts": {"table": "payouts", "updated_since": "updated_at"}}
    one = behind(tmp_path, connector(url=f"sqlite:///{books}", objects=objects))
    one.ingest(object="payouts", now=datetime(2026, 10, 11, 7, 0, tzinfo=UTC))
    assert one.one(object="payouts", now=NOW).received_rows == 2, "po-3 and po-4 are newer than the first extraction"
    later = one.one(object="payouts", now=NOW + timedelta(days=1))
    assert (later.received_rows, later.refused) == (0, ())
    query = {"payouts": {"query": "select * from payouts where updated_at > :since and currency = 'USD'"}}
    two = behind(tmp_path / "two", connector(url=f"sqlite:///{books}", objects=query))
    assert two.one(object="payouts").received_rows == 3


def test_a_query_at_fault_costs_its_object_alone(tmp_path, books):
    objects = {"payouts": {"table": "payouts"}, "refunds": {"table": "refunds"}}
    one = behind(tmp_path, connector(url=f"sqlite:///{books}", objects=objects))
    report = {item.object: item for item in one.ingest(object=None).objects}
    assert report["payouts"].received_rows == 4
    assert "no such table: refunds" in report["refunds"].refused[0].reason


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("sqlite:///{folder}/none.db", "sqlite:///{folder}/none.db: unable to open database file"),
        ("nonsense", "is of no database that can be reached"),
        ("oracle+none://host/db", "is of no database that can be reached"),
        (None, "the environment variable BOOKS is not set"),
    ],
)
def test_an_address_that_leads_nowhere_is_said_in_words(tmp_path, monkeypatch, url, says):
    monkeypatch.delenv("BOOKS", raising=False)
    if url:
        monkeypatch.setenv("BOOKS", url.format(folder=tmp_path))
    one = behind(tmp_path, connector(url_env="BOOKS"))
    assert says.format(folder=tmp_path) in one.one(object="payouts").refused[0].reason
    assert not (tmp_path / "none.db").exists(), "looking for a file must not make it"


def test_a_locked_database_is_tried_again(tmp_path, books, monkeypatch):
    holder = sqlite3.connect(books, isolation_level=None)
    holder.execute("begin exclusive")
    waits: list[float] = []

    def release(seconds: float) -> None:
        waits.append(seconds)
        holder.rollback()

    monkeypatch.setattr(sql, "_SQLITE_PATIENCE", 0)
    pull = Pull(tmp_path / "pull", NOW, lambda name: None, ("payouts",), lambda words: None, lambda name: None)
    source = sql.SqlConnector("billing", connector(url=f"sqlite:///{books}"), pull, sleep=release)
    assert source.rows("payouts") == 4
    assert len(waits) == 1


@pytest.fixture(scope="module")
def server(tmp_path_factory) -> Iterator[str]:
    """The address of a PostgreSQL of its own."""
    with serving(tmp_path_factory.mktemp("pg") / "data") as running:
        yield running.address


@pytest.fixture
def postgres(server) -> Iterator[tuple[str, Callable[[str], None]]]:
    """The address as SQLAlchemy wants it, and a way to run statements there; payouts and refunds are laid anew."""

    def run(statement: str) -> None:
        with psycopg.connect(server, autocommit=True) as con:
            con.execute(statement)

    run("drop table if exists payouts, refunds")
    run(f"create table payouts {COLUMNS.format(time='timestamptz')}")
    run("create table refunds (refund_id text, payment_id text, currency text, amount numeric(12, 2), status text,"
        " created_at timestamptz, updated_at timestamptz, credit_note_id text, payout_id text)")  # fmt: skip
    for row in ROWS:
        run("insert into payouts values (" + ", ".join(f"'{field}'" for field in row) + ")")
    yield server.replace("postgresql://", "postgresql+psycopg://"), run


def test_postgresql_gives_every_amount_to_the_minor_unit(tmp_path, postgres, monkeypatch):
    monkeypatch.setenv("BOOKS", postgres[0])
    one = behind(tmp_path, connector(url_env="BOOKS"))
    report = one.one(object="payouts")
    assert not report.refused, report.refused
    assert [(row["payout_id"], row["amount"]) for row in one.query(LANDED)] == EXACT
    assert b'"amount": "1234567890.07"' in raw(one)[0]
    assert not any(b"postgresql" in content for content in one.archive_tree().values())


def test_all_objects_of_a_snapshot_are_of_one_moment(tmp_path, postgres, monkeypatch):
    """A refund written between the reading of two objects would be in one of them and not in the other."""
    url, run = postgres
    monkeypatch.setenv("BOOKS", url)
    written = sql.SqlConnector._write
    refund = "insert into refunds values ('re-1', 'pa-1', 'USD', 5, 'succeeded', now(), now(), null, 'po-9')"

    def writing(self, name, columns, parts):
        count = written(self, name, columns, parts)
        if name == self.pull.wanted[0]:
            run(refund)
            run("insert into payouts values ('po-9', 'USD', 5, '2026-10-12', now())")
        return count

    monkeypatch.setattr(sql.SqlConnector, "_write", writing)
    pull = Pull(tmp_path, NOW, lambda name: None, ("payouts", "refunds"), lambda words: None, lambda name: url)
    objects = {"payouts": {"table": "payouts"}, "refunds": {"table": "refunds"}}
    source = sql.SqlConnector("billing", connector(url_env="BOOKS", objects=objects), pull)
    assert (source.rows("payouts"), source.rows("refunds")) == (4, 0)


def test_postgresql_reads_a_table_as_a_stream(tmp_path, postgres, monkeypatch):
    url, run = postgres
    run("insert into payouts select 'g-' || n, 'USD', n / 100.0, '2026-10-12', now() from generate_series(1, 12000) n")
    heard: list[str] = []
    pull = Pull(tmp_path, NOW, lambda name: None, ("payouts",), heard.append, lambda name: url)
    source = sql.SqlConnector("billing", connector(url_env="BOOKS"), pull)
    assert source.rows("payouts") == 12004
    assert heard == ["payouts: 5,000 rows", "payouts: 10,000 rows", "payouts: 12,004 rows"]


def test_a_connection_that_the_server_ends_is_made_again(tmp_path, postgres, monkeypatch):
    url, run = postgres
    monkeypatch.setenv("BOOKS", url)
    statement, ended = sql.SqlConnector._statement, []

    def ending(self, connection, settings, name):
        if not ended:
            ended.append(connection.exec_driver_sql("select pg_backend_pid()").scalar())
            run(f"select pg_terminate_backend({ended[0]})")
        return statement(self, connection, settings, name)

    monkeypatch.setattr(sql.SqlConnector, "_statement", ending)
    one = behind(tmp_path, connector(url_env="BOOKS"))
    assert one.one(object="payouts").received_rows == 4
    assert len(ended) == 1


def test_a_wrong_password_is_not_tried_again_and_not_repeated(tmp_path, postgres, monkeypatch):
    url, _ = postgres
    waits: list[float] = []
    address = url.replace("postgres:@", "nobody:hush-hush@")
    pull = Pull(tmp_path, NOW, lambda name: None, ("payouts",), lambda words: None, lambda name: address)
    source = sql.SqlConnector("billing", connector(url_env="BOOKS"), pull, sleep=waits.append)
    with pytest.raises(sql.SourceFailed) as caught:
        source.rows("payouts")
    assert waits == []
    assert "hush" not in str(caught.value)
    assert 'role "nobody" does not exist' in str(caught.value)


def test_json_columns_keep_the_digits_of_their_numbers(tmp_path, postgres):
    url, run = postgres
    run("drop table if exists docs; create table docs (properties jsonb)")
    run("""insert into docs values ('{"price": 1.10, "n": 12345678901234567890.12}')""")
    pull = Pull(tmp_path, NOW, lambda name: None, ("payouts",), lambda words: None, lambda name: url)
    objects = {"payouts": {"query": "select properties from docs"}}
    source = sql.SqlConnector("billing", connector(url_env="BOOKS", objects=objects), pull)
    assert source.rows("payouts") == 1
    assert source.file("payouts").read_text() == (
        '{"properties": "{\\"n\\": 12345678901234567890.12, \\"price\\": 1.10}"}\n'
    )
