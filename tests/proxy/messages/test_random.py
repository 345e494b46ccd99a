# SPDX-License-Identifier: Apache-2.0
"""Bytes in are bytes out: random bodies, framings and cuts, of a seed that a failure names."""

import random

import pytest

from harness import pace


def framed(body, chance):
    """Head lines and bytes of a body, by length or in chunks of any size, with extensions."""
    if chance.random() < 0.4:
        return b"Content-Length: %d\r\n" % len(body), body
    out = b""
    while body:
        size = chance.choice([1, 2, 15, 16, 255, 4096, 70_000, len(body)])
        extension = chance.choice([b"", b"", b";a", b';a="b;c"', b"; x=1"])
        part, body = body[:size], body[size:]
        out += b"%x" % len(part) + extension + b"\r\n" + part + b"\r\n"
    trailers = chance.choice([b"", b"X-Sum: 1\r\n"])
    return b"Transfer-Encoding: chunked\r\n", out + b"0\r\n" + trailers + b"\r\n"


def body_of(chance):
    return chance.randbytes(chance.choice([0, 1, 100, 5000, 16_384, 16_385, 65_536, 300_000]))


def send_in_pieces(send, data, chance):
    while data:
        size = chance.choice([1, 7, 100, 1460, 20_000, len(data)])
        send(data[:size])
        data = data[size:]


@pytest.mark.parametrize("seed", range(6))
def test_bodies_arrive_as_they_were_sent(seed, weir_to, make_origin, raw):
    there, back = random.Random(seed), random.Random(seed + 1000)
    answers = []

    def answer(exchange):
        exchange.body()
        answers.append(body_of(back))
        line, data = framed(answers[-1], back)
        send_in_pieces(exchange.send, b"HTTP/1.1 200 OK\r\n" + line + b"\r\n" + data, back)

    origin = make_origin(answer)
    client = raw(weir_to(origin).port)
    sent = []
    for _ in range(25 if not pace.SANITIZED else 10):
        sent.append(body_of(there))
        line, data = framed(sent[-1], there)
        send_in_pieces(client.send, b"POST / HTTP/1.1\r\nHost: test\r\n" + line + b"\r\n" + data,
                       there)
        response = client.response()
        assert response.body == answers[-1], f"seed {seed}, answer {len(answers)}"
    assert [request.body for request in origin.requests] == sent, f"seed {seed}"


@pytest.mark.parametrize("seed", range(4))
def test_pipelined_requests_are_answered_in_order(seed, weir_to, make_origin, raw):
    chance = random.Random(seed)
    origin = make_origin(lambda exchange: exchange.respond(body=exchange.body()))
    client = raw(weir_to(origin).port)
    bodies = [body_of(chance)[:20_000] for _ in range(20)]
    stream = b"".join(b"POST /%d HTTP/1.1\r\nHost: test\r\n%s\r\n%s" % (n, *framed(body, chance))
                      for n, body in enumerate(bodies))
    send_in_pieces(client.send, stream, chance)
    assert [client.response().body for _ in bodies] == bodies, f"seed {seed}"
    assert [request.target for request in origin.requests] == [f"/{n}" for n in range(20)]
