"""A wrong configuration is refused with file, line, key, value and what was expected: a mistyped threshold that is
silently ignored would let a control pass at the wrong tolerance."""

from pathlib import Path

import pytest

from dagster_project import settings
from dagster_project.errors import ConfigurationError

SMALLEST = """\
company: Borealis
as_of: 2026-10-12T00:00:00Z
reporting_currency: USD
sources:
  - {name: billing, domain: billing, vendor: generic, connector: {type: files, path: data/billing}}
"""
OTHERS = ("connections.py", "spark/options.py", "dagster_options.py", "observability/options.py")


def write(folder: Path, text: str) -> Path:
    file = folder / "tieout.yml"
    file.write_text(text, encoding="utf-8")
    return file


def test_paths_are_relative_to_the_file_not_to_where_the_command_runs(tmp_path, monkeypatch):
    file = write(tmp_path, SMALLEST)
    monkeypatch.chdir("/")
    loaded = settings.load(file)
    assert loaded.home == tmp_path / ".tieout"
    assert loaded.sources[0].connector.path == tmp_path / "data" / "billing"


@pytest.mark.parametrize(
    ("text", "line", "key"),
    [
        (SMALLEST.replace("as_of", "home: taken\nas_of"), 2, "home = 'taken'"),
        (SMALLEST.replace("as_of", "home: taken/state\nas_of"), 2, "home = 'taken/state'"),
        (SMALLEST + "archive: taken\n", 6, "archive.url = 'taken'"),
        (SMALLEST + "archive:\n  url: taken/archive\n", 7, "archive.url = 'taken/archive'"),
    ],
)
def test_a_folder_of_our_own_that_is_a_file_is_refused_with_its_line(tmp_path, text, line, key):
    """Told as a store that failed, a scheduler would try again every night what only a person can mend."""
    (tmp_path / "taken").touch()
    file = write(tmp_path, text)
    with pytest.raises(ConfigurationError) as refused:
        settings.load(file)
    expected = (
        f"{file}:{line}: {key}: {tmp_path / 'taken'} is a file; expected a folder, which is made where there is none"
    )
    assert str(refused.value) == expected


def test_every_threshold_has_its_default(tmp_path):
    loaded = settings.load(write(tmp_path, SMALLEST))
    assert (loaded.thresholds.usage_grace_days, loaded.thresholds.posting_hours) == (3, 4)
    assert loaded.authority_model == "billing_led"


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        (SMALLEST + "thresholds: {usage_grace_dys: 9}\n", 6, ("usage_grace_dys", "9", "usage_grace_days")),
        (
            SMALLEST + "thresholds:\n  posting_hours: soon\n",
            7,
            ("posting_hours", "soon", "expected a whole number, for example 3"),
        ),
        (SMALLEST + "authority: {changes: [{modle: erp_led}]}\n", 6, ("expected one of: model, effective_from",)),
        (SMALLEST + "thresholds: {posting_hours: -1}\n", 6, ("posting_hours", "-1", "expected at least 0")),
        (SMALLEST + "thresholds: {clearly_trivial_percent: five}\n", 6, ("'five'", "percentage in quotes, at most 4")),
        (SMALLEST.replace("USD", "usd"), 3, ("reporting_currency", "usd", "three capitals, for example USD")),
        (SMALLEST.replace("USD", "XXQ"), 3, ("reporting_currency", "'XXQ'", "no currency of ISO 4217")),
        (SMALLEST.replace("2026-10-12T00:00:00Z", "2026-10-12T00:00:00"), 2, ("as_of", "offset")),
        (SMALLEST.replace("domain: billing", "domain: biling"), 5, ("sources.0.domain", "biling", "'billing'")),
        (SMALLEST.replace("type: files", "type: ftp"), 5, ("sources.0.connector.type", "ftp")),
        (SMALLEST.replace("path: data/billing}}", "path: data/billing}, links: [crm]}"), 5, ("links", "crm")),
        (SMALLEST + SMALLEST.splitlines()[-1] + "\n", 6, ("billing", "unique")),
        (SMALLEST + "company: Again\n", 6, ("company", "twice", "line 1")),
        (SMALLEST + "home: [\n", 7, ("not valid YAML",)),
    ],
)
def test_a_fault_names_file_line_key_value_and_expectation(tmp_path, text, line, words):
    file = write(tmp_path, text)
    with pytest.raises(ConfigurationError) as caught:
        settings.load(file)
    message = str(caught.value)
    assert message.startswith(f"{file}:{line}:"), message
    for word in words:
        assert word in message


@pytest.mark.parametrize("text", ["", "- a\n- b\n", "just words\n"])
def test_a_file_that_is_no_mapping_is_refused(tmp_path, text):
    with pytest.raises(ConfigurationError, match="expected keys"):
        settings.load(write(tmp_path, text))


def test_a_missing_file_says_how_to_make_one(tmp_path):
    with pytest.raises(ConfigurationError, match="tieout init"):
        settings.load(tmp_path / "tieout.yml")


def test_no_pattern_of_a_field_is_shown_as_one():
    """`String should match pattern '^[a-z]...'` tells a controller nothing."""
    sources = [Path(settings.__file__), *(Path(settings.__file__).parent / one for one in OTHERS)]
    assert [file.name for file in sources if 'pattern=r"' in file.read_text(encoding="utf-8")] == []


def test_all_faults_are_listed_at_once(tmp_path):
    with pytest.raises(ConfigurationError) as caught:
        settings.load(write(tmp_path, SMALLEST.replace("company: Borealis", "companyy: B").replace("USD", "euro")))
    assert len(str(caught.value).splitlines()) >= 3


REST = """\
company: Borealis
reporting_currency: USD
sources:
  - name: billing
    domain: billing
    connector:
      type: rest
      url: https://api.example.com/v1
      token_env: BILLING_TOKEN
      objects:
        invoices:
          path: /invoices
          paging: {style: cursor, parameter: after, next: meta.next}
          updated_since: {parameter: since, format: iso}
  - name: erp
    domain: erp
    connector:
      type: sql
      url_env: ERP_URL
      objects:
        journal_lines: {table: gl.lines, updated_since: created_at}
      retry: {attempts: 3}
"""


@pytest.mark.parametrize(
    ("old", "new", "line", "words"),
    [
        ("style: cursor", "style: cursr", 13, ("objects.invoices.paging.style", "'cursr'", "'link_header'")),
        ("next: meta.next", "nxt: meta.next", 13, ("objects.invoices.paging.nxt", "last_record")),
        (", next: meta.next", "", 13, ("either next", "or last_record")),
        ("format: iso", "format: unix", 14, ("updated_since.format", "'epoch'")),
        ("path: /invoices", "pathh: /invoices", 12, ("objects.invoices.pathh", "path, records, parameters")),
        ("token_env: BILLING_TOKEN", "token: s3cret", 9, ("connector.token", "token_env")),
        ("https://api", "http://api", 6, ("unencrypted", "allow_plain_http")),
        ("https://api.example.com/v1", "https://user:hush@api.example.com", 8, ("connector.url",)),
        ("url_env: ERP_URL", "url: postgresql://u:hush@h/db", 19, ("holds a password", "url_env")),
        ("{table: gl.lines, updated_since: created_at}", "{}", 21, ("either table or query",)),
        (
            "table: gl.lines",
            'table: "lines; drop table lines"',
            21,
            ("objects.journal_lines.table", "the name of a table"),
        ),
        ("{attempts: 3}", "{attempts: 0}", 22, ("retry.attempts", "0")),
    ],
)
def test_a_fault_of_a_connector_names_its_line_too(tmp_path, old, new, line, words):
    assert REST.count(old) == 1
    file = write(tmp_path, REST.replace(old, new))
    with pytest.raises(ConfigurationError) as caught:
        settings.load(file)
    message = next(text for text in str(caught.value).splitlines() if "missing" not in text)
    assert message.startswith(f"{file}:{line}:"), message
    for word in words:
        assert word in message


def test_connectors_of_every_kind_are_read(tmp_path):
    billing, erp = settings.load(write(tmp_path, REST)).sources
    assert billing.connector.objects["invoices"].paging.next == "meta.next"
    assert (erp.connector.retry.attempts, erp.connector.retry.longest_wait_seconds) == (3, 60)


def test_an_sqlite_file_is_relative_to_the_configuration(tmp_path):
    text = REST.replace("url_env: ERP_URL", "url: sqlite:///data/erp.db")
    assert settings.load(write(tmp_path, text)).sources[1].connector.url == f"sqlite:///{tmp_path}/data/erp.db"


@pytest.mark.parametrize(
    ("content", "line", "words"),
    [
        (SMALLEST.replace("Borealis", "Caf\u00e9").encode("latin-1"), 1, ("not UTF-8", "save it as UTF-8")),
        ((SMALLEST + "# f\u00fcr\n").encode("latin-1"), 6, ("not UTF-8",)),
        (SMALLEST.encode("utf-16"), 1, ("not UTF-8",)),
        (SMALLEST.replace("  - {name", "\t- {name").encode(), 5, ("a tab", "spaces")),
        (SMALLEST.replace("Borealis", "Borealis: the second").encode(), 1, ("a text with `: ` in it needs quotes",)),
        (SMALLEST.replace("Borealis", '"Borealis').encode(), 6, ("quoted scalar", "begins on line 1")),
        (b"# nothing yet\n", 1, ("the file is empty", "company:")),
        (SMALLEST.replace("Borealis", "").encode(), 1, ("company is empty", "expected text")),
        (SMALLEST.replace("USD", "[USD]").encode(), 3, ("expected text, found a list",)),
        (SMALLEST.replace("T00:00:00Z", "").encode(), 2, ("as_of = 2026-10-12: expected a time with an offset",)),
        (SMALLEST.replace("2026-10-12T00:00:00Z", "yesterday").encode(), 2, ("expected a time with an offset",)),
        (SMALLEST.replace("path: data/billing", "path: ").encode(), 5, ("connector.path is empty: expected a path",)),
        (SMALLEST.replace("{type: files, path: data/billing}", "data/billing").encode(), 5, ("expected keys",)),
        (SMALLEST.partition("sources")[0].encode() + b"sources: []\n", 4, ("sources: expected at least one",)),
        (SMALLEST.replace("reporting_currency", "reporting_curency").encode(), 3, ("perhaps 'reporting_currency'",)),
    ],
)
def test_a_fault_is_told_in_the_words_of_the_file(tmp_path, content, line, words):
    """`Tuple should have at least 1 item after validation` sends a controller to an engineer, who is asleep."""
    file = tmp_path / "tieout.yml"
    file.write_bytes(content)
    with pytest.raises(ConfigurationError) as caught:
        settings.load(file)
    message = next((text for text in str(caught.value).splitlines() if words[0] in text), str(caught.value))
    assert message.startswith(f"{file}:{line}:"), message
    for word in words:
        assert word in message
    assert not any(jargon in str(caught.value) for jargon in ("None", "datetime", "codec", "validation", "pathlib"))


def test_a_fault_of_one_source_does_not_say_that_there_is_none(tmp_path):
    """The second message would have the reader look for sources that stand there, and repeats all of them."""
    with pytest.raises(ConfigurationError) as caught:
        settings.load(write(tmp_path, SMALLEST.replace("vendor:", "vendr:")))
    (message,) = str(caught.value).splitlines()
    assert "unknown key 'sources.0.vendr' (value 'generic'); perhaps 'vendor'; expected one of: name" in message


def test_the_value_of_an_unknown_key_is_told_where_it_is_one_word(tmp_path):
    """All sources in one message hide the key that is wrong."""
    with pytest.raises(ConfigurationError) as caught:
        settings.load(write(tmp_path, SMALLEST.replace("sources:", "source:")))
    assert "connector" not in str(caught.value)


def test_faults_stand_in_the_order_of_the_file(tmp_path):
    text = SMALLEST.replace("USD", "euro").replace("vendor: generic", "vendor: x") + "thresholds: {posting_hours: -1}\n"
    with pytest.raises(ConfigurationError) as caught:
        settings.load(write(tmp_path, text))
    assert [one.split(":")[1] for one in str(caught.value).splitlines()] == ["3", "5", "6"]


def test_a_folder_instead_of_the_file_is_called_one(tmp_path):
    with pytest.raises(ConfigurationError, match=r"is a folder; expected the file, for example .*tieout\.yml"):
        settings.load(tmp_path)
