# SPDX-License-Identifier: Apache-2.0
"""Messages that end at every byte, by FIN and by RST, on both sides."""

import pytest

from harness import client, http1

RESPONSES = {
    "length": b"HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\nhello world",
    "chunked": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n6\r\nhello \r\n5\r\nworld\r\n"
               b"0\r\n\r\n",
    "trailers": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nb\r\nhello world\r\n"
                b"0\r\nX-Sum: 17\r\n\r\n",
    "no_content": b"HTTP/1.1 204 No Content\r\nX-A: 1\r\n\r\n",
    "hints": b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"
             b"HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\nhello world",
}

REQUESTS = {
    "get": b"GET / HTTP/1.1\r\nHost: test\r\nX-A: 1\r\n\r\n",
    "length": b"POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 5\r\n\r\nhello",
    "chunked": b"POST / HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n"
               b"0\r\nX-A: 1\r\n\r\n",
}


@pytest.mark.timeout(60)
@pytest.mark.parametrize("end", ["close", "reset"])
@pytest.mark.parametrize("name", RESPONSES)
def test_an_answer_that_ends_early_never_looks_whole(name, end, weir_to, make_origin):
    data = RESPONSES[name]

    def cut(exchange):
        exchange.send(data[: int(exchange.request.target[1:])])
        getattr(exchange, end)()

    weir = weir_to(make_origin(cut))
    expected = b"" if name == "no_content" else b"hello world"
    for at in range(len(data) + 1):
        with weir.client() as made:
            made.request(f"/{at}")
            try:
                response = made.response()
            except (http1.Cut, ConnectionResetError):
                assert at < len(data) or end == "reset"
                continue
            if response.status == 502:
                assert at < len(data) or end == "reset"
            else:
                assert at == len(data), f"cut at {at} of {len(data)} and passed on as whole"
                assert response.body == expected


@pytest.mark.timeout(60)
@pytest.mark.parametrize("end", ["half_close", "close", "reset"])
@pytest.mark.parametrize("name", REQUESTS)
def test_a_request_that_ends_early_is_never_a_whole_one(name, end, weir_to, make_origin):
    data = REQUESTS[name]
    whole = []

    def keep(exchange):
        exchange.body()  # raises Cut when it is not whole
        whole.append(exchange.request)
        exchange.respond()

    origin = make_origin(keep)
    weir = weir_to(origin)
    for at in range(len(data)):
        with client.Client(weir.port) as made:
            made.send(data[:at])
            getattr(made, end)()
            if end == "half_close":
                made.rest()
    assert weir.get("/after").status == 200
    assert [request.target for request in whole] == ["/after"]


@pytest.mark.parametrize("end", ["close", "reset"])
def test_nothing_is_left_behind_when_clients_vanish_halfway(end, weir_to, make_origin):
    origin = make_origin(lambda exchange: exchange.respond(body=b"x" * 200_000))
    weir = weir_to(origin)
    weir.get()
    before = weir.open_files()
    for _ in range(50):
        with weir.client() as made:
            made.request()
            made.head()
            getattr(made, end)()
    origin.wait(lambda o: sum(c.open for c in o.connections) <= 2)
    assert weir.get().status == 200
    assert weir.open_files() <= before + 2
