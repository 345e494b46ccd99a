# SPDX-License-Identifier: Apache-2.0
"""Good clients that ask all the time, while others do their worst.

They live in a process of their own, and by default ask for what weir answers by itself (ROUTE):
what the attackers and origins of a test do in its process is not to be measured with weir.
"""

import json
import pathlib
import subprocess
import sys
import threading
import time

if __name__ == "__main__":
    sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from chaos.chaosd_tally import LONG, percentile

from harness import client, http1, pace

MODULES = ["respond"]
ROUTE = '[[route]]\npath = "/fine"\nfilters = [{ respond = { body = "fine" } }]\n'

# Seconds. One turn of another process on the core, below which no p99 is told from another.
GRAIN = 0.004 * pace.FACTOR
# The short form has other tests and builds beside it, five processes to a core: one answer in a
# hundred waits for them, whatever weir does.
GIVEN = 0 if LONG else 2.0 * pace.FACTOR


class Clients:
    """Clients that ask again and again on kept connections; how long each answer took, by the
    phase it fell into. Every request has to be answered with 200."""

    def __init__(self, port, target, count):
        self.port = port
        self.target = target
        self.phase = "before"
        self.took = {}
        self.failures = []
        self.stopping = threading.Event()
        self.changed = threading.Condition()
        self.threads = [threading.Thread(target=self.run, daemon=True) for _ in range(count)]
        for thread in self.threads:
            thread.start()

    def run(self):
        while not self.stopping.is_set():
            try:
                with client.Client(self.port) as made:
                    while not self.stopping.is_set():
                        if self.ask(made).fields.has("Connection"):
                            break
            except (http1.Cut, OSError) as fault:
                self.note(self.phase, repr(fault), None)

    def ask(self, made):
        phase, began = self.phase, time.monotonic()
        response = made.get(self.target)
        failure = None if response.status == 200 else str(response.status)
        self.note(phase, failure, time.monotonic() - began)
        self.stopping.wait(0.005)  # think time: the box has other work than this crowd
        return response

    def note(self, phase, failure, seconds):
        with self.changed:
            if failure:
                self.failures.append((phase, failure))
            else:
                self.took.setdefault(phase, []).append(seconds)
            self.changed.notify_all()

    def enter(self, phase, answers):
        with self.changed:
            self.phase = phase
            return self.changed.wait_for(
                lambda: len(self.took.get(phase, ())) >= answers, pace.PATIENCE * 3)

    def stop(self):
        self.stopping.set()
        for thread in self.threads:
            thread.join(pace.PATIENCE * 2)


class Crowd:
    """The process with these clients, as a test sees it."""

    def __init__(self, port, count=4, target="/fine"):
        self.process = subprocess.Popen([sys.executable, __file__, str(port), target, str(count)],
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.took = {}
        self.failures = []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.communicate()

    def say(self, **words):
        self.process.stdin.write(json.dumps(words) + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def enter(self, phase, answers=0):
        """Counts answers under another name from here on, and waits for so many of them."""
        assert self.say(phase=phase, answers=answers), f"no {answers} answers {phase}"

    def stop(self):
        self.took, self.failures = self.say(stop=True)

    def p99(self, phase):
        return percentile(self.took[phase], 0.99)

    def line(self, phase):
        return (f"good clients: {len(self.took[phase])} answers, {len(self.failures)} failed, p99 "
                f"{self.p99(phase) * 1000:.1f} ms (before: {self.p99('before') * 1000:.1f} ms)")

    def check(self, phase, factor):
        """No failure, and the p99 of the phase is within the factor of what it was before."""
        assert not self.failures, self.failures[:5]
        assert self.p99(phase) <= max(self.p99("before"), GRAIN) * factor + GIVEN, self.line(phase)


def main(port, target, count):
    clients = Clients(int(port), target, int(count))
    for line in sys.stdin:
        words = json.loads(line)
        if "stop" in words:
            clients.stop()
            print(json.dumps((clients.took, clients.failures)), flush=True)
            return
        print(json.dumps(clients.enter(words["phase"], words["answers"])), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
