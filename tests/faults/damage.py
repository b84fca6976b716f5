"""Damage to the bytes of a file, whatever its format: what cables, disks and careless programs do."""

from __future__ import annotations

import random
from collections.abc import Callable

Change = Callable[[random.Random, bytes], bytes]


def flipped_bytes(dice: random.Random, content: bytes) -> bytes:
    changed = bytearray(content)
    for _ in range(dice.choice((1, 2, 8))):
        if changed:
            changed[dice.randrange(len(changed))] ^= 1 << dice.randrange(8)
    return bytes(changed)


def cut_off(dice: random.Random, content: bytes) -> bytes:
    return content[: dice.randrange(len(content) + 1)]


def head_cut_off(dice: random.Random, content: bytes) -> bytes:
    return content[dice.randrange(len(content) + 1) :]


def zeroed_block(dice: random.Random, content: bytes) -> bytes:
    start = dice.randrange(len(content) + 1)
    length = min(dice.choice((1, 16, 512)), len(content) - start)
    return content[:start] + bytes(length) + content[start + length :]


def block_twice(dice: random.Random, content: bytes) -> bytes:
    start, end = sorted(dice.randrange(len(content) + 1) for _ in range(2))
    return content[:end] + content[start:]


def garbage_inserted(dice: random.Random, content: bytes) -> bytes:
    place = dice.randrange(len(content) + 1)
    garbage = dice.choice(
        (b"\x00", b"\xff\xfe", b"\xc3", b"\xed\xa0\x80", b"\x1f\x8b", b'"', b"\x1a", dice.randbytes(40))
    )
    return content[:place] + garbage + content[place:]


def garbage_at_the_end(dice: random.Random, content: bytes) -> bytes:
    return content + dice.choice((b"\x00" * 512, b"PAR1", b"\x1a", dice.randbytes(99)))


BYTES: list[Change] = [
    flipped_bytes,
    cut_off,
    head_cut_off,
    zeroed_block,
    block_twice,
    garbage_inserted,
    garbage_at_the_end,
]
