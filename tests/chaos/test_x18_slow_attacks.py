# SPDX-License-Identifier: Apache-2.0
"""X18: many clients that are slow on purpose, and good clients beside them."""

import contextlib
import re
import selectors
import shutil
import socket
import subprocess
import threading
import time

import pytest
from chaos import chaosd, chaosd_crowd
from chaos.chaosd_crowd import Crowd
from chaos.chaosd_tally import LONG, await_that, report

from harness import pace

CONNECTIONS = 2000 if LONG else 400  # of each attack
SECONDS = 60 if LONG else 5
DRIP = 0.2  # seconds between two bytes of one connection
SOURCES = 8  # addresses of 127.0.0.0/8 that attackers come from: one alone meets the limit of 512
LARGE = 4 << 20
BUDGET = 16 << 20  # bytes of memory beside what connections are allowed to hold
# Of each connection: a head that is not whole; body_in; body_out (256 KiB), a read beyond it.
HELD = {"heads": 16 << 10, "bodies": 64 << 10, "reads": 320 << 10, "silence": 1 << 10}

ATTACKS = {
    "heads": (b"GET /good HTTP/1.1\r\nHost: t\r\n", b"X", 408),
    "bodies": (b"POST /good HTTP/1.1\r\nHost: t\r\nContent-Length: 100000\r\n\r\n", b"x", 408),
    "reads": (b"GET /large HTTP/1.1\r\nHost: t\r\n\r\n", b"", 200),
    "silence": (b"", b"", None),
}


def origin(peer):
    while True:
        head = peer.expect(b"\r\n\r\n")
        size = LARGE if b" /large " in head else 5
        if length := re.search(rb"Content-Length: (\d+)", head):
            peer.read(int(length[1]))
        peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % size + bytes(size))


class Attack:
    """Keeps so many connections that send, or read, a byte at a time; who is ended comes again."""

    def __init__(self, port, kind, count):
        self.port = port
        self.kind = kind
        self.statuses = {}  # what the ended ones were told, and how many
        self.selector = selectors.DefaultSelector()
        self.stopping = threading.Event()
        self.open = 0
        self.attempts = 0
        self.count = count
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def enter(self):
        sock = socket.socket()
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        sock.bind((f"127.0.1.{1 + self.attempts % SOURCES}", 0))
        self.attempts += 1
        sock.setblocking(False)
        sock.connect_ex(("127.0.0.1", self.port))
        events = selectors.EVENT_WRITE | (0 if self.kind == "reads" else selectors.EVENT_READ)
        self.selector.register(sock, events, {"began": False})
        self.open += 1

    def leave(self, sock, told):
        self.selector.unregister(sock)
        sock.close()
        self.open -= 1
        self.statuses[told] = self.statuses.get(told, 0) + 1

    def run(self):
        try:
            while not self.stopping.wait(DRIP):
                while self.open < self.count:
                    self.enter()
                ready = {key.fd for key, _ in self.selector.select(0)}
                for key in list(self.selector.get_map().values()):
                    self.drip(key.fileobj, key.data, key.fd in ready)
        finally:
            for key in list(self.selector.get_map().values()):
                key.fileobj.close()
            self.selector.close()

    def drip(self, sock, state, ready):
        first, more, _ = ATTACKS[self.kind]
        try:
            if not state["began"]:
                if not ready:
                    return
                sock.send(first)
                state["began"] = True
                events = 0 if self.kind == "reads" else selectors.EVENT_READ
                if events:
                    self.selector.modify(sock, events, state)
                else:
                    return
            elif self.kind == "reads":
                with contextlib.suppress(BlockingIOError):
                    if not sock.recv(1):
                        self.leave(sock, "cut")
            elif ready:
                data = sock.recv(4096)
                self.leave(sock, int(data.split(b" ")[1]) if data else None)
            elif more:
                sock.send(more)
        except OSError:
            self.leave(sock, "reset")

    def stop(self):
        self.stopping.set()
        self.thread.join(pace.PATIENCE)


@pytest.mark.timeout(200)
@pytest.mark.parametrize("kind", ATTACKS)
def test_a_slow_crowd_costs_good_clients_nothing(kind, weir_to):
    brief = {"head": "1s", "body_rate_after": "1s", "body": "2s", "keep_alive": "1s",
             "write": "2s"}
    with chaosd.Chaosd(origin) as upstream, contextlib.ExitStack() as crowds:
        weir = weir_to(upstream, modules=chaosd_crowd.MODULES, timeouts=brief,
                       route={"path": "/*"}, more=chaosd_crowd.ROUTE)
        crowd = crowds.enter_context(Crowd(weir.port))
        crowd.enter("warm", 100)
        crowd.enter("before", 1000 if LONG else 300)
        before, workers = weir.memory("VmRSS"), weir.workers
        attack = Attack(weir.port, kind, CONNECTIONS)
        await_that(lambda: attack.open == CONNECTIONS, "the attack to begin")
        crowd.enter("during", 300)
        began = time.monotonic()
        await_that(lambda: time.monotonic() - began >= SECONDS, "the attack to last", SECONDS * 2)
        grown = weir.memory("VmRSS") - before
        attack.stop()
        crowd.stop()
        told = ATTACKS[kind][2]
        report(f"X18 {kind}: {attack.attempts} attackers, {CONNECTIONS} at a time for {SECONDS} s, "
               f"told {attack.statuses}; {crowd.line('during')}; memory grew by "
               f"{grown / 1048576:.1f} MiB")
        if kind != "reads":
            assert attack.statuses.get(told, 0) >= CONNECTIONS  # each was ended once at least
            assert attack.statuses.get(told) >= sum(attack.statuses.values()) * 0.9
        assert weir.workers == workers, weir.stderr
        crowd.check("during", 2)
        allowed = BUDGET + HELD[kind] * CONNECTIONS
        # A sanitizer keeps what was freed.
        assert pace.SANITIZED or grown <= allowed, f"{grown >> 20} MiB"
        await_that(lambda: weir.get("/good").status == 200, "an answer afterwards")


@pytest.mark.timeout(200)
@pytest.mark.skipif(not shutil.which("slowhttptest"), reason="slowhttptest is not installed")
@pytest.mark.parametrize("kind", ["heads", "bodies", "reads"])
def test_slowhttptest_costs_good_clients_nothing(kind, weir_to):
    """A program that others wrote for these attacks. It comes from one address, which is allowed it
    here, and who is ended does not come again."""
    seconds = str(SECONDS)
    how = {"heads": ("-H", "-i", "1", "-u", "good"), "bodies": ("-B", "-i", "1", "-u", "good"),
           "reads": ("-X", "-w", "1", "-y", "8", "-n", "1", "-z", "8", "-u", "large")}[kind]
    with chaosd.Chaosd(origin) as upstream, contextlib.ExitStack() as crowds:
        weir = weir_to(upstream, modules=chaosd_crowd.MODULES, limits={"connections_per_client": 0},
                       timeouts={"head": "3s", "body": "3s", "body_rate_after": "3s"},
                       route={"path": "/*"}, more=chaosd_crowd.ROUTE)
        crowd = crowds.enter_context(Crowd(weir.port))
        crowd.enter("warm", 100)
        crowd.enter("before", 1000 if LONG else 300)
        before, workers = weir.memory("VmRSS"), weir.workers
        # What an origin in Python costs to begin with is not what is asked.
        attack = crowds.enter_context(subprocess.Popen(
            ["slowhttptest", *how[:-1], f"http://127.0.0.1:{weir.port}/{how[-1]}",
             "-c", str(CONNECTIONS), "-r", "1000", "-l", seconds, "-p", "5"],
            stdout=subprocess.PIPE, text=True))
        crowds.callback(attack.kill)
        await_that(lambda: weir.open_files() >= CONNECTIONS * 0.9, "the attack to begin")
        crowd.enter("during")
        printed, _ = attack.communicate(timeout=SECONDS * 2 + pace.PATIENCE)
        grown = weir.memory("VmHWM") - before
        crowd.enter("after", 10)
        crowd.stop()
        told = re.sub(r"\x1b\[[0-9;]*m", "", printed)
        ended = re.search(r"Exit status: *(.*)", told)[1].strip()
        report(f"X18 slowhttptest {kind}: {CONNECTIONS} connections, {ended!r}; "
               f"{crowd.line('during')}; memory grew by {grown / 1048576:.1f} MiB")
        assert set(re.findall(r"service available: *(\w+)", told)) == {"YES"}, told[-600:]
        assert kind == "reads" or ended == "No open connections left"
        assert weir.workers == workers, weir.stderr
        crowd.check("during", 2)
        assert pace.SANITIZED or grown <= BUDGET + HELD[kind] * CONNECTIONS


def test_one_address_takes_no_more_than_its_share(weir_to):
    with chaosd.Chaosd(origin) as upstream:
        weir = weir_to(upstream, limits={"connections_per_client": 50})
        kept = [chaosd.connect(weir.port) for _ in range(200)]
        for peer in kept:
            peer.send(b"GET / HTTP/1.1\r\nHost: t\r\n\r\n")
        served = sum(peer.fill(pace.PATIENCE) for peer in kept)
        assert served == 50
        with socket.create_connection(("127.0.0.1", weir.port), pace.PATIENCE,
                                      ("127.0.0.77", 0)) as other:
            other.sendall(b"GET / HTTP/1.1\r\nHost: t\r\n\r\n")
            assert other.recv(100).startswith(b"HTTP/1.1 200 ")
    report("X18 one address: 200 connections, 50 served, 150 closed; another address was served")
