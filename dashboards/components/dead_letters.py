"""Rows and files that were set aside: why, how much money, whose, and the command that reads them again."""

from __future__ import annotations

import shlex
from dataclasses import replace
from pathlib import Path

import streamlit as st

from dashboards.components import money, words
from dashboards.components.filters import ALL, choose
from dashboards.components.paging import page_of
from dashboards.components.table import Cell, Column, Value, table
from dashboards.queries import dead_letters as queries
from dashboards.queries.dead_letters import STATES, WAITING, Letters
from dashboards.snapshot import Row, Snapshot, load_settings

PAGE = "sources"
ROWS = 10
COLUMNS = (
    Column("object", "Object"),
    Column("count", "Count", numeric=True),
    Column("amount", "Money at stake", numeric=True),
    Column("reason", "Why", wide=True, below=True),
    Column("state", "State"),
    Column("next", "Who acts, and what next", wide=True, below=True),
)


def dead_letters(db: Snapshot, source: str) -> None:
    """Shows the section; `source` narrows it, empty for all."""
    st.subheader("Dead letters", anchor=False)
    known = queries.objects(db)
    if not known:
        st.info("Every row and file that was delivered could be taken.")
        return
    letters = _chosen(source, known)
    totals = queries.totals(db, letters)
    st.markdown(_verdict(totals, letters))
    if not totals["letters"]:
        return
    page = page_of("dead_letters", int(totals["groups"]), letters, ROWS)
    groups = queries.groups(db, letters, page.limit, page.offset)
    caption = f"Dead letters alike in object, reason and state, {page.words}, what waits first"
    table(caption, COLUMNS, [_group(group) for group in groups], key="dead_letters")
    _commands([group for group in groups if group["state"] in words.WAITING])


def _chosen(source: str, known: list[str]) -> Letters:
    columns = st.columns(3)
    with columns[0]:
        name = choose(PAGE, "object", "Object", [ALL, *known], words=lambda name: words.objects(name) or "All objects")
    with columns[1]:
        classes = [ALL, *words.FAILURE_CLASS]
        failure = choose(
            PAGE, "class", "Kind of failure", classes, words=lambda code: words.FAILURE_CLASS.get(code, "All kinds")
        )
    with columns[2]:
        state = choose(
            PAGE,
            "state",
            "State",
            [WAITING, ALL, *STATES],
            WAITING,
            lambda code: words.DEAD_LETTER.get(code, "All states"),
        )
    return Letters(source, name, failure, state)


def _verdict(totals: Row, letters: Letters) -> str:
    if not totals["letters"]:
        return "Nothing that was set aside waits." if letters.state == WAITING else "There is none of this kind."
    waiting = int(totals["waiting"])
    if not waiting:
        return "None of these waits."
    stake = ", ".join(money.with_currency(one["amount"], one["currency"]) for one in totals["amounts"] or ())
    told = f"**{waiting:,} wait{'s' if waiting == 1 else ''}**" + (f", with {stake} at stake" if stake else "")
    unstated = int(totals["unstated"])
    return f"{told}; {unstated:,} of them state{'s' if unstated == 1 else ''} no amount." if unstated else f"{told}."


def _group(group: Row) -> dict[str, Value]:
    count, unstated = int(group["letters"]), int(group["unstated"])
    amounts = [Cell(money.with_currency(one["amount"], one["currency"])) for one in group["amounts"] or ()]
    if unstated:
        amounts.append(Cell("not stated" if unstated == count else f"{unstated:,} not stated", tone="muted"))
    tried = int(group["attempts"])
    return {
        "object": Cell(words.plain(group["object"]), note=group["source_instance"]),
        "count": Cell(money.count(count), note=f"{group['kind']}{'' if count == 1 else 's'}"),
        "amount": amounts,
        "reason": Cell(group["reason"], note=_place(group, count)),
        "state": [
            replace(words.dead_letter(group["state"]), note=words.FAILURE_CLASS.get(group["failure_class"], "")),
            *([Cell(f"Read {tried:,} times", tone="muted")] if tried > 1 else []),
        ],
        "next": [
            Cell(words.owner(group["owner_role"])),
            Cell((group["next_step"] or "").replace("`", ""), tone="muted"),
        ],
    }


def _place(group: Row, count: int) -> str:
    """Where the one, or the first of many, stands."""
    if group["kind"] == "file":
        return ""
    line = f", line {group['line_number']:,}" if group["line_number"] else ""
    record = f"{group['key_text']} in " if group["key_text"] else ""
    return f"{'for example ' if count > 1 else ''}{record}{group['file_name'] or group['batch_id']}{line}"


def _commands(groups: list[Row]) -> None:
    if not groups:
        return
    with st.expander("After the mend: the commands that read them again"):
        st.caption("Each shows what it would bring in and changes nothing. Leave out `--dry-run` to replay.")
        config = load_settings().config_path
        for group in groups:
            st.text(
                f"{words.plain(group['object'])} of {group['source_instance']}, {group['letters']:,}: {group['reason']}"
            )
            st.code(command(group, config), language="sh", wrap_lines=True)


def command(group: Row, config: Path) -> str:
    """The command that shows what a replay of these dead letters would do."""
    selected = ["--source", group["source_instance"], "--object", f"{group['domain']}.{group['object']}"]
    if group["kind"] == "file":
        selected = ["--batch", group["batch_id"]] if group["letters"] == 1 else [*selected, "--reason", group["reason"]]
    elif group["letters"] == 1 and group["key_text"]:
        selected += ["--key", group["key_text"]]
    else:
        selected += ["--reason", group["reason"]]
    return shlex.join(["tieout", "replay", "--config", str(config), *selected, "--dry-run"])
