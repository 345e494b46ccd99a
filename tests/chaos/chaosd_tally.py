# SPDX-License-Identifier: Apache-2.0
"""What became of many requests, and whether the proxy's process is as it was before."""

import collections
import contextlib
import hashlib
import os
import threading
import time

from harness import client, http1, pace

LONG = os.environ.get("WEIR_CHAOS") == "long"


def sha(data):
    return hashlib.sha256(data).hexdigest()


class Tally:
    """Counts answers. A request is answered whole, or fails visibly: by a status that says so, or
    by an end before the message was whole. Anything else is a fault of the proxy."""

    def __init__(self, name):
        self.name = name
        self.lock = threading.Lock()
        self.requests = self.visible = 0
        self.corrupted, self.lost, self.duplicated = [], [], []
        self.seen = collections.Counter()  # at the origin, by the request's mark

    def arrived(self, mark):
        """The origin saw the request of this mark."""
        with self.lock:
            self.seen[mark] += 1

    def count(self, outcome, mark):
        with self.lock:
            self.requests += 1
            if outcome == "failed":
                self.visible += 1
            elif outcome != "whole":
                getattr(self, outcome).append(mark)

    def ask(self, address, request, whole, mark, method="GET"):
        """Sends the request on a connection of its own and counts what comes. whole(response)
        says whether that is what the origin meant to say; gives "whole" or what went wrong."""
        try:
            with client.Client(address) as made:
                made.send(request)
                response = made.response(method)
            if response.status in (502, 503, 504) and not whole(response):
                outcome = "failed"
            else:
                outcome = "whole" if whole(response) else "corrupted"
        except TimeoutError:
            outcome = "lost"
        except (http1.Cut, OSError):
            outcome = "failed"
        self.count(outcome, mark)
        return outcome

    def line(self):
        twice = [mark for mark, times in self.seen.items() if times > 1]
        self.duplicated = twice
        return (f"{self.name}: {self.requests} requests, {self.visible} visible failures, "
                f"{len(self.corrupted)} corrupted, {len(self.lost)} lost, "
                f"{len(self.duplicated)} duplicated")

    def check(self, more=""):
        """Reports, and asserts that nothing but visible failures happened."""
        report(self.line() + (f"; {more}" if more else ""))
        wrong = {key: getattr(self, key)[:5] for key in ("corrupted", "lost", "duplicated")
                 if getattr(self, key)}
        assert not wrong, f"{self.line()}: {wrong}"


def report(line):
    """One line for people: on standard output (pytest -rP), and in the file WEIR_CHAOS_REPORT."""
    print(line)
    if path := os.environ.get("WEIR_CHAOS_REPORT"):
        with open(path, "a", encoding="utf-8") as file:
            file.write(line + "\n")


def await_that(holds, what, seconds=None):
    """Looks again and again until holds() is true; how long that took."""
    began = time.monotonic()
    moment = threading.Event()
    while not holds():
        if time.monotonic() - began > (seconds or pace.PATIENCE):
            raise AssertionError(f"waited in vain for {what}")
        moment.wait(0.005)
    return time.monotonic() - began


@contextlib.contextmanager
def no_descriptor_lost(weir):
    """After the block the process has as many descriptors as before, and is the same process."""
    before = weir.open_files()
    yield
    assert weir.process.poll() is None, weir.stderr
    await_that(lambda: weir.open_files() <= before, f"{before} descriptors")


def processor_time(weir):
    """Seconds of processor time that the process has used."""
    with open(f"/proc/{weir.workers[0]}/stat", encoding="ascii") as stat:
        fields = stat.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def percentile(values, share):
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]
