# SPDX-License-Identifier: Apache-2.0
"""What origins answer, good and bad, and what becomes of it at the client."""

import threading

import pytest

from harness import http1, pace


def saying(data, close=True):
    """A handler that sends these bytes, and then closes."""
    def answer(exchange):
        exchange.body()
        exchange.send(data)
        if close:
            exchange.close()
    return answer


def test_status_and_reason_and_fields_are_passed_on(weir_to, make_origin):
    origin = make_origin(lambda exchange: exchange.respond(
        418, ["X-A: 1", "Set-Cookie: a=b", "Set-Cookie: c=d", "Server: tea"], b"pot", "Teapot"))
    response = weir_to(origin).get()
    assert (response.status, response.reason, response.body) == (418, "Teapot", b"pot")
    assert response.get("X-A") == "1"
    assert response.all("Set-Cookie") == ["a=b", "c=d"]
    assert response.get("Server") == "tea"


@pytest.mark.parametrize("status", [204, 304])
def test_an_answer_without_body_ends_with_its_head(status, weir_to, make_origin, raw):
    origin = make_origin(lambda exchange: exchange.respond(status, ['ETag: "a"']))
    client = raw(weir_to(origin).port)
    for _ in range(2):  # the second shows that both connections are in step
        response = client.get()
        assert (response.status, response.get("ETag")) == (status, '"a"')
    assert len(origin.connections) == 1


def test_304_may_say_how_long_the_body_would_be(weir_to, make_origin, raw):
    origin = make_origin(saying(b"HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n", False))
    client = raw(weir_to(origin).port)
    assert [client.get().status for _ in range(2)] == [304, 304]


def test_a_chunked_answer_stays_whole(weir_to, make_origin, raw):
    origin = make_origin(saying(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                                b"5;a=b\r\nhello\r\n1\r\n \r\n5\r\nworld\r\n0\r\n\r\n", False))
    client = raw(weir_to(origin).port)
    for _ in range(2):
        response = client.get()
        assert (response.framing, response.body) == (("chunked", 0), b"hello world")
    assert len(origin.connections) == 1


def test_an_answer_until_close_is_whole_for_the_client(weir_to, make_origin, raw):
    origin = make_origin(saying(b"HTTP/1.1 200 OK\r\n\r\n" + b"until the end"))
    client = raw(weir_to(origin).port)
    for _ in range(2):
        response = client.get()
        assert response.body == b"until the end"
        assert response.framing[0] == "chunked"
    assert len(origin.connections) == 2


def test_an_http_1_0_origin_is_understood(weir_to, make_origin, raw):
    origin = make_origin(saying(b"HTTP/1.0 200 OK\r\nContent-Length: 3\r\n\r\nold"))
    client = raw(weir_to(origin).port)
    for _ in range(2):
        response = client.get()
        assert (response.version, response.body) == (1, b"old")


def test_early_hints_are_passed_on(weir_to, make_origin):
    def hints(exchange):
        exchange.send(b"HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\n\r\n" * 2)
        exchange.respond()

    response = weir_to(make_origin(hints)).get()
    assert [message.status for message in response.interim] == [103, 103]
    assert response.interim[0].get("Link") == "</a.css>; rel=preload"
    assert (response.status, response.body) == (200, b"hello\n")


TRAILERS = (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n"
            b"5\r\nhello\r\n0\r\nX-Sum: 17\r\nX-Other: 1\r\nContent-Length: 9\r\n\r\n")


def test_trailers_are_dropped(weir_to, make_origin, raw):
    client = raw(weir_to(make_origin(saying(TRAILERS, False))).port)
    for _ in range(2):
        response = client.get("/", "TE: trailers", "Connection: TE")
        assert (response.body, response.trailers) == (b"hello", [])
        assert not response.fields.has("X-Sum")


def test_trailers_that_a_route_allows_are_passed_on(weir_to, make_origin, raw):
    weir = weir_to(make_origin(saying(TRAILERS, False)), route={"trailers": ["X-Sum"]})
    client = raw(weir.port)
    response = client.get("/", "TE: trailers", "Connection: TE")
    assert response.trailers == [("X-Sum", "17")]
    assert client.get("/").body == b"hello"


def test_request_trailers_that_a_route_allows_are_passed_on(weir_to, origin, raw):
    client = raw(weir_to(origin, route={"trailers": ["X-Sum", "Authorization"]}).port)
    client.send(b"POST / HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n"
                b"5\r\nhello\r\n0\r\nX-Sum: 17\r\nX-Other: 1\r\nAuthorization: a\r\n\r\n")
    assert client.response().status == 200
    assert origin.requests[0].trailers == [("X-Sum", "17")]


BROKEN = {
    "no_http": b"hello\r\n\r\n",
    "empty": b"",
    "head_cut": b"HTTP/1.1 200 OK\r\nX-A: 1\r\n",
    "version": b"HTTP/2.0 200 OK\r\nContent-Length: 0\r\n\r\n",
    "status_2_digits": b"HTTP/1.1 20 OK\r\nContent-Length: 0\r\n\r\n",
    "status_999": b"HTTP/1.1 999 OK\r\nContent-Length: 0\r\n\r\n",
    "lf": b"HTTP/1.1 200 OK\nContent-Length: 0\r\n\r\n",
    "nul": b"HTTP/1.1 200 OK\r\nX-A: a\0b\r\nContent-Length: 0\r\n\r\n",
    "cr": b"HTTP/1.1 200 OK\r\nX-A: a\rX-B: b\r\nContent-Length: 0\r\n\r\n",
    "folded": b"HTTP/1.1 200 OK\r\nX-A: a\r\n b\r\nContent-Length: 0\r\n\r\n",
    "name_blank": b"HTTP/1.1 200 OK\r\nX-A : a\r\nContent-Length: 0\r\n\r\n",
    "no_colon": b"HTTP/1.1 200 OK\r\nX-A\r\nContent-Length: 0\r\n\r\n",
    "length_and_te": b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n"
                     b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "length_twice": b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\na",
    "length_minus": b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
    "te_unknown": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n",
    "unasked_101": b"HTTP/1.1 101 Go\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n",
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_head_is_502(name, weir_to, make_origin, raw):
    weir = weir_to(make_origin(saying(BROKEN[name])))
    client = raw(weir.port)
    response = client.get()
    assert response.status == 502
    assert b"\0" not in response.body
    # It is the origin's fault, and the client's connection is as good as before.
    assert client.get().status == 502


CUT = {
    "length": b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n" + b"a" * 50000,
    "chunk": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel",
    "between_chunks": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
    "before_last_crlf": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n",
    "bad_size": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nxx\r\n",
}


@pytest.mark.parametrize("version", ["1.1", "1.0"])
@pytest.mark.parametrize("name", CUT)
def test_a_truncated_answer_never_looks_whole(name, version, weir_to, make_origin, raw):
    client = raw(weir_to(make_origin(saying(CUT[name]))).port)
    client.request(version=version)
    if version == "1.0" and name != "length":
        # Its end is the close, so only a reset can tell.
        with pytest.raises(ConnectionResetError):
            client.response()
        return
    try:
        response = client.response()
    except (http1.Cut, ConnectionResetError):
        return
    assert response.status == 502, "a cut response was passed on as a whole one"


def test_a_reset_in_the_middle_of_an_answer_is_seen(weir_to, make_origin, raw):
    halfway = threading.Event()

    def reset(exchange):
        exchange.send(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n" + b"a" * 50)
        halfway.wait(pace.PATIENCE)
        exchange.reset()

    client = raw(weir_to(make_origin(reset)).port)
    client.request()
    head = client.head()
    assert head.status == 200
    halfway.set()
    with pytest.raises((http1.Cut, ConnectionResetError)):
        client.reader.body(head)


def test_bytes_behind_an_answer_are_never_the_next_answer(weir_to, make_origin, raw):
    def surplus(exchange):
        exchange.send(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
                      b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil")

    origin = make_origin(surplus)
    client = raw(weir_to(origin).port)
    assert [client.get().body for _ in range(3)] == [b"ok"] * 3
    assert len(origin.connections) == 3


def test_an_answer_to_nothing_on_an_idle_connection_is_never_used(weir_to, make_origin, raw):
    origin = make_origin()

    def unasked(exchange):
        exchange.respond(body=b"one")
        exchange.send(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil")

    origin.handler = unasked
    client = raw(weir_to(origin).port)
    assert client.get().body == b"one"
    # weir closes the connection when it sees the bytes.
    origin.wait(lambda o: not o.connections[0].open)
    assert client.get().body == b"one"


def test_an_answer_split_at_every_byte_is_the_same(weir_to, make_origin, raw):
    data = b"HTTP/1.1 200 OK\r\nX-A: 1\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"

    def slow(exchange):
        for at in range(len(data)):
            exchange.send(data[at : at + 1])

    client = raw(weir_to(make_origin(slow)).port)
    for _ in range(3):
        response = client.get()
        assert (response.get("X-A"), response.body) == ("1", b"hello")


def test_content_without_length_in_an_answer_to_head(weir_to, make_origin, raw):
    origin = make_origin(saying(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", False))
    client = raw(weir_to(origin).port)
    for _ in range(2):
        assert client.get(method="HEAD").status == 200
    assert len(origin.connections) == 1
