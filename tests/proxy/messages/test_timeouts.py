# SPDX-License-Identifier: Apache-2.0
"""Every timeout, with values so small that a test can wait for them."""

import select
import socket
import threading
import time

import pytest

from harness import http1, pace

SHORT = "200ms"
SECONDS = 0.2


class Took:
    """How long a block took; the proxy must neither be early nor much too late."""

    def __enter__(self):
        self.began = time.monotonic()
        return self

    def __exit__(self, *_):
        self.seconds = time.monotonic() - self.began

    def about(self, seconds=SECONDS):
        return seconds * 0.9 <= self.seconds <= seconds + pace.PATIENCE / 2


def test_a_head_that_does_not_end_is_408(weir_to, origin, raw):
    client = raw(weir_to(origin, timeouts={"head": SHORT}).port)
    with Took() as took:
        client.send(b"GET / HTTP/1.1\r\nHos")
        response = client.response()
    assert response.status == 408
    assert response.get("Connection") == "close"
    assert client.rest() == b""
    assert took.about()
    assert origin.received == 0


def test_a_head_in_drops_is_408_as_well(weir_to, origin, raw):
    # It is the whole head that has that long, not each byte.
    client = raw(weir_to(origin, timeouts={"head": SHORT}).port)
    sent = threading.Event()

    def drip():
        client.send(b"GET / HTTP/1.1\r\nHost: test\r\n")
        while not sent.wait(SECONDS / 10):
            client.send(b"X-A: b\r\n")

    thread = threading.Thread(target=drip)
    thread.start()
    try:
        assert client.response().status == 408
    finally:
        sent.set()
        thread.join()


def test_a_connection_that_never_says_anything_is_closed_in_silence(weir_to, origin, raw):
    client = raw(weir_to(origin, timeouts={"head": SHORT, "keep_alive": SHORT}).port)
    assert client.rest() == b""


def test_an_idle_connection_is_closed_in_silence(weir_to, origin, raw):
    client = raw(weir_to(origin, timeouts={"keep_alive": SHORT}).port)
    assert client.get().status == 200
    with Took() as took:
        assert client.rest() == b""
    assert took.about()


@pytest.mark.parametrize("data", [
    b"POST / HTTP/1.1\r\nHost: t\r\nContent-Length: 10\r\n\r\nabc",
    b"POST / HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabc"],
    ids=["length", "chunked"])
def test_a_body_that_stalls_is_408(data, weir_to, origin, raw):
    client = raw(weir_to(origin, timeouts={"body": SHORT}).port)
    with Took() as took:
        client.send(data)
        response = client.response()
    assert response.status == 408
    assert response.get("Connection") == "close"
    assert client.rest() == b""
    assert took.about()


def test_a_body_in_drops_is_408(weir_to, origin, raw):
    timeouts = {"body_rate": "10KiB", "body_rate_after": SHORT}
    client = raw(weir_to(origin, timeouts=timeouts).port)
    client.send(b"POST / HTTP/1.1\r\nHost: t\r\nContent-Length: 100000\r\n\r\n")
    ended = threading.Event()

    def drip():
        while not ended.wait(SECONDS / 10):
            client.send(b"a")

    thread = threading.Thread(target=drip)
    thread.start()
    try:
        assert client.response().status == 408
    finally:
        ended.set()
        thread.join()


def test_a_body_of_a_steady_pace_passes(weir_to, origin, raw):
    timeouts = {"body_rate": "100", "body_rate_after": SHORT, "body": SHORT}
    client = raw(weir_to(origin, timeouts=timeouts).port)
    client.send(b"POST / HTTP/1.1\r\nHost: t\r\nContent-Length: 1000\r\n\r\n")
    pause = threading.Event()
    for _ in range(10):
        client.send(b"a" * 100)
        pause.wait(SECONDS / 4)
    assert client.response().status == 200


@pytest.mark.parametrize("place", ["timeouts", "upstream", "route"])
def test_an_origin_that_does_not_answer_is_504(place, weir_to, make_origin, raw):
    origin = make_origin(lambda exchange: exchange.await_end())
    how = {"timeouts": {"timeouts": {"first_byte": SHORT}},
           "upstream": {"upstream": {"timeout": {"first_byte": SHORT}}},
           "route": {"route": {"timeout": SHORT}}}[place]
    client = raw(weir_to(origin, **how).port)
    with Took() as took:
        assert client.get().status == 504
    assert took.about()
    origin.drained()
    origin.handler = lambda exchange: exchange.respond()
    assert client.get().status == 200  # the client's connection is as good as before


def test_an_origin_that_answers_half_a_head_is_504(weir_to, make_origin):
    def half(exchange):
        exchange.send(b"HTTP/1.1 200 OK\r\nX-A")
        exchange.await_end()

    assert weir_to(make_origin(half), timeouts={"first_byte": SHORT, "read": SHORT}).get(
    ).status == 504


def test_an_answer_that_stalls_is_cut(weir_to, make_origin, raw):
    def stall(exchange):
        exchange.send(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc")
        exchange.await_end()

    client = raw(weir_to(make_origin(stall), timeouts={"read": SHORT}).port)
    with Took() as took:
        client.request()
        with pytest.raises((http1.Cut, ConnectionResetError)):
            client.response()
    assert took.about()


def test_a_client_that_does_not_read_is_reset(weir_to, make_origin, raw):
    gone = threading.Event()

    def endless(exchange):
        try:
            exchange.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
            while True:
                exchange.send(b"4000\r\n" + b"a" * 0x4000 + b"\r\n")
        except OSError:
            gone.set()
            exchange.close()

    weir = weir_to(make_origin(endless), timeouts={"write": SHORT})
    client = raw(weir.port)
    client.request()
    assert gone.wait(pace.PATIENCE)  # and the origin's connection was given up with it
    # A reset, and no end behind what the system would go on offering for minutes.
    ended = select.poll()
    ended.register(client.sock, 0)
    assert ended.poll(pace.PATIENCE * 1000)
    with pytest.raises(ConnectionResetError):
        while client.sock.recv(65536):
            pass


def test_an_origin_that_does_not_read_is_given_up(weir_to, make_origin, raw):
    hold = threading.Event()
    origin = make_origin(raw=lambda connection: hold.wait(pace.PATIENCE))
    client = raw(weir_to(origin, timeouts={"write": SHORT}).port)
    client.send(b"POST / HTTP/1.1\r\nHost: t\r\nContent-Length: 50000000\r\n\r\n")
    thread = threading.Thread(target=client.send, args=(b"a" * 50_000_000,), daemon=True)
    thread.start()
    try:
        assert client.response().status in (502, 504)
    finally:
        hold.set()
        client.rest()
        thread.join(pace.PATIENCE)


def test_an_endpoint_that_cannot_be_reached_in_time_is_504(weir_to):
    # A listening socket with a full queue: the kernel lets further ones wait.
    full = socket.socket()
    full.bind(("127.0.0.1", 0))
    full.listen(0)
    waiting = []
    try:
        for _ in range(4):
            each = socket.socket()
            each.setblocking(False)
            each.connect_ex(full.getsockname())
            waiting.append(each)
        weir = weir_to(f"http://127.0.0.1:{full.getsockname()[1]}", timeouts={"connect": SHORT})
        with Took() as took:
            assert weir.get().status == 504
        assert took.about()
    finally:
        for each in [*waiting, full]:
            each.close()


def test_a_silent_tunnel_is_closed(weir_to, make_origin, raw):
    def upgrade(exchange):
        exchange.send(b"HTTP/1.1 101 Go\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n")
        exchange.await_end()

    client = raw(weir_to(make_origin(upgrade), timeouts={"tunnel": SHORT}).port)
    client.request("/", "Connection: Upgrade", "Upgrade: websocket",
                   "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==", "Sec-WebSocket-Version: 13")
    assert client.head().status == 101
    with Took() as took:
        assert client.rest() == b""
    assert took.about()


def test_an_idle_connection_to_the_origin_is_closed(weir_to, origin):
    weir = weir_to(origin, upstream={"idle_timeout": SHORT})
    assert weir.get().status == 200
    origin.wait(lambda o: not o.connections[0].open)
    assert weir.get().status == 200
