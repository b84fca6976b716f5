"""The history of runs in PostgreSQL by `tieout.yml`: used by every command, refused in words, and its password shown nowhere."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import quote

import dagster as dg
import pytest
import yaml
from dagster_postgres.utils import get_conn_string
from sqlalchemy import make_url

from dagster_project import dagster_home, dagster_storage, pipeline
from dagster_project.dagster_options import Storage
from dagster_project.defs.resources import WRITER_POOL
from dagster_project.errors import ConfigurationError, InputError, StoreError
from dagster_project.settings import load
from tests import tls
from tests.command import tieout
from tests.dagster.conftest import PASSWORD, VARIABLE

SOUND = "postgresql://tieout@db.example.com/dagster"


def configured(folder: Path, storage: str, more: str = "") -> Path:
    """The tieout.yml of a company that delivers nothing, with `storage` as the address of its history."""
    (folder / "data").mkdir(parents=True, exist_ok=True)
    file = folder / "tieout.yml"
    file.write_text(
        "company: Borealis\nhome: home\nreporting_currency: USD\nsources:\n"
        "  - {name: billing, domain: billing, connector: {type: files, path: data}}\n"
        f"dagster:\n  storage:\n    postgres_url: '{storage}'\n    password_env: {VARIABLE}\n{more}",
        encoding="utf-8",
    )
    return file


@pytest.mark.parametrize(
    ("storage", "says"),
    [
        (f"postgresql://tieout:{quote(PASSWORD, safe='')}@db.example.com/dagster", "holds a password"),
        (f"postgresql://tieout:{PASSWORD}@db.example.com/dagster", "expected an address such as"),
        (f"{SOUND}?password={PASSWORD}", "holds a password"),
        (f"{SOUND}?sslpassword={PASSWORD}", "holds a password"),
        (f"mysql://{PASSWORD}@db.example.com/dagster", "expected an address such as"),
        ("postgresql://db.example.com/dagster", "expected an address such as"),
        ("postgresql://tieout@db.example.com", "expected an address such as"),
        ("postgresql://tieout@db.example.com:none/dagster", "expected an address such as"),
        ("sqlite:///x.db", "expected an address such as"),
    ],
)
def test_an_address_with_a_secret_or_of_no_database_is_refused_with_its_line_and_not_repeated(tmp_path, storage, says):
    file = configured(tmp_path, storage)
    with pytest.raises(ConfigurationError) as refused:
        load(file)
    assert f"{file}:8: dagster.storage.postgres_url: " in str(refused.value)
    assert says in str(refused.value)
    assert PASSWORD not in str(refused.value)
    assert quote(PASSWORD, safe="") not in str(refused.value)


@pytest.mark.parametrize(
    ("more", "says"),
    [
        (
            "    pasword: x\n",
            "unknown key 'dagster.storage.pasword'; perhaps 'password_env'; expected one of: postgres_url, password_env",
        ),
        ("  worker: 2\n", "unknown key 'dagster.worker'; perhaps 'workers'; expected one of: storage, workers"),
        ("  workers: 0\n", "dagster.workers: expected at least 1"),
    ],
)
def test_a_wrong_key_is_refused_with_its_line_and_what_there_is(tmp_path, more, says):
    file = configured(tmp_path, SOUND, more)
    with pytest.raises(ConfigurationError) as refused:
        load(file)
    assert f"{file}:10: {says}" in str(refused.value)


def test_without_the_variable_the_driver_or_the_server_nothing_runs_and_the_words_say_why(tmp_path, monkeypatch):
    settings = load(configured(tmp_path, f"postgresql://tieout@/dagster?host={tmp_path}"))
    monkeypatch.delenv(VARIABLE, raising=False)
    with pytest.raises(ConfigurationError, match=f"the environment variable {VARIABLE} is not set"):
        dagster_home.prepare(settings)
    monkeypatch.setenv(VARIABLE, PASSWORD)
    with pytest.raises(StoreError, match=r"dagster\.storage of .*No such file or directory"):
        dagster_home.prepare(settings)
    monkeypatch.setitem(__import__("sys").modules, "dagster_postgres", None)
    with pytest.raises(InputError, match=r"pip install 'tieout\[postgresql\]'"):
        dagster_home.prepare(settings)
    assert not settings.home.exists()


def test_a_wrong_password_ends_the_command_with_three_and_is_not_said(tmp_path, postgres):
    file = configured(tmp_path, postgres.with_password("refused", PASSWORD, "refused"))
    for command in ("run", "dagster"):
        ran = tieout(command, "--config", file, **{VARIABLE: "Wr0ng-One"})
        assert ran.code == 3, ran.text
        assert 'password authentication failed for user "refused"' in ran.err
        assert "Wr0ng-One" not in ran.text


def test_what_dagster_is_told_names_the_variable_and_never_the_password(tmp_path, postgres, monkeypatch):
    settings = load(configured(tmp_path, postgres.with_password("told", PASSWORD, "told"), "  workers: 3\n"))
    monkeypatch.setenv(VARIABLE, PASSWORD)
    folder = dagster_home.prepare(settings)
    for name in (dagster_home.UI_FILE, dagster_home.COMMAND_FILE):
        text = (folder / name).read_text(encoding="utf-8")
        content = yaml.safe_load(text)
        assert content["storage"]["postgres"]["postgres_db"]["password"] == {"env": VARIABLE}
        assert content["concurrency"]["runs"] == {"max_concurrent_runs": 3}
        assert content["concurrency"]["pools"] == {"granularity": "run", "default_limit": 1}
        assert PASSWORD not in text
    with dagster_home.opened(folder) as instance:
        assert PASSWORD not in repr(instance.get_ref().to_dict())
        for part in (instance.run_storage, instance.event_log_storage, instance.schedule_storage):
            assert "Postgres" in type(getattr(part, "_storage", part)).__name__
    assert not list(folder.rglob("*.db"))


@pytest.mark.parametrize(
    ("given", "host", "port", "query"),
    [
        (SOUND, "db.example.com", 5432, {}),
        ("postgresql://tieout@[::1]:6000/dagster?sslmode=require", "::1", 6000, {"sslmode": "require"}),
        ("postgresql://tieout@/dagster?host=one&host=two", None, 5432, {"host": "one,two"}),
    ],
)
def test_dagster_reaches_the_server_that_the_address_names(given, host, port, query):
    database = dagster_storage.section(Storage(postgres_url=given))["postgres"]["postgres_db"]
    assert yaml.safe_load(yaml.safe_dump(database)) == database
    url = make_url(get_conn_string(**database))
    assert (url.drivername, url.username, url.host, url.port, url.database) == (
        "postgresql+psycopg2", "tieout", host, port, "dagster",
    )  # fmt: skip
    assert dict(url.query) == {"connect_timeout": "10", **query}


def test_the_writers_pool_lets_one_in_from_the_first_start_on_and_after_any_other(tmp_path, postgres, monkeypatch):
    """A queue that meets a pool for the first time launches all that wait for it."""
    settings = load(configured(tmp_path, postgres.with_password("pool", PASSWORD, "pool")))
    monkeypatch.setenv(VARIABLE, PASSWORD)
    with dagster_home.opened(dagster_home.prepare(settings)) as instance:
        for _ in range(2):
            pipeline.make_ready(instance, settings)
            (pool,) = instance.event_log_storage.get_pool_limits()
            assert (pool.name, pool.limit) == (WRITER_POOL, 1)
        instance.event_log_storage.set_concurrency_slots(WRITER_POOL, 2)  # by hand, in the UI
        pipeline.make_ready(instance, settings)
        assert [pool.limit for pool in instance.event_log_storage.get_pool_limits()] == [1]


def test_a_run_is_kept_in_the_database_and_counts_as_a_writer_of_the_queue(tmp_path, postgres, monkeypatch):
    """The queue must not start a close beside that of the command."""
    file = configured(tmp_path, postgres.with_password("kept", PASSWORD, "kept"))
    ran = tieout("run", "--config", file, **{VARIABLE: PASSWORD})
    assert ran.code == 2, ran.text
    assert "no source delivered a file" in ran.err
    monkeypatch.setenv(VARIABLE, PASSWORD)
    with dagster_home.opened(dagster_home.prepare(load(file))) as instance:
        (run,) = instance.get_runs()
        assert run.status == dg.DagsterRunStatus.FAILURE
        assert run.run_op_concurrency is not None
        assert run.run_op_concurrency.all_pools == {"duckdb_writer"}
        assert instance.all_logs(run.run_id)
    files = [one for one in tmp_path.rglob("*") if one.is_file()]
    assert [str(one) for one in files if PASSWORD.encode() in one.read_bytes()] == []
    assert not list((tmp_path / "home" / "dagster").rglob("*.db"))


def test_a_database_that_is_lost_during_a_run_is_said_in_words(tmp_path, postgres):
    """A run whose history is lost has ended for the queue, and its books must not look closed."""
    file = configured(tmp_path, postgres.with_password("lost", PASSWORD, "lost"))
    settings = load(file)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(VARIABLE, PASSWORD)
        folder = dagster_home.prepare(settings)
        with pytest.raises(StoreError, match="nothing is run without it") as lost, dagster_storage.in_words(settings):  # noqa: SIM117
            with dagster_home.opened(folder) as instance:
                postgres.run("alter database lost allow_connections false")
                postgres.run("select pg_terminate_backend(pid) from pg_stat_activity where datname = 'lost'")
                instance.get_runs()
    assert PASSWORD not in str(lost.value)


def encrypted(address: str, port: int, mode: str) -> str:
    """The address of the same database by way of a port that speaks TLS."""
    return f"{make_url(address).set(host='localhost', port=port, query={}).render_as_string()}?sslmode={mode}"


def test_the_history_is_kept_over_tls(tmp_path, postgres, monkeypatch):
    address = postgres.with_password("secret", PASSWORD, "secret")
    files = tls.certificate(tmp_path, "ours")
    with tls.before(socket_of(address), files) as port:
        file = configured(tmp_path, encrypted(address, port, f"verify-full&sslrootcert={files[0]}"))
        ran = tieout("run", "--config", file, **{VARIABLE: PASSWORD})
        assert ran.code == 2, ran.text
        assert "no source delivered a file" in ran.err
        monkeypatch.setenv(VARIABLE, PASSWORD)
        with dagster_home.opened(dagster_home.prepare(load(file))) as instance:
            assert [run.status for run in instance.get_runs()] == [dg.DagsterRunStatus.FAILURE]


def test_no_history_goes_to_a_server_that_does_not_prove_its_name(tmp_path, postgres):
    """Who closed what, and what it found, would go to whoever answers at that address."""
    address = postgres.with_password("forged", PASSWORD, "forged")
    ours, others = tls.certificate(tmp_path, "ours"), tls.certificate(tmp_path, "others")
    with tls.before(socket_of(address), ours) as port:
        file = configured(tmp_path, encrypted(address, port, f"verify-full&sslrootcert={others[0]}"))
        ran = tieout("run", "--config", file, **{VARIABLE: PASSWORD})
    assert ran.code == 3, ran.text
    assert "certificate verify failed" in ran.err
    assert PASSWORD not in ran.text


def socket_of(address: str) -> Path:
    """Where the server listens."""
    return Path(str(make_url(address).query["host"])) / ".s.PGSQL.5432"
