# SPDX-License-Identifier: Apache-2.0
"""X03: each side stops for good in each phase, many at a time, and good clients beside them."""

import re
import socket
import threading
import time

import pytest
from chaos import chaosd, chaosd_crowd
from chaos.chaosd_crowd import Crowd
from chaos.chaosd_tally import LONG, no_descriptor_lost, report

from harness import client, http1, pace

LIMIT = 0.5  # seconds, of each timeout
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


def stall(address, kind):
    """One client; gives what came of it, and after how many seconds."""
    data, _ = STALLS[kind]
    began = time.monotonic()
    with client.Client(address, pace.PATIENCE * 3) as made:
        made.send(data)
        if kind == "upstream_read":
            threading.Thread(target=made.send, args=(ZEROS,), daemon=True).start()
        if kind == "client_read":
            await_reset(made.sock)
            return "cut", time.monotonic() - began
        try:
            result = made.response().status
        except (http1.Cut, ConnectionResetError):
            result = "cut"
    return result, time.monotonic() - began


def await_reset(sock):
    """Waits for a reset without reading a byte."""
    poll = chaosd.select.poll()
    poll.register(sock, 0)
    assert poll.poll(pace.PATIENCE * 3000), "no reset"


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
    results = {kind: [] for kind in STALLS}

    def run(kind):
        results[kind].append(stall(weir.port, kind))

    with Crowd(weir.port) as crowd:
        crowd.enter("before", 400)
        threads = [threading.Thread(target=run, args=(kind,))
                   for kind in STALLS for _ in range(EACH)]
        crowd.enter("during")
        with no_descriptor_lost(weir):
            for thread in threads:
                thread.start()
            crowd.enter("during", 400)
            for thread in threads:
                thread.join(pace.PATIENCE * 3)
            crowd.enter("after")
        crowd.stop()
    for kind, (_, wanted) in STALLS.items():
        took = [seconds for _, seconds in results[kind]]
        assert [result for result, _ in results[kind]] == [wanted] * EACH, kind
        report(f"X03 {kind}: {EACH} requests, {EACH} visible failures ({wanted}), 0 corrupted, "
               f"0 lost, 0 duplicated; ended after {min(took):.2f} to {max(took):.2f} s of {LIMIT}")
        assert min(took) >= LIMIT * 0.9, kind
        # The limit and a tenth, and what the machine's other work may take.
        assert max(took) <= LIMIT * 1.1 + pace.PATIENCE / 4, kind
    report(f"X03 {crowd.line('during')}")
    crowd.check("during", 1.5)
