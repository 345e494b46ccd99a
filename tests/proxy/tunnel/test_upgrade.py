# SPDX-License-Identifier: Apache-2.0
"""The Upgrade itself, byte by byte: who may open a tunnel, and how each direction of it ends."""

import threading

import pytest

from harness import pace

UPGRADE = ("Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13",
           "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==")
SWITCH = (b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
          b"Sec-WebSocket-Accept: ICX+Yqv66kxgM0FcWaLWlFLwTAI=\r\n\r\n")


def bytes_of(connection):
    """All bytes until the peer ends its direction."""
    data = bytes(connection.reader.buffer)
    connection.reader.buffer.clear()
    while part := connection.sock.recv(65536):
        data += part
    return data


def test_the_handshake_arrives_whole_on_both_sides(weir_to, make_origin, raw):
    def switch(exchange):
        exchange.send(SWITCH)
        exchange.await_end()
        exchange.close()

    origin = make_origin(switch)
    client = raw(weir_to(origin).port)
    response = client.request("/", *UPGRADE, "X-A: b").head()
    assert response.status == 101
    assert response.get("Connection").lower() == "upgrade"
    assert response.get("Upgrade") == "websocket"
    assert response.get("Sec-WebSocket-Accept") == "ICX+Yqv66kxgM0FcWaLWlFLwTAI="
    [request] = origin.requests
    assert request.get("Connection").lower() == "upgrade"
    assert request.get("Upgrade").lower() == "websocket"
    assert request.get("Sec-WebSocket-Key") == "AAAAAAAAAAAAAAAAAAAAAA=="
    assert request.get("X-A") == "b"
    assert request.get("X-Forwarded-For") == "127.0.0.1"


def test_the_client_ends_its_direction_first(weir_to, make_origin, raw):
    def count(exchange):
        exchange.send(SWITCH)
        data = bytes_of(exchange.connection)
        exchange.send(b"%d bytes" % len(data))
        exchange.close()

    client = raw(weir_to(make_origin(count)).port)
    client.request("/", *UPGRADE)
    assert client.head().status == 101
    client.send(b"a" * 3_000_000)
    client.half_close()
    assert client.rest() == b"3000000 bytes"


def test_the_origin_ends_its_direction_first(weir_to, make_origin, raw):
    heard = []
    done = threading.Event()

    def speak(exchange):
        exchange.send(SWITCH + b"all I have to say")
        exchange.connection.half_close()
        heard.append(bytes_of(exchange.connection))
        done.set()
        exchange.close()

    client = raw(weir_to(make_origin(speak)).port)
    client.request("/", *UPGRADE)
    assert client.head().status == 101
    assert client.rest() == b"all I have to say"
    client.send(b"b" * 2_000_000)
    client.half_close()
    assert done.wait(pace.PATIENCE)
    assert heard == [b"b" * 2_000_000]


@pytest.mark.parametrize("side", ["client", "origin"])
def test_a_reset_on_one_side_ends_the_other(side, weir_to, make_origin, raw):
    go = threading.Event()
    ended = threading.Event()

    def hold(exchange):
        exchange.send(SWITCH)
        if side == "origin":
            go.wait(pace.PATIENCE)
            exchange.reset()
            return
        exchange.await_end()
        ended.set()
        exchange.close()

    client = raw(weir_to(make_origin(hold)).port)
    client.request("/", *UPGRADE)
    assert client.head().status == 101
    if side == "client":
        client.reset()
        assert ended.wait(pace.PATIENCE)
    else:
        go.set()
        assert client.rest() == b""


def test_a_tunnel_to_an_origin_that_has_gone_ends(weir_to, make_origin, raw):
    def leave(exchange):
        exchange.send(SWITCH + b"bye")
        exchange.close()

    client = raw(weir_to(make_origin(leave)).port)
    client.request("/", *UPGRADE)
    assert client.head().status == 101
    assert client.rest() == b"bye"
    # The end of the origin's direction is no end of ours, but then nobody takes what is sent.
    moment = threading.Event()
    with pytest.raises(OSError):
        for _ in range(int(pace.PATIENCE * 20)):
            client.sock.sendall(b"is anybody there?")
            moment.wait(0.05)


def test_any_bytes_pass(weir_to, make_origin, raw):
    def mirror(exchange):
        exchange.send(SWITCH)
        while part := exchange.connection.sock.recv(65536):
            exchange.send(part)
        exchange.close()

    client = raw(weir_to(make_origin(mirror)).port)
    client.request("/", *UPGRADE)
    assert client.head().status == 101
    data = bytes(range(256)) * 4 + b"GET / HTTP/1.1\r\nHost: x\r\n\r\n\0\n"
    client.send(data, bytewise=True)
    client.half_close()
    assert client.rest() == data


class TestEarlyBytes:
    """S13: no byte enters a tunnel before the origin has opened it."""

    def test_they_wait_for_101(self, weir_to, make_origin, raw):
        before = []

        def late(exchange):
            exchange.connection.sock.settimeout(0.3 * pace.FACTOR)
            try:
                before.append(exchange.connection.sock.recv(100))
            except TimeoutError:
                before.append(None)
            exchange.connection.sock.settimeout(pace.PATIENCE)
            exchange.send(SWITCH)
            exchange.send(bytes_of(exchange.connection))
            exchange.close()

        client = raw(weir_to(make_origin(late)).port)
        client.send("\r\n".join(["GET / HTTP/1.1", "Host: t", *UPGRADE, "", ""]).encode()
                    + b"early bytes")
        assert client.head().status == 101
        client.half_close()
        assert client.rest() == b"early bytes"
        assert before == [None]

    @pytest.mark.parametrize("status", [200, 400, 426])
    def test_when_refused_they_are_the_next_request(self, status, weir_to, make_origin, raw):
        def refuse(exchange):
            exchange.respond(status if exchange.request.target == "/chat" else 200)

        origin = make_origin(refuse)
        client = raw(weir_to(origin, route={"path": ["/chat", "/next"]}).port)
        client.send("\r\n".join(["GET /chat HTTP/1.1", "Host: t", *UPGRADE, "", ""]).encode()
                    + b"GET /admin HTTP/1.1\r\nHost: t\r\n\r\n")
        response = client.response()
        assert response.status == status
        assert response.body == b"hello\n"
        # It is routed like any other, and so never reaches the origin.
        if not response.fields.has("Connection"):
            assert client.response().status == 404
        assert [request.target for request in origin.requests] == ["/chat"]


def test_a_refused_upgrade_is_an_ordinary_answer(weir_to, make_origin, raw):
    origin = make_origin(lambda exchange: exchange.respond(403, body=b"no"))
    client = raw(weir_to(origin).port)
    response = client.get("/", *UPGRADE)
    assert (response.status, response.body) == (403, b"no")
    assert not response.fields.has("Upgrade")


def test_an_answer_101_to_something_else_is_502(weir_to, make_origin):
    def switch(exchange):
        exchange.send(SWITCH.replace(b"Upgrade: websocket", b"Upgrade: h2c"))
        exchange.await_end()
        exchange.close()

    assert weir_to(make_origin(switch)).get("/", *UPGRADE).status == 502


@pytest.mark.parametrize("lines", [
    ("Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAMAAABkAAQAAP__"),
    ("Connection: Upgrade", "Upgrade: TLS/1.0"),
    ("Connection: Upgrade", "Upgrade: websocket, h2c", "Sec-WebSocket-Key: AAAA"),
    ("Upgrade: websocket", "Sec-WebSocket-Key: AAAA")],
    ids=["h2c", "tls", "list", "not_nominated"])
def test_no_other_upgrade_is_passed_on(lines, weir_to, origin):
    assert weir_to(origin).get("/", *lines).status == 200
    [request] = origin.requests
    for name in ("Upgrade", "Connection", "HTTP2-Settings"):
        assert not request.fields.has(name)


def test_a_post_is_no_upgrade(weir_to, origin):
    assert weir_to(origin).get("/", *UPGRADE, method="POST", body=b"a").status == 200
    assert not origin.requests[0].fields.has("Upgrade")


def test_a_route_without_websockets(weir_to, origin):
    response = weir_to(origin, route={"websocket": False}).get("/", *UPGRADE)
    assert response.status != 101
    assert not any(request.fields.has("Upgrade") for request in origin.requests)


def test_connections_of_tunnels_are_not_used_again(weir_to, make_origin):
    def once(exchange):
        if exchange.request.fields.has("Upgrade"):
            exchange.send(SWITCH)
            exchange.close()
        else:
            exchange.respond()

    origin = make_origin(once)
    weir = weir_to(origin)
    for _ in range(3):
        with weir.client() as client:
            client.request("/", *UPGRADE)
            assert client.head().status == 101
            client.half_close()
            assert client.rest() == b""
        assert weir.get().status == 200
