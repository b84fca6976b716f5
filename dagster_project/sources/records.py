"""What stands in a JSON body, with the text of every record as the server wrote it: no number becomes a float."""

from __future__ import annotations

from typing import Any

import msgspec

_RAW = msgspec.json.Decoder(msgspec.Raw)
_OBJECT = msgspec.json.Decoder(dict[str, msgspec.Raw])
_LIST = msgspec.json.Decoder(list[msgspec.Raw])


class Truncated(Exception):
    """The body ends before its JSON does."""


class WrongBody(Exception):
    """The body is not what the configuration says; its message says what it is."""


class Body:
    """One answer's body; places in it are names joined by dots, empty for the body itself."""

    def __init__(self, content: bytes) -> None:
        self._content = content.removeprefix(b"\xef\xbb\xbf")
        try:
            self._content.decode()
            _RAW.decode(self._content)
        except msgspec.DecodeError as error:
            if "truncated" in str(error):
                raise Truncated("the JSON of the answer is cut off") from None
            raise WrongBody(f"the answer is not JSON ({error}); it begins with {_beginning(content)}") from None
        except UnicodeDecodeError as error:
            raise WrongBody(f"the answer is not UTF-8 ({error})") from None

    def records(self, place: str) -> list[bytes]:
        """The list at the place, each record on one line; WrongBody when there is none or it holds no objects."""
        raw = self._at(place)
        where = f"at {place!r}" if place else "as its whole"
        if raw is None:
            raise WrongBody(f"the answer has nothing {where}; it has {self._names()}")
        try:
            records = [_one_line(bytes(record)) for record in _LIST.decode(raw)]
        except msgspec.DecodeError:
            raise WrongBody(f"the answer has no list {where}, but {_beginning(raw)}") from None
        stranger = next((record for record in records if not record.startswith(b"{")), None)
        if stranger is not None:
            raise WrongBody(f"the list {where} holds what is no object: {_beginning(stranger)}")
        return records

    def value(self, place: str) -> str | None:
        """The text of a string or number at the place, `true` or `false`; None where it is absent, null or empty."""
        return scalar(self._at(place))

    def _at(self, place: str) -> bytes | None:
        raw: bytes | None = self._content
        for name in place.split(".") if place else ():
            raw = _members(raw).get(name) if raw is not None else None
        return raw

    def _names(self) -> str:
        return ", ".join(map(repr, _members(self._content))) or _beginning(self._content)


def field_of(record: bytes, name: str) -> str | None:
    """A field of a record as `Body.value` gives it."""
    return scalar(_members(record).get(name))


def scalar(raw: bytes | None) -> str | None:
    """The text of a JSON string, number or boolean; None for null, for what is empty or no scalar."""
    text = raw.strip().decode() if raw is not None else ""
    if text.startswith('"'):
        return msgspec.json.decode(text, type=str) or None
    return None if text in ("", "null") or text[0] in "{[" else text


def _members(raw: bytes) -> dict[str, bytes]:
    try:
        return {name: bytes(value) for name, value in _OBJECT.decode(raw).items()}
    except msgspec.DecodeError:
        return {}


def _one_line(record: bytes) -> bytes:
    """Line ends stand between the tokens of JSON only, never within a string."""
    return record.strip().replace(b"\r", b" ").replace(b"\n", b" ")


def _beginning(content: bytes | Any) -> str:
    return repr(bytes(content)[:80].decode(errors="replace"))
