# SPDX-License-Identifier: Apache-2.0
"""Clients that keep a connection each and ask without pause, while processes come and go.

Every request has a mark, and every answer is the digest of it, so that an answer that belongs to
another request, or is cut and shown as whole, is found. What a client is refused is counted apart:
no death of a process may cost a connection.
"""

import itertools
import threading

from chaos.chaosd_tally import sha
from harness import client, http1, pace

PADDING = b"." * 2000


def body_of(target):
    return sha(target.encode()).encode() + PADDING


def answer(tally, exchange):
    """What an origin for these clients does."""
    tally.arrived(exchange.request.target)
    exchange.respond(body=body_of(exchange.request.target))


class Clients:
    def __init__(self, tally, address, count):
        self.tally = tally
        self.address = address
        self.refused = 0
        self.marks = itertools.count()
        self.good = 0
        self.stopping = threading.Event()
        self.changed = threading.Condition()
        self.threads = [threading.Thread(target=self.run, daemon=True) for _ in range(count)]
        for thread in self.threads:
            thread.start()

    def run(self):
        while not self.stopping.is_set():
            try:
                made = client.Client(self.address)
            except OSError:
                with self.changed:
                    self.refused += 1
                continue
            with made:
                self.keep_asking(made)

    def keep_asking(self, made):
        """Until the connection ends. One that ends before any byte of an answer was idle as far as
        the proxy knows, and the request is asked again elsewhere (RFC 9110, 9.2.2): no failure,
        unless it was the first one there."""
        first = True
        while not self.stopping.is_set():
            target = f"/{next(self.marks)}"
            before = made.reader.total
            try:
                response = made.get(target)
            except TimeoutError:
                return self.note("lost", target)
            except (http1.Cut, OSError):
                idle = made.reader.total == before and not first
                return None if idle and not self.seen(target) else self.note("failed", target)
            whole = response.status == 200 and response.body == body_of(target)
            visible = response.status in (502, 503, 504)
            self.note("whole" if whole else "failed" if visible else "corrupted", target)
            first = False
            if response.fields.has("Connection"):
                return None
        return None

    def seen(self, target):
        with self.tally.lock:
            return self.tally.seen[target] > 0

    def note(self, outcome, target):
        self.tally.count(outcome, target)
        with self.changed:
            self.good += outcome == "whole"
            self.changed.notify_all()

    def await_good(self, count):
        with self.changed:
            wanted = self.good + count
            assert self.changed.wait_for(lambda: self.good >= wanted, pace.PATIENCE * 3), (
                self.tally.line())

    def stop(self):
        self.stopping.set()
        for thread in self.threads:
            thread.join(pace.PATIENCE * 2)
