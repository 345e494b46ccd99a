# SPDX-License-Identifier: Apache-2.0
"""Many clients at once, each counting what it got."""

import threading

from harness import client, http1, pace


class Load:
    """Clients that ask again and again until told to stop.

    A request has failed when its answer is not a whole 200. A kept connection that the proxy closes
    before the first byte of an answer is no failure: it was idle, and the request is sent again on
    a new one, as every client does. Who is refused a connection ends: there is no proxy any more.
    """

    def __init__(self, address, count, target="/"):
        self.address = address
        self.target = target
        self.stopping = threading.Event()
        self.changed = threading.Condition()
        self.good = 0
        self.refused = 0
        self.failures = []
        self.threads = [threading.Thread(target=self.run, daemon=True) for _ in range(count)]
        for thread in self.threads:
            thread.start()

    def run(self):
        while not self.stopping.is_set():
            try:
                made = client.Client(self.address)
            except ConnectionRefusedError:
                with self.changed:
                    self.refused += 1
                return
            with made:
                self.ask(made)

    def ask(self, made):
        """Requests on one connection, until it ends."""
        before = 0
        while not self.stopping.is_set():
            try:
                response = made.get(self.target)
            except (http1.Cut, OSError) as fault:
                if before == 0 or made.reader.total != before:
                    self.note(repr(fault))
                return
            before = made.reader.total
            self.note(None if response.status == 200 else str(response.status))
            if response.fields.has("Connection"):
                return

    def note(self, failure):
        with self.changed:
            if failure:
                self.failures.append(failure)
            else:
                self.good += 1
            self.changed.notify_all()

    def await_good(self, count):
        """Waits until that many requests more have been answered."""
        with self.changed:
            wanted = self.good + count
            assert self.changed.wait_for(lambda: self.good >= wanted, pace.PATIENCE * 3)

    def stop(self):
        self.stopping.set()
        for thread in self.threads:
            thread.join(pace.PATIENCE * 2)
