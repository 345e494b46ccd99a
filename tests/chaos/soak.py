# SPDX-License-Identifier: Apache-2.0
"""Soak: mixed traffic for a long time, against an origin of which a share of answers is broken.

    python3 tests/chaos/soak.py 10                       ten minutes
    python3 tests/chaos/soak.py 60 --reload-every 600 --kill-every 1800

Ends with 1 when a body differed, a request was lost or came twice, the log has not one line for
each request, a reload or a killed process has not come to its end, descriptors are left over, or
memory grows and grows. WEIR_BUILD names the build.
"""

import argparse
import contextlib
import json
import os
import pathlib
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from chaos.chaosd_tally import Tally, await_that, percentile, report

from harness import client, config, http1, proxy, stream

CLIENTS = 8
WINDOW = 65536  # bytes of a tunnel on their way at a time
# Upper bounds of sizes, and how often each is drawn.
SIZES = ((0, 20), (4096, 45), (256 << 10, 25), (4 << 20, 9), (64 << 20, 1))
TUNNEL = ("Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13",
          "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==")
PIPES = 2 * 16  # descriptors of the pipes that a worker keeps for the next bulk (base/pipe.hpp)
READY = "ready: weir"
GROWTH = 32 << 20  # bytes that the second half of a run may have above the first


class Client:
    """One client that asks for things of many kinds until told to stop."""

    def __init__(self, soak, seed):
        self.soak = soak
        self.random = random.Random(seed)
        self.seed = seed
        self.count = 0
        self.kept = None
        self.fresh = True
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self):
        while not self.soak.stopping.is_set():
            self.count += 1
            self.once(f"{self.seed}.{self.count}")
        self.drop()

    def connection(self):
        self.fresh = self.kept is None
        if self.fresh:
            self.kept = client.Client(self.soak.address, 60)
        return self.kept

    def drop(self):
        if self.kept is not None:
            self.kept.close()
        self.kept = None

    def size(self):
        bound = self.random.choices([b for b, _ in SIZES], [w for _, w in SIZES])[0]
        return self.random.randint(bound // 2, bound)

    def once(self, mark):
        kind = self.random.choices((self.get, self.post, self.tunnel), (70, 25, 5))[0]
        began = time.monotonic()
        try:
            made = self.connection()
            before = made.reader.total
            outcome = kind(made, mark)
        except ConnectionRefusedError:
            self.soak.note("refused", mark, 0)
            return self.drop()
        except (http1.Cut, OSError) as fault:
            closed_at_rest = not self.fresh and made.reader.total == before
            self.drop()
            if closed_at_rest and not isinstance(fault, TimeoutError):
                return self.soak.unanswered.append(mark)  # asked at all? the origin knows
            outcome = "lost" if isinstance(fault, TimeoutError) else "failed"
        return self.soak.note(outcome, mark, time.monotonic() - began)

    def judge(self, made, response, right):
        whole = response.status == 200 and right
        if response.fields.has("Connection") or self.random.random() < 0.2:
            self.drop()
        if response.status in (502, 503, 504):
            return "failed"
        return "whole" if whole else "corrupted"

    def get(self, made, mark):
        size = self.size()
        chunked = "chunked" if self.random.random() < 0.5 else "length"
        made.request(f"/get/{mark}/{size}/{chunked}")
        response = made.head()
        right = stream.digest(made.reader.parts(response)) == stream.digest(
            stream.pieces(size, mark.encode()))
        return self.judge(made, response, right)

    def post(self, made, mark):
        size = self.size()
        parts = stream.pieces(size, mark.encode())
        head = f"POST /post/{mark} HTTP/1.1\r\nHost: test\r\n"
        if self.random.random() < 0.5:
            made.sock.sendall(f"{head}Transfer-Encoding: chunked\r\n\r\n".encode())
            parts = stream.chunked(parts)
        else:
            made.sock.sendall(f"{head}Content-Length: {size}\r\n\r\n".encode())
        for part in parts:
            made.send(part)
        response = made.response()
        expected, _ = stream.digest(stream.pieces(size, mark.encode()))
        return self.judge(made, response, response.body.decode() == expected)

    def tunnel(self, made, mark):
        made.request(f"/tunnel/{mark}", *TUNNEL)
        response = made.head()
        if response.status != 101:
            made.reader.body(response)
            return self.judge(made, response, False)
        for part in stream.pieces(self.random.randint(1, 16) * WINDOW, mark.encode()):
            for at in range(0, len(part), WINDOW):
                made.sock.sendall(part[at : at + WINDOW])
                if b"".join(made.reader.exactly(len(part[at : at + WINDOW]))) != \
                        part[at : at + WINDOW]:
                    return "corrupted"
        made.half_close()
        made.rest()
        self.drop()
        return "whole"


class Soak:
    """weir, the origin's process, the clients, and what was seen of them."""

    def __init__(self, options, folder):
        self.options = options
        self.tally = Tally("soak")
        self.refused = 0
        self.took = []
        self.unanswered = []  # marks: the connection had been kept, and ended before an answer
        self.reloads = self.kills = 0
        self.lock = threading.Lock()
        self.stopping = threading.Event()
        self.memory = []
        self.log = folder / "access.log"
        self.origin = subprocess.Popen(
            [sys.executable, pathlib.Path(__file__).with_name("soak_origin.py"),
             str(options.faults)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        port = int(self.origin.stdout.readline())
        conf = folder / "weir.toml"
        conf.write_text(config.simple(
            f"http://127.0.0.1:{port}", modules=["access_log"], upstream={"idle_timeout": "2s"},
            more=f'[observe.access_log]\nfile = "{self.log}"\nbuffer = "4MiB"\n'))
        self.weir = proxy.Weir("run", "-c", conf)
        self.address = self.weir.addresses[0]
        self.descriptors = self.weir.open_files()

    def note(self, outcome, mark, seconds):
        if outcome == "refused":
            with self.lock:
                self.refused += 1
            self.stopping.wait(0.05)
            return
        self.tally.count(outcome, mark)
        with self.lock:
            self.took.append(seconds)

    def disturb(self, due, every, act):
        """Acts when it is time; gives the next time."""
        if not every or time.monotonic() < due:
            return due
        act()
        return due + every

    def reload(self):
        self.weir.signal(signal.SIGHUP)
        self.reloads += 1

    def kill_a_worker(self):
        """One that is ready: each is to serve for a while."""
        if self.weir.stderr.count(READY) == self.kills + 1:
            os.kill(self.weir.workers[0], signal.SIGKILL)
            self.kills += 1

    def look(self):
        """Memory; of no process when one has just died."""
        with contextlib.suppress(OSError, StopIteration):
            self.memory.append(self.weir.memory("VmRSS"))

    def run(self):
        options = self.options
        clients = [Client(self, seed) for seed in range(CLIENTS)]
        now = time.monotonic()
        until = now + options.minutes * 60
        reload_due, kill_due = now + options.reload_every, now + options.kill_every
        while time.monotonic() < until and self.weir.process.poll() is None:
            self.stopping.wait(min(1, until - time.monotonic()))
            self.look()
            reload_due = self.disturb(reload_due, options.reload_every, self.reload)
            kill_due = self.disturb(kill_due, options.kill_every, self.kill_a_worker)
        self.stopping.set()
        for each in clients:
            each.thread.join(90)
        return self.sum_up()

    def await_rest(self):
        """What disturbed weir comes to its end, and descriptors come back; how many are left."""
        def told(words):
            return self.weir.stderr.count(words)

        await_that(lambda: told(READY) > self.kills, "the last process that was killed", 30)
        # Who is killed while it reloads tells nothing; the next one begins with the file.
        await_that(lambda: told("reloaded: generation") >= self.reloads - self.kills,
                   f"{self.reloads} reloads", 30)
        await_that(lambda: self.weir.open_files() <= self.descriptors + PIPES,
                   "the descriptors to come back", 30)
        return self.weir.open_files()

    def settle(self):
        """What the origin saw, and what became of requests that only it knows of."""
        told, _ = self.origin.communicate("stop\n", 60)
        self.tally.seen.update(json.loads(told))
        for mark in self.unanswered:
            if self.tally.seen[mark]:
                self.tally.count("failed", mark)

    def sum_up(self):
        faults, left = [], 0
        if self.weir.process.poll() is not None:
            faults.append(f"weir ended: {self.weir.stderr[-2000:]}")
        else:
            left = self.await_rest()
            self.weir.stop()
        self.settle()
        lines = self.log.read_bytes().count(b"\n")
        half = len(self.memory) // 2
        growth = max(self.memory[half:], default=0) - max(self.memory[:half], default=0)
        report(self.tally.line())
        report(f"soak: {self.reloads} reloads, {self.kills} kills, {self.refused} refused, {lines} "
               f"lines of log, memory at most {max(self.memory, default=0) / 1048576:.1f} MiB, in "
               f"the second half {growth / 1048576:+.1f} MiB; "
               f"p50 {percentile(self.took, .5) * 1000:.1f} ms, p99 "
               f"{percentile(self.took, .99) * 1000:.0f} ms, longest {max(self.took):.1f} s; "
               f"{self.descriptors} descriptors before, {left} after")
        if self.tally.corrupted or self.tally.lost or self.tally.duplicated or self.refused:
            faults.append(f"{self.tally.corrupted[:5]} {self.tally.lost[:5]} "
                          f"{self.tally.duplicated[:5]}, {self.refused} refused")
        # A worker that is killed takes with it what it has not written yet.
        if lines != self.tally.requests and not (self.kills and lines < self.tally.requests):
            faults.append(f"{lines} lines for {self.tally.requests} requests")
        if growth > GROWTH:
            faults.append(f"memory grew by {growth} bytes")
        return faults

    def close(self):
        self.weir.kill()
        self.origin.kill()
        self.origin.communicate()


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("minutes", type=float)
    parser.add_argument("--faults", type=float, default=2, help="percent of the origin's answers")
    parser.add_argument("--reload-every", type=float, default=0, metavar="S", help="SIGHUP")
    parser.add_argument("--kill-every", type=float, default=0, metavar="S",
                        help="SIGKILL for a worker of weir")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        soak = Soak(options, pathlib.Path(folder))
        try:
            faults = soak.run()
        finally:
            soak.close()
    for fault in faults:
        report(f"soak: FAULT: {fault}")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
