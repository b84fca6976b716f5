"""Follows the chain from the hash that the head vouches for back to the first link, and names each one that is broken.

Every manifest has one hash that it must have, said by the link after it or by the head. So the walk goes backwards: the
file that does not have its hash is the one that was changed, never its neighbour.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from pydantic import ValidationError

from dagster_project.archive.findings import RESTORE, Fault
from dagster_project.archive.head import Head
from dagster_project.archive.manifest import Manifest
from dagster_project.archive.storage import Storage


@dataclass(frozen=True)
class Found:
    """A file among the manifests: its name, the hash of its bytes, and what it says, None where it cannot be read."""

    name: str
    sha256: str
    link: Manifest | None


@dataclass(frozen=True)
class Walk:
    """The links that have the hash they must have, in order; the faults; and `expected`: the hash of each position."""

    links: tuple[Manifest, ...]
    faults: tuple[Fault, ...]
    expected: dict[int, str]
    unanchored: int


def found_in(name: str, content: bytes) -> Found:
    """A manifest as it lies in the archive."""
    sha256 = hashlib.sha256(content).hexdigest()
    try:
        link = Manifest.model_validate_json(content).model_copy(update={"stored_sha256": sha256})
    except ValidationError:
        link = None
    return Found(name, sha256, link)


def walk(storage: Storage, found: Iterable[Found], head: Head | None) -> Walk:
    """The chain below `head`; without one, below the link that comes last."""
    return _Walk(storage, list(found)).below(head)


class _Walk:
    def __init__(self, storage: Storage, found: list[Found]) -> None:
        self._storage = storage
        self._left = {one.name: one for one in found}
        self._by_hash: dict[str, list[Found]] = defaultdict(list)
        self._by_sequence: dict[int, list[Found]] = defaultdict(list)
        for one in found:
            self._by_hash[one.sha256].append(one)
            if one.link:
                self._by_sequence[one.link.sequence].append(one)
        self._vouched = {one.link.previous_sha256 for one in found if one.link}
        self._links: dict[int, Manifest] = {}
        self._faults: list[Fault] = []
        self._expected: dict[int, str] = {}

    def below(self, head: Head | None) -> Walk:
        if head is None:
            last = max(self._by_sequence, default=0)
            head = Head(last, "", self._hash_at(last) or "")
        self._vouched.add(head.sha256)
        beyond = self._beyond(head)
        at: str | None = head.sha256
        for position in range(head.length, 0, -1):
            at = self._step(position, at, head)
        for one in self._left.values():
            self._faults.append(self._stray(one))
        links = [*(self._links[position] for position in sorted(self._links)), *beyond]
        return Walk(tuple(links), tuple(self._faults), self._expected, len(beyond))

    def _beyond(self, head: Head) -> list[Manifest]:
        """Links that an interrupted run wrote after the head: sound, and not vouched for yet."""
        links: list[Manifest] = []
        at, position = head.sha256, head.length
        while True:
            position += 1
            after = [one for one in self._by_sequence[position] if one.link and one.link.previous_sha256 == at]
            if len(after) != 1 or not after[0].link or after[0].name != after[0].link.path:
                return links
            links.append(after[0].link)
            del self._left[after[0].name]
            at = after[0].sha256

    def _step(self, position: int, at: str | None, head: Head) -> str | None:
        """Judges the link at a position, which must have the hash `at`; returns the hash of the one before it."""
        if at:
            self._expected[position] = at
        one = self._take(at)
        if one is None:
            return self._broken(position, at, head)
        if one.link is None:
            self._fault(position, one, "a manifest", "what this version of Tieout cannot read")
            return self._hash_at(position - 1)
        if one.name != one.link.path:
            remedy = f"rename it to {one.link.path}"
            self._fault(position, one, f"this content at {one.link.path}", "it under this name", remedy)
        elif one.link.sequence != position:
            self._fault(position, one, f"link {position}", f"link {one.link.sequence}")
        else:
            self._links[position] = one.link
        if position == 1 and one.link.previous_sha256 is not None:
            self._fault(position, one, "the first link, with none before it", "a link that was cut off from others")
        return one.link.previous_sha256

    def _take(self, sha256: str | None) -> Found | None:
        candidates = [one for one in self._by_hash.get(sha256 or "", ()) if one.name in self._left]
        candidates.sort(key=lambda one: one.link is None or one.name != one.link.path)
        return self._left.pop(candidates[0].name) if candidates else None

    def _broken(self, position: int, at: str | None, head: Head) -> str | None:
        expected = f"SHA-256 {at}" if at else f"a link {position}"
        one = self._suspect(position, head)
        if one is None:
            name = head.manifest if position == head.length and head.manifest else f"manifests (link {position})"
            words = f"link {position} of {head.length}"
            where = self._storage.shown(name)
            self._faults.append(Fault(position, words, name, where, expected, "no such manifest", RESTORE))
            return self._hash_at(position - 1)
        del self._left[one.name]
        self._fault(position, one, expected, f"SHA-256 {one.sha256}")
        before = one.link.previous_sha256 if one.link else None
        return before if before in self._by_hash else self._hash_at(position - 1)

    def _suspect(self, position: int, head: Head) -> Found | None:
        """What became of the link: a file of its name or place, a torn one, one that says a place which is not free."""
        if position == head.length and head.manifest in self._left:
            return self._left[head.manifest]
        left = [one for one in self._by_sequence.get(position, ()) if one.name in self._left]
        torn = [one for one in self._left.values() if one.link is None]
        return next(iter([*left, *torn, *(one for one in self._left.values() if self._is_alone(one, head))]), None)

    def _is_alone(self, one: Found, head: Head) -> bool:
        """No link vouches for it, and the place that it says is another's: its number was changed."""
        sequence = one.link.sequence if one.link else 0
        is_taken = not 1 <= sequence <= head.length or len(self._by_sequence[sequence]) > 1
        return is_taken and one.sha256 not in self._vouched

    def _hash_at(self, position: int) -> str | None:
        left = [one.sha256 for one in self._by_sequence.get(position, ()) if one.name in self._left]
        return left[0] if left else None

    def _fault(self, position: int, one: Found, expected: str, found: str, remedy: str = RESTORE) -> None:
        link = one.name.removeprefix("manifests/").removesuffix(".json")
        self._faults.append(Fault(position, link, one.name, self._storage.shown(one.name), expected, found, remedy))

    def _stray(self, one: Found) -> Fault:
        position = one.link.sequence if one.link else 0
        link = one.name.removeprefix("manifests/").removesuffix(".json")
        found = "one that no link and no head vouches for"
        remedy = "move it out of the archive and find out who put it there"
        return Fault(position, link, one.name, self._storage.shown(one.name), "a link of the chain", found, remedy)
