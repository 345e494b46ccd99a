# SPDX-License-Identifier: Apache-2.0
"""Bodies too large to hold: made as they are sent, hashed as they arrive."""

import hashlib
import random

BLOCK = 1 << 18
_PATTERN = random.Random(7).randbytes(BLOCK)


def pieces(size, seed=b"weir"):
    """`size` bytes that never repeat, in blocks; the same ones every time."""
    number = 0
    while size > 0:
        mark = seed + number.to_bytes(8, "big")
        block = (mark + _PATTERN[len(mark):])[:size]
        yield block
        size -= len(block)
        number += 1


def digest(parts):
    """SHA-256 and length of what an iterable gives."""
    sha = hashlib.sha256()
    size = 0
    for part in parts:
        sha.update(part)
        size += len(part)
    return sha.hexdigest(), size


def chunked(parts):
    """The same with chunked framing, and sizes that are not round."""
    for part in parts:
        yield b"%x\r\n" % len(part) + part + b"\r\n"
    yield b"0\r\n\r\n"
