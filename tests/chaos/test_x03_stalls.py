# SPDX-License-Identifier: Apache-2.0
"""X03: each side stops for good in each phase, many at a time, and good clients beside them."""

import array
import fcntl
import re
import signal
import socket
import termios
import threading
import time

import pytest
from chaos import chaosd, chaosd_crowd
from chaos.chaosd_crowd import Crowd
from chaos.chaosd_tally import LONG, await_that, no_descriptor_lost, report

from harness import client, http1, pace

LIMIT = 3.0 if LONG else 1.0  # seconds, of each timeout
SLACK = 0 if LONG else pace.PATIENCE / 2  # the short form runs beside other tests and builds
EACH = 40 if LONG else 10  # stalls of one kind at a time
FLOOD = 32 << 20  # bytes: more than all buffers on the way hold
ZEROS = bytes(FLOOD)
LENGTH = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n"
POST = b"POST /silent HTTP/1.1\r\nHost: t\r\n"


def origin(peer):
    """What to do stands in the target."""
    while True:
        target = re.match(rb"\w+ /(\w+)", peer.expect(b"\r\n\r\n"))[1]
        if target == b"good":
            peer.send(LENGTH % 5 + b"hello")
            continue
        begun = {
            b"silent": b"",
            b"half_head": b"HTTP/1.1 200 OK\r\nX-A",
            b"body": LENGTH % 100 + b"half",
            b"trailer": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\nX-",
        }
        if target == b"flood":
            peer.send(LENGTH % FLOOD + ZEROS)
            return
        peer.send(begun[target])
        peer.until_end()
        return


def deaf_origin(peer):
    """Takes the connection and never reads."""
    DONE.wait(pace.PATIENCE * 3)


DONE = threading.Event()

# What the client sends, and what has to come of it: a status, or an end in the middle.
STALLS = {
    "client_head": (b"GET /good HTTP/1.1\r\nHos", 408),
    "client_body": (POST + b"Content-Length: 10\r\n\r\nabc", 408),
    "client_chunk": (POST + b"Transfer-Encoding: chunked\r\n\r\n5\r\nab", 408),
    "client_trailer": (POST + b"Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\nX-", 408),
    "connect": (b"GET /full HTTP/1.1\r\nHost: t\r\n\r\n", 504),
    "upstream_head": (b"GET /silent HTTP/1.1\r\nHost: t\r\n\r\n", 504),
    "upstream_half_head": (b"GET /half_head HTTP/1.1\r\nHost: t\r\n\r\n", 504),
    "upstream_body": (b"GET /body HTTP/1.1\r\nHost: t\r\n\r\n", "cut"),
    "upstream_trailer": (b"GET /trailer HTTP/1.1\r\nHost: t\r\n\r\n", "cut"),
    "upstream_read": (b"POST /deaf HTTP/1.1\r\nHost: t\r\nContent-Length: %d\r\n\r\n" % FLOOD, 504),
    "client_read": (b"GET /flood HTTP/1.1\r\nHost: t\r\n\r\n", "cut"),
}


class Stall:
    """One client; what came of it, and after how many seconds of standing still."""

    def __init__(self, address, kind):
        self.address = address
        self.kind = kind
        self.stands = threading.Event()
        self.result = self.took = None
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self):
        with client.Client(self.address, pace.PATIENCE * 3) as made:
            began = time.monotonic()
            made.send(STALLS[self.kind][0])
            if self.kind == "upstream_read":
                threading.Thread(target=made.send, args=(ZEROS,), daemon=True).start()
            if self.kind == "client_read":
                began = self.await_reset(made.sock)
                self.result = "cut"
            else:
                self.stands.set()
                self.result = self.answer(made)
            self.took = time.monotonic() - began

    @staticmethod
    def answer(made):
        try:
            return made.response().status
        except (http1.Cut, ConnectionResetError):
            return "cut"

    def await_reset(self, sock):
        """Waits for a reset without reading a byte; gives when the last byte came."""
        poll = chaosd.select.poll()
        poll.register(sock, 0)
        held, since = -1, time.monotonic()
        while not poll.poll(60_000 if self.stands.is_set() else 10):
            unread = array.array("i", [0])
            fcntl.ioctl(sock, termios.FIONREAD, unread)
            now = time.monotonic()
            if unread[0] != held:
                held, since = unread[0], now
            if now - since > LIMIT / 4:
                self.stands.set()
            assert now - since < pace.PATIENCE * 3, "no reset"
        return since


@pytest.fixture
def full():
    """A port whose queue of connections is full: whoever connects waits."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen(0)
        waiting = [socket.socket() for _ in range(4)]
        for each in waiting:
            each.setblocking(False)
            each.connect_ex(listening.getsockname())
        yield listening.getsockname()[1]
        for each in waiting:
            each.close()


@pytest.fixture
def crowd_of(weir_to, full):
    with chaosd.Chaosd(origin) as upstream, chaosd.Chaosd(deaf_origin) as deaf:
        # Little is on its way to who reads nothing, so that a client is stopped before it is late.
        deaf.listening.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
        times = {key: f"{LIMIT * 1000:.0f}ms"
                 for key in ("head", "body", "connect", "first_byte", "read", "write")}
        more = "".join(f'[[route]]\npath = "/{path}"\nto = "http://127.0.0.1:{port}"\n'
                       for path, port in (("full", full), ("deaf", deaf.port)))
        # The origin of the flood is to be no slower than the client, however busy the machine is.
        more += '[[route]]\npath = "/flood"\nto = "flood"\n'
        more += f'[upstream.flood]\nendpoints = ["{upstream.endpoint}"]\n' \
                'timeout = { first_byte = "60s", read = "60s" }\n'
        weir = weir_to(upstream, modules=chaosd_crowd.MODULES, timeouts=times,
                       route={"path": "/*"}, more=more + chaosd_crowd.ROUTE)
        DONE.clear()
        yield weir
        DONE.set()


@pytest.mark.timeout(120)
def test_who_stalls_is_ended_in_time_and_troubles_nobody(crowd_of):
    weir = crowd_of
    with Crowd(weir.port) as crowd, no_descriptor_lost(weir):
        crowd.enter("before", 2000 if LONG else 400)
        crowd.enter("begin")
        stalls = [Stall(weir.port, kind) for kind in STALLS for _ in range(EACH)]
        for each in stalls:
            assert each.stands.wait(pace.PATIENCE)
        crowd.enter("during")
        for each in stalls:
            each.thread.join(pace.PATIENCE * 3)
        crowd.enter("after", 100)
        crowd.stop()
    for kind, (_, wanted) in STALLS.items():
        took = [each.took for each in stalls if each.kind == kind]
        assert [each.result for each in stalls if each.kind == kind] == [wanted] * EACH, kind
        report(f"X03 {kind}: {EACH} requests, {EACH} visible failures ({wanted}), 0 corrupted, "
               f"0 lost, 0 duplicated; ended after {min(took):.2f} to {max(took):.2f} s of {LIMIT}")
        # weir's last byte has left it before the client's system has taken it.
        assert min(took) >= LIMIT * (0.7 if kind == "client_read" else 0.9), kind
        assert max(took) <= LIMIT * 1.1 + SLACK, kind
    report(f"X03 {crowd.line('during')}")
    crowd.check("during", 1.5)


@pytest.mark.timeout(90)
def test_a_drain_ends_in_time_whoever_stalls(weir_to):
    kinds = ["client_body", "client_chunk", "upstream_head", "upstream_half_head", "upstream_body",
             "upstream_trailer"]
    with chaosd.Chaosd(origin) as upstream:
        weir = weir_to(upstream, route={"path": "/*"}, limits={"connections_per_client": 0},
                       server={"drain": f"{LIMIT * 1000:.0f}ms"})
        stalls = [Stall(weir.port, kind) for kind in kinds for _ in range(EACH)]
        for each in stalls:
            assert each.stands.wait(pace.PATIENCE)
        # They stand, and weir has them.
        await_that(lambda: len(upstream.peers) >= len(kinds) * EACH, "all to reach the origin")
        began = time.monotonic()
        weir.signal(signal.SIGTERM)
        assert weir.wait() == 0
        took = time.monotonic() - began
        for each in stalls:
            each.thread.join(pace.PATIENCE)
    assert {each.result for each in stalls} <= {"cut", 502, 503, 504}
    report(f"X03 drain: {len(stalls)} requests, {len(stalls)} visible failures, 0 corrupted, "
           f"0 lost, 0 duplicated; the process ended after {took:.2f} s of {LIMIT}")
    assert LIMIT * 0.9 <= took <= LIMIT * 1.1 + SLACK
