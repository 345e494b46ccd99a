# SPDX-License-Identifier: Apache-2.0
"""Processes that are no children of the test's: whether they run, and waiting for it."""

import pathlib
import threading

from harness import pace


def alive(pid):
    """Whether the process runs still; one that only waits to be waited for has ended."""
    try:
        stat = pathlib.Path(f"/proc/{pid}/stat").read_text(encoding="ascii")
    except (FileNotFoundError, ProcessLookupError):
        return False
    return stat.rpartition(")")[2].split()[0] not in "ZX"


def children_of(pid):
    try:
        path = pathlib.Path(f"/proc/{pid}/task/{pid}/children")
        return list(map(int, path.read_text(encoding="ascii").split()))
    except (FileNotFoundError, ProcessLookupError):
        return []


def until(condition, what="it", seconds=pace.PATIENCE):
    """Waits until the condition gives something true; gives that."""
    moment = threading.Event()
    for _ in range(int(seconds * 200)):
        if result := condition():
            return result
        moment.wait(0.005)
    raise AssertionError(f"waited in vain for {what}")


def number_in(file):
    """The number in a pid file; 0 while it is being written."""
    return int(file.read_text() or 0) if file.exists() else 0
