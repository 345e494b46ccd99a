# SPDX-License-Identifier: Apache-2.0
"""X02: a client that ends, by FIN and by RST, behind every byte of its request."""

import re
import threading
import time

import pytest
from chaos import chaosd
from chaos.chaosd_tally import LONG, no_descriptor_lost, percentile, report

from harness import pace

CHUNKED = (b"POST /@ HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n"
           b"5\r\nhello\r\n6\r\n world\r\n0\r\n")
SHAPES = {
    "get": b"GET /@ HTTP/1.1\r\nHost: test\r\nX-A: 1\r\n\r\n",
    "get_1_0": b"GET /@ HTTP/1.0\r\nHost: test\r\n\r\n",
    "head": b"HEAD /@ HTTP/1.1\r\nHost: test\r\nAccept: */*\r\n\r\n",
    "large_head": b"GET /@ HTTP/1.1\r\nHost: test\r\nX-A: " + b"a" * 3000 + b"\r\n\r\n",
    "length": b"POST /@ HTTP/1.1\r\nHost: test\r\nContent-Length: 11\r\n\r\nhello world",
    "chunked": CHUNKED + b"\r\n",
    "trailers": CHUNKED + b"X-Sum: 1\r\n\r\n",
    "expect": b"PUT /@ HTTP/1.1\r\nHost: test\r\nExpect: 100-continue\r\n"
              b"Content-Length: 5\r\n\r\nhello",
    "upgrade": b"GET /@ HTTP/1.1\r\nHost: test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
               b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n",
    "pipelined": b"GET /@ HTTP/1.1\r\nHost: test\r\n\r\nGET /second HTTP/1.1\r\nHost: test\r\n\r\n",
}
SOON = 0.1  # seconds from the client's end to the origin's


class Silent:
    """An origin that takes a request and never answers; by its mark, when it was given up."""

    def __init__(self):
        self.lock = threading.Condition()
        self.begun = {}
        self.ended = {}

    def __call__(self, peer):
        head = peer.expect(b"\r\n\r\n")
        mark = re.match(rb"\w+ /(\w+) ", head)[1].decode()
        with self.lock:
            self.begun[mark] = self.begun.get(mark, 0) + 1
            self.lock.notify_all()
        peer.until_end()
        with self.lock:
            self.ended[mark] = peer.ended_at
            self.lock.notify_all()

    def await_mark(self, where, mark):
        with self.lock:
            assert self.lock.wait_for(lambda: mark in where, pace.PATIENCE), f"{mark} in vain"


def offsets(data):
    return range(len(data) + 1) if LONG or len(data) < 1000 else sorted(
        {*range(0, len(data) + 1, 29), len(data)})


def cut(weir, origin, data, at, end):
    """Sends so many bytes and ends; seconds until the origin was let go, None if it saw nothing."""
    mark = f"{at}x{end}"
    head_size = data.index(b"\r\n\r\n") + 4
    client = chaosd.connect(weir.port)
    client.send(data[:at].replace(b"/@", b"/" + mark.encode()))
    if at >= head_size:
        origin.await_mark(origin.begun, mark)
    began = time.monotonic()
    getattr(client, end)()
    if at < head_size:
        return None
    origin.await_mark(origin.ended, mark)
    return max(origin.ended[mark] - began, 0)


@pytest.mark.timeout(300)
@pytest.mark.parametrize("end", ["fin", "rst"])
@pytest.mark.parametrize("name", SHAPES)
def test_a_client_that_ends_at_any_byte_ends_the_work_for_it(name, end, weir_to):
    data = SHAPES[name]
    if (name, end) == ("pipelined", "fin"):
        data = data[: data.index(b"\r\n\r\n") + 4]  # behind a second one an end waits: README
    origin = Silent()
    with chaosd.Chaosd(origin) as listening:
        weir = weir_to(listening, timeouts={"first_byte": "60s"})
        with no_descriptor_lost(weir):
            took = [cut(weir, origin, data, at, end) for at in offsets(data)]
        cancelled = [seconds for seconds in took if seconds is not None]
        assert len(origin.begun) == len(cancelled)  # what is no whole head reached no origin
        twice = sum(times > 1 for times in origin.begun.values())
        report(f"X02 {name} {end}: {len(took)} requests, {len(took)} visible failures, "
               f"0 corrupted, 0 lost, {twice} duplicated; {len(cancelled)} given up in at most "
               f"{max(cancelled) * 1000:.1f} ms")
        assert twice == 0
        # One may wait for the machine's other work, not one of many.
        assert percentile(cancelled, 0.8) <= SOON * pace.FACTOR
        assert max(cancelled) <= SOON * pace.FACTOR + 1
