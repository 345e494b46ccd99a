# SPDX-License-Identifier: Apache-2.0
"""What comes in pieces, and ends that come with the last bytes: nothing due to anybody is lost."""

import signal
import time


def test_a_trailer_in_two_pieces_behind_an_empty_body_is_one_trailer(weir_to, origin, raw):
    weir = weir_to(origin, route={"trailers": ["X-Sum"]})
    client = raw(weir.port)
    client.send(b"POST / HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX-Su")
    time.sleep(0.1)
    client.send(b"m: 1\r\n\r\n")
    assert client.response().status == 200
    assert origin.requests[-1].trailers == [("X-Sum", "1")]


class TestHalfClose:
    """A client that ends its direction with its request gets what needs no waiting."""

    def half_closed(self, raw, weir, requests):
        """The end is there before weir looks at the requests."""
        client = raw(weir.port)
        assert client.get("/first").status == 404
        weir.signal(signal.SIGSTOP)
        client.send(requests)
        client.half_close()
        weir.signal(signal.SIGCONT)
        return client

    def test_an_answer_of_our_own_arrives(self, weir_to, origin, raw):
        weir = weir_to(origin, route={"path": "/only"})
        client = self.half_closed(raw, weir, b"GET /none HTTP/1.1\r\nHost: t\r\n\r\n")
        assert client.response().status == 404
        client.ends()

    def test_each_of_two_answers_arrives(self, weir_to, origin, raw):
        weir = weir_to(origin, route={"path": "/only"})
        client = self.half_closed(raw, weir, b"GET /none HTTP/1.1\r\nHost: t\r\n\r\n" * 2)
        assert client.response().status == 404
        assert client.response().status == 404
        client.ends()


def test_a_reset_behind_a_request_sent_ahead_ends_the_work(weir_to, make_origin, raw):
    # Nothing more is read while a request waits for its turn, so that no read tells of the reset.
    origin = make_origin(lambda exchange: exchange.await_end())
    client = raw(weir_to(origin).port)
    client.send(b"GET /1 HTTP/1.1\r\nHost: t\r\n\r\nGET /2 HTTP/1.1\r\nHost: t\r\n\r\n")
    origin.wait(lambda o: o.requests)
    client.reset()
    origin.drained()
    assert [request.target for request in origin.requests] == ["/1"]
