# SPDX-License-Identifier: Apache-2.0
"""Connections on both sides: reuse, ends, and what happens when one side gives up."""

import threading

import pytest

from harness import pace


class TestReuse:
    def test_requests_share_a_connection_on_both_sides(self, weir_to, origin, raw):
        client = raw(weir_to(origin).port)
        for _ in range(5):
            assert client.get().status == 200
        assert len(origin.connections) == 1

    def test_different_clients_share_a_connection_to_the_origin(self, weir_to, origin):
        weir = weir_to(origin)
        for _ in range(5):
            weir.get()
        assert len(origin.connections) == 1

    def test_what_a_client_says_of_its_connection_stays_there(self, weir_to, origin):
        weir = weir_to(origin)
        for _ in range(3):
            assert weir.get("/", "Connection: close").get("Connection") == "close"
        assert len(origin.connections) == 1
        assert not any(request.fields.has("Connection") for request in origin.requests)

    def test_what_an_origin_says_of_its_connection_stays_there(self, weir_to, make_origin, raw):
        def once(exchange):
            exchange.respond(fields=["Connection: close"])
            exchange.close()

        origin = make_origin(once)
        client = raw(weir_to(origin).port)
        for _ in range(3):
            assert not client.get().fields.has("Connection")
        assert len(origin.connections) == 3

    def test_an_origin_that_says_close_is_taken_at_its_word(self, weir_to, make_origin, raw):
        def once(exchange):
            exchange.respond(fields=["Connection: close"])
            exchange.await_end()
            exchange.close()

        origin = make_origin(once)
        client = raw(weir_to(origin).port)
        assert [client.get().status for _ in range(2)] == [200, 200]
        assert len(origin.connections) == 2

    def test_no_more_connections_are_kept_than_max_idle(self, weir_to, make_origin, raw):
        together = threading.Barrier(3)

        def meet(exchange):
            together.wait(pace.PATIENCE)
            exchange.respond()

        origin = make_origin(meet)
        weir = weir_to(origin, upstream={"max_idle": 1})
        clients = [raw(weir.port).request() for _ in range(3)]
        assert [client.response().status for client in clients] == [200] * 3
        origin.wait(lambda o: sum(c.open for c in o.connections) == 1)


class TestStale:
    """An idle connection that the origin closed, or that dies under the next request."""

    def test_a_closed_one_is_not_used(self, weir_to, make_origin, raw):
        def once(exchange):
            exchange.respond()  # does not say that it will close
            exchange.close()

        origin = make_origin(once)
        client = raw(weir_to(origin).port)
        for _ in range(5):
            assert client.get().status == 200

    @staticmethod
    def dying(exchange):
        """Good for one request; the connection dies under the second, first byte unsent."""
        if exchange.connection.served:
            exchange.reset()
            return
        exchange.connection.served = True
        exchange.respond()

    @pytest.fixture
    def dying_origin(self, make_origin):
        origin = make_origin()
        origin.handler = self.dying
        return origin

    @pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS"])
    def test_a_request_that_may_be_repeated_is(self, method, weir_to, dying_origin, raw):
        client = raw(weir_to(dying_origin).port)
        assert client.get().status == 200
        assert client.get(method=method).status == 200
        dying_origin.wait(lambda o: len(o.connections) == 2)

    def test_a_post_is_not_repeated(self, weir_to, dying_origin, raw):
        client = raw(weir_to(dying_origin).port)
        assert client.get().status == 200
        assert client.get("/buy", method="POST", body=b"one").status == 502
        assert [request.target for request in dying_origin.requests] == ["/", "/buy"]

    def test_it_is_repeated_once_only(self, weir_to, make_origin, raw):
        def never_again(exchange):
            if len(origin.requests) == 1:
                exchange.respond()
            else:
                exchange.reset()

        origin = make_origin()
        origin.handler = never_again
        client = raw(weir_to(origin).port)
        assert client.get().status == 200
        assert client.get().status == 502
        assert len(origin.requests) == 3

    def test_a_fresh_connection_that_dies_is_no_reason_to_repeat(self, weir_to, make_origin):
        origin = make_origin(lambda exchange: exchange.reset())
        assert weir_to(origin).get().status == 502
        assert len(origin.requests) == 1

    def test_nothing_is_repeated_after_the_first_byte(self, weir_to, make_origin, raw):
        def partly(exchange):
            if len(origin.requests) == 1:
                exchange.respond()
            else:
                exchange.send(b"HTTP/1.1 2")
                exchange.close()

        origin = make_origin()
        origin.handler = partly
        client = raw(weir_to(origin).port)
        assert client.get().status == 200
        assert client.get().status == 502
        assert len(origin.requests) == 2


class TestEarlyAnswer:
    """The origin answers before it has read the body."""

    SIZE = 50_000_000

    def early(self, exchange):
        exchange.read = True
        exchange.send(b"HTTP/1.1 413 Too Much\r\nContent-Length: 4\r\n\r\nmuch")
        exchange.await_end()
        exchange.close()

    def test_the_client_gets_it_while_it_is_still_sending(self, weir_to, make_origin, raw):
        origin = make_origin(self.early)
        client = raw(weir_to(origin).port)
        client.send(f"POST / HTTP/1.1\r\nHost: t\r\nContent-Length: {self.SIZE}\r\n\r\n".encode())
        sender = threading.Thread(target=client.send, args=(b"a" * self.SIZE,), daemon=True)
        sender.start()
        response = client.response()
        assert (response.status, response.body) == (413, b"much")
        assert response.get("Connection") == "close"
        client.rest()
        client.close()
        sender.join(pace.PATIENCE)
        assert not sender.is_alive()

    def test_a_short_rest_is_read_away_and_the_next_request_served(self, weir_to, make_origin, raw):
        def early(exchange):
            if exchange.request.method == "POST":
                self.early(exchange)
            else:
                exchange.respond(body=b"next")

        client = raw(weir_to(make_origin(early)).port)
        client.send(b"POST / HTTP/1.1\r\nHost: t\r\nContent-Length: 40000\r\n\r\n")
        response = client.response()
        assert (response.status, response.body) == (413, b"much")
        client.send(b"a" * 40000 + b"GET / HTTP/1.1\r\nHost: t\r\n\r\n")
        if response.fields.has("Connection"):
            assert client.rest() == b""
        else:
            assert client.response().body == b"next"


class TestUnreadBody:
    def test_a_body_that_nobody_wants_is_read_away(self, weir_to, origin, raw):
        # No route: 404 without a look at the body.
        client = raw(weir_to(origin, route={"path": "/a"}).port)
        response = client.get("/b", method="POST", body=b"GET /evil HTTP/1.1\r\nHost: a\r\n\r\n")
        assert response.status == 404
        if not response.fields.has("Connection"):
            assert client.get("/a").body == b"hello\n"
            assert [request.target for request in origin.requests] == ["/a"]

    def test_too_much_of_it_ends_the_connection(self, weir_to, origin, raw):
        client = raw(weir_to(origin, route={"path": "/a"}).port)
        client.send(b"POST /b HTTP/1.1\r\nHost: t\r\nContent-Length: 10000000\r\n\r\n"
                    + b"x" * 9999)
        assert client.response().status == 404
        client.send(b"x" * (10_000_000 - 9999) + b"GET /a HTTP/1.1\r\nHost: t\r\n\r\n")
        assert client.rest() == b""
        assert origin.requests == []


class TestAbort:
    """A client that goes away."""

    @pytest.mark.parametrize("how", ["close", "reset"])
    def test_the_request_at_the_origin_is_given_up(self, how, weir_to, make_origin, raw):
        ended = threading.Event()

        def wait(exchange):
            exchange.await_end()
            ended.set()
            exchange.close()

        origin = make_origin(wait)
        client = raw(weir_to(origin).port)
        client.request()
        origin.wait(lambda o: len(o.requests) == 1)
        getattr(client, how)()
        assert ended.wait(pace.PATIENCE)

    def test_it_stops_an_answer_without_end(self, weir_to, make_origin, raw):
        ended = threading.Event()

        def endless(exchange):
            try:
                exchange.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
                while True:
                    exchange.send(b"4000\r\n" + b"a" * 0x4000 + b"\r\n")
            except OSError:
                ended.set()
                exchange.close()

        client = raw(weir_to(make_origin(endless)).port)
        client.request()
        assert client.head().status == 200
        client.reset()
        assert ended.wait(pace.PATIENCE)

    def test_half_a_body_is_never_the_whole(self, weir_to, make_origin, raw):
        origin = make_origin(lambda exchange: exchange.body())
        weir = weir_to(origin)
        client = raw(weir.port)
        client.send(b"POST / HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n"
                    b"20000\r\n" + b"a" * 0x20000 + b"\r\n")
        origin.wait(lambda o: o.received > 1000)
        client.close()
        origin.wait(lambda o: not any(c.open for c in o.connections))
        assert not bytes(origin.connections[0].reader.received).endswith(b"0\r\n\r\n")


def test_thousand_connections_one_after_the_other_leave_nothing_behind(weir_to, origin):
    weir = weir_to(origin)
    weir.get()
    before = weir.open_files()
    for _ in range(1000):
        assert weir.get().status == 200
    assert weir.open_files() <= before + 1
