"""Text files as other programs write them: other line ends, delimiters, encodings, numbers, dates and JSON."""

from __future__ import annotations

import json
import random
from typing import Any

from tests.faults.damage import Change

VALUES = (
    "1e3", "1E-2", "-0", "+5", "0x1F", "1_000", "1,000.00", "1.000,00", "١٢٣", "１２", "½", "∞", "NaN", "Infinity", "1" * 60,
    "0." + "3" * 60, "99999999999999.9999", "2026-02-30", "0000-00-00", "2026-01-01T00:00:00+99:99", "2026-13-01", "9" * 400,
    "2026-01-01T24:00:00Z", "10000-01-01", "-1", "true", "null", "", " ", "\t", "\u200b", "\ufeff", "USD ", "usd", "XXX", "ß",
    "'; drop table received; --", '"', "\\", "{", "[]", "\u0001", "\u0002", "\u202e", "a\u0000b", "=1+1", "🧾" * 300,
)  # fmt: skip


def other_line_ends(dice: random.Random, content: bytes) -> bytes:
    ends = dice.choice(([b"\r\n"], [b"\r"], [b"\n", b"\r\n", b"\r"], [b"\n\n"], [b"\x0b"], ["\u2028".encode()]))
    return b"".join(line + dice.choice(ends) for line in content.split(b"\n"))


def other_encoding(dice: random.Random, content: bytes) -> bytes:
    name = dice.choice(("utf-16", "utf-16-le", "utf-32", "cp1252", "utf-8-sig", "cp037", "utf-7"))
    return content.decode("utf-8", "replace").encode(name, "replace")


def lines_shuffled(dice: random.Random, content: bytes) -> bytes:
    lines = content.split(b"\n")
    dice.shuffle(lines)
    return b"\n".join(lines)


def header_again(dice: random.Random, content: bytes) -> bytes:
    lines = content.split(b"\n")
    return b"\n".join([*lines[: dice.randrange(1, len(lines) + 1)], *lines])


def blank_lines(dice: random.Random, content: bytes) -> bytes:
    return content.replace(b"\n", dice.choice((b"\n\n", b"\n   \n", b"\n,,,\n", b"\n\t\n")), dice.randrange(1, 9))


def huge_value(dice: random.Random, content: bytes) -> bytes:
    lines = content.split(b"\n")
    place = dice.randrange(len(lines))
    filler = dice.choice((b"x", b'"', b"9", b"{", "é".encode())) * dice.choice((1 << 16, 1 << 20, (1 << 24) + 9))
    lines[place] = lines[place][: len(lines[place]) // 2] + filler + lines[place][len(lines[place]) // 2 :]
    return b"\n".join(lines)


def other_delimiter(dice: random.Random, content: bytes) -> bytes:
    return content.replace(b",", dice.choice((b";", b"\t", b"|", b" ", b",,", b"\x1f", b":")))


def other_values(dice: random.Random, content: bytes) -> bytes:
    rows = [line.split(",") for line in content.decode("utf-8", "replace").split("\n")]
    for row in dice.sample(rows[1:], min(len(rows) - 1, dice.choice((1, 3, 99)))):
        row[dice.randrange(len(row))] = dice.choice(VALUES)
    return "\n".join(map(",".join, rows)).encode("utf-8", "surrogatepass")


def columns_changed(dice: random.Random, content: bytes) -> bytes:
    rows = [line.split(b",") for line in content.split(b"\n")]
    one, other = (dice.randrange(len(rows[0])) for _ in range(2))
    match dice.choice(("swapped", "dropped", "doubled", "renamed", "only in the header", "ragged")):
        case "swapped":
            for row in rows:
                if max(one, other) < len(row):
                    row[one], row[other] = row[other], row[one]
        case "dropped":
            rows = [row[:one] + row[one + 1 :] for row in rows]
        case "doubled":
            rows = [row[: one + 1] + row[one:] for row in rows]
        case "renamed":
            rows[0][one] = dice.choice(
                (rows[0][one].upper(), b" " + rows[0][one], b"", b"tieout_row", b'"', b"x" * 5000)
            )
        case "only in the header":
            rows[0].append(b"more")
        case _:
            for row in dice.sample(rows, min(3, len(rows))):
                row.append(b"x" * dice.choice((0, 5)))
    return b"\n".join(map(b",".join, rows))


def very_many_columns(dice: random.Random, content: bytes) -> bytes:
    more = dice.choice((300, 5_000, 1_000_000))
    lines = content.split(b"\n")
    lines[0] += b"".join(b",c%d" % position for position in range(more))
    return b"\n".join(line if position == 0 else line + b"," * more for position, line in enumerate(lines[:3]))


def quotes(dice: random.Random, content: bytes) -> bytes:
    fields = content.split(b",")
    for _ in range(dice.choice((1, 2, 5))):
        place = dice.randrange(len(fields))
        fields[place] = dice.choice((b'"%s"', b'"%s', b'%s"', b'""%s', b'"%s""', b'"a\n%s"', b"'%s'")) % fields[place]
    return b",".join(fields)


def json_values(dice: random.Random, content: bytes) -> bytes:
    """Values of every JSON type and spelling, as text: a parser would not write most of them."""

    def spelled() -> str:
        return dice.choice((json.dumps(dice.choice(VALUES)), "1e400", "-0.0", "1.0000000000000000000001", "NaN", "true",
            "[1, 2]", '{"a": 1}', "[" * dice.choice((50, 2_000, 100_000)), '"\\ud800"', '"\\u0000"', "01", '"a\tb"', "1" * 5000,
            '{"a":' * 5_000 + "1" + "}" * 5_000, "[" * 900 + "]" * 900, "'x'", "None", '"\\x41"'))  # fmt: skip

    return b"\n".join(_respelled(dice, line, spelled) for line in content.split(b"\n"))


def _respelled(dice: random.Random, line: bytes, spelled: Any) -> bytes:
    try:
        row = json.loads(line)
    except (ValueError, RecursionError):
        return line
    if not isinstance(row, dict) or not row or dice.random() < 0.6:
        return line
    changed = dice.choice(list(row))
    fields = [f"{json.dumps(name)}: {spelled() if name == changed else json.dumps(row[name])}" for name in row]
    if dice.random() < 0.2:
        fields.append(dice.choice(fields))  # a name given twice
    return ("{" + ", ".join(fields) + "}").encode("utf-8", "surrogatepass")


def json_rows(dice: random.Random, content: bytes) -> bytes:
    rows = content.split(b"\n")
    other = dice.choice(
        (
            b"[]",
            b"null",
            b"1",
            b'"x"',
            b"{}",
            b"{",
            b"[" * 100_000,
            b'{"a": ' * 100_000,
            b"//",
            b"{} {}",
            b"\xef\xbb\xbf{}",
        )
    )
    rows[dice.randrange(len(rows))] = other
    return b"\n".join(rows) if dice.random() < 0.7 else b"[" + b",\n".join(row for row in rows if row) + b"]"


def many_names(dice: random.Random, content: bytes) -> bytes:
    more = ", ".join(f'"n{position}": {position}' for position in range(dice.choice((300, 20_000))))
    return content.replace(b"}\n", b", " + more.encode() + b"}\n", 2)


def names_changed(dice: random.Random, content: bytes) -> bytes:
    names = [name for name in content.split(b'"')[1::4] if name] or [b"x"]
    return content.replace(
        b'"' + dice.choice(names) + b'"', dice.choice((b'"x"', b'""', b'"a.b"', b'"$"', b'"a\\"b"', b'"A\\u0000"'))
    )


TEXTS: list[Change] = [other_line_ends, other_encoding, lines_shuffled, header_again, blank_lines, huge_value]
CSV: list[Change] = [other_delimiter, other_values, other_values, columns_changed, very_many_columns, quotes]
JSONL: list[Change] = [json_values, json_values, json_rows, many_names, names_changed]
