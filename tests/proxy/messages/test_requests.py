# SPDX-License-Identifier: Apache-2.0
"""How requests come out on the other side."""

import pytest

CHUNKED = b"POST /c HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n"


def echo(exchange):
    """Answers with the body it was given."""
    exchange.respond(body=exchange.body(), fields=[f"X-Method: {exchange.request.method}"])


def test_a_get_arrives_as_it_was(weir_to, origin):
    response = weir_to(origin).get("/some/path?a=1&b=%20", "X-A: one", "X-A: two")
    assert (response.status, response.body) == (200, b"hello\n")
    assert response.version == 1
    [request] = origin.requests
    assert (request.method, request.target) == ("GET", "/some/path?a=1&b=%20")
    assert request.version == 1
    assert request.all("X-A") == ["one", "two"]
    assert request.framing == ("none", 0)
    assert request.all("Host") == ["test"]


def test_the_answer_to_head_has_no_body_and_its_length(weir_to, origin):
    with weir_to(origin).client() as client:
        response = client.get("/", method="HEAD")
        assert (response.status, response.get("Content-Length")) == (200, "6")
        assert client.get("/").body == b"hello\n"


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "PROPFIND", "M-SEARCH"])
def test_a_body_with_a_length_arrives_with_it(method, weir_to, make_origin):
    origin = make_origin(echo)
    response = weir_to(origin).get("/", method=method, body=b"x" * 5000)
    assert response.body == b"x" * 5000
    assert response.get("X-Method") == method
    assert origin.requests[0].framing == ("length", 5000)


def test_an_empty_body_keeps_its_length_of_0(weir_to, make_origin):
    origin = make_origin(echo)
    assert weir_to(origin).get("/", method="POST", body=b"").body == b""
    assert origin.requests[0].framing in (("length", 0), ("none", 0))
    assert origin.requests[0].get("Content-Length") == "0"


@pytest.mark.parametrize("bytewise", [False, True])
def test_a_short_chunked_body_arrives_whole(bytewise, weir_to, make_origin, raw):
    # It is looked at before anything goes out, so its length is known.
    origin = make_origin(echo)
    client = raw(weir_to(origin).port)
    client.send(CHUNKED + b"5\r\nhello\r\n0001\r\n \r\nA\r\n0123456789\r\n00\r\n\r\n", bytewise)
    assert client.response().body == b"hello 0123456789"
    assert origin.requests[0].framing in (("length", 16), ("chunked", 0))


def test_a_long_chunked_body_arrives_chunked(weir_to, make_origin, raw):
    origin = make_origin(echo)
    client = raw(weir_to(origin).port)
    client.send(CHUNKED + b"".join(b"3e8\r\n" + b"a" * 1000 + b"\r\n" for _ in range(600))
                + b"0\r\n\r\n")
    assert client.response().body == b"a" * 600_000
    assert origin.requests[0].framing == ("chunked", 0)


def test_a_chunked_body_that_takes_its_time_is_not_held_back(weir_to, make_origin, raw):
    origin = make_origin(echo)
    client = raw(weir_to(origin).port)
    client.send(CHUNKED + b"5\r\nhello\r\n")
    origin.wait(lambda o: o.requests)
    client.send(b"5\r\nworld\r\n0\r\n\r\n")
    assert client.response().body == b"helloworld"
    assert origin.requests[0].framing == ("chunked", 0)


def test_a_chunked_body_without_data_arrives(weir_to, make_origin, raw):
    origin = make_origin(echo)
    client = raw(weir_to(origin).port)
    client.send(CHUNKED + b"0\r\n\r\n")
    assert client.response().body == b""
    assert client.get("/next", method="POST", body=b"more").body == b"more"


def test_a_head_byte_by_byte_arrives(weir_to, origin, raw):
    client = raw(weir_to(origin).port)
    client.send(b"GET /slow HTTP/1.1\r\nHost: test\r\nX-A: b\r\n\r\n", bytewise=True)
    assert client.response().status == 200
    assert origin.requests[0].target == "/slow"


def test_options_of_the_whole_server(weir_to, origin):
    assert weir_to(origin).get("*", method="OPTIONS").status == 200
    assert origin.requests[0].target == "*"


def test_options_in_absolute_form_of_the_whole_server(weir_to, origin):
    assert weir_to(origin).get("http://test", method="OPTIONS").status == 200
    assert origin.requests[0].target == "*"


@pytest.mark.parametrize("target, seen", [
    ("http://test/a?b", "/a?b"), ("HTTP://TEST/a", "/a"), ("http://test", "/"),
    ("http://test?q", "/?q"), ("https://test/a", "/a")])
def test_absolute_form_becomes_a_path(target, seen, weir_to, origin):
    assert weir_to(origin).get(target).status == 200
    assert origin.requests[0].target == seen


def test_a_name_with_a_port_and_capitals_is_one_host(weir_to, origin):
    assert weir_to(origin).get("/", host="Test.Example:8080").status == 200
    assert origin.requests[0].get("Host") == "test.example:8080"


class TestContinue:
    EXPECT = b"POST / HTTP/1.1\r\nHost: test\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n"

    def test_the_client_is_invited_before_it_sends_the_body(self, weir_to, make_origin, raw):
        origin = make_origin(echo)
        client = raw(weir_to(origin).port)
        client.send(self.EXPECT)
        assert client.reader.response_head().status == 100
        client.send(b"hello")
        response = client.response()
        assert (response.status, response.body, response.interim) == (200, b"hello", [])

    def test_who_does_not_wait_gets_one_answer(self, weir_to, make_origin, raw):
        origin = make_origin(echo)
        client = raw(weir_to(origin).port)
        client.send(self.EXPECT + b"hello")
        response = client.response()
        assert (response.status, response.body) == (200, b"hello")
        assert len(response.interim) <= 1

    def test_a_final_answer_instead_of_100_closes(self, weir_to, make_origin, raw):
        def deny(exchange):
            exchange.send(b"HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n")
            exchange.await_end()

        origin = make_origin(deny)
        client = raw(weir_to(origin).port)
        client.send(self.EXPECT)
        response = client.response()
        assert response.status == 403
        # The client may or may not send the body now: no way to tell it from a next request.
        if not response.interim:
            assert response.get("Connection") == "close"
            client.ends()

    def test_it_is_not_for_http_1_0(self, weir_to, make_origin, raw):
        origin = make_origin(echo)
        client = raw(weir_to(origin).port)
        client.send(self.EXPECT.replace(b"1.1", b"1.0") + b"hello")
        response = client.response()
        assert (response.status, response.interim, response.body) == (200, [], b"hello")


class TestHttp10:
    def test_the_connection_closes_after_one_answer(self, weir_to, origin, raw):
        client = raw(weir_to(origin).port)
        response = client.request(version="1.0").response()
        assert (response.status, response.body) == (200, b"hello\n")
        client.ends()
        assert origin.requests[0].version == 1

    def test_it_stays_when_the_client_asks_for_it(self, weir_to, origin, raw):
        client = raw(weir_to(origin).port)
        response = client.get("/", "Connection: keep-alive", version="1.0")
        assert response.get("Connection").lower() == "keep-alive"
        assert client.get("/", version="1.0").body == b"hello\n"
        client.ends()

    def test_it_is_never_sent_chunks(self, weir_to, make_origin, raw):
        def chunked(exchange):
            exchange.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                          b"5\r\nhello\r\n0\r\n\r\n")

        client = raw(weir_to(make_origin(chunked)).port)
        response = client.get("/", "Connection: keep-alive", version="1.0")
        assert response.framing == ("close", 0)
        assert response.body == b"hello"

    def test_it_gets_no_interim_response(self, weir_to, make_origin, raw):
        def hints(exchange):
            exchange.send(b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n")
            exchange.respond()

        client = raw(weir_to(make_origin(hints)).port)
        response = client.request(version="1.0").response()
        assert (response.status, response.interim) == (200, [])


class TestPipelining:
    def test_three_requests_in_one_write_are_answered_in_order(self, weir_to, make_origin, raw):
        def tell(exchange):
            exchange.respond(body=exchange.request.target.encode())

        client = raw(weir_to(make_origin(tell)).port)
        client.send(b"".join(b"GET /%d HTTP/1.1\r\nHost: test\r\n\r\n" % n for n in (1, 2, 3)))
        assert [client.response().body for _ in range(3)] == [b"/1", b"/2", b"/3"]

    def test_bodies_and_the_requests_behind_them_are_told_apart(self, weir_to, make_origin, raw):
        origin = make_origin(echo)
        client = raw(weir_to(origin).port)
        client.send(b"POST /1 HTTP/1.1\r\nHost: test\r\nContent-Length: 3\r\n\r\none"
                    + CHUNKED + b"3\r\ntwo\r\n0\r\n\r\n"
                    b"GET /3 HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n")
        assert [client.response().body for _ in range(3)] == [b"one", b"two", b""]
        client.ends()

    def test_a_hundred_in_one_write(self, weir_to, origin, raw):
        client = raw(weir_to(origin).port)
        client.send(b"GET / HTTP/1.1\r\nHost: test\r\n\r\n" * 100)
        assert [client.response().status for _ in range(100)] == [200] * 100

    def test_what_follows_connection_close_is_not_answered(self, weir_to, origin, raw):
        client = raw(weir_to(origin).port)
        client.send(b"GET /1 HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n"
                    b"GET /2 HTTP/1.1\r\nHost: test\r\n\r\n")
        assert client.response().status == 200
        assert client.rest() == b""
        assert [request.target for request in origin.requests] == ["/1"]


def test_a_head_that_is_cut_reaches_no_origin(weir_to, origin, raw):
    weir = weir_to(origin)
    client = raw(weir.port)
    client.send(b"GET / HTTP/1.1\r\nHost: te")
    client.half_close()
    left = client.rest()
    assert left == b"" or left.startswith(b"HTTP/1.1 400 ")
    weir.stop()
    assert origin.drained().received == 0


@pytest.mark.parametrize("target, seen", [
    ("/a/b", "/a/b"), ("/a//b", "/a/b"), ("/a/./b", "/a/b"), ("/a/../b", "/b"), ("/a/..", "/"),
    ("/pub/%2e%2e/adm", "/adm"), ("/%41%7e", "/A~"), ("/%c3%a9", "/%C3%A9"), ("/a%20b", "/a%20b"),
    ("/a/", "/a/"), ("/a/.", "/a/"), ("/a?b=../..&c=%2f", "/a?b=../..&c=%2f"), ("/?", "/?"),
    ("/a;b=c/d", "/a;b=c/d"), ("//a", "/a")])
def test_the_origin_sees_the_canonical_path(target, seen, weir_to, origin):
    assert weir_to(origin).get(target).status == 200
    assert origin.requests[0].target == seen
