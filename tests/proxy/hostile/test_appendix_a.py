# SPDX-License-Identifier: Apache-2.0
"""Every input of tests/hostile, whole and byte by byte: refused, closed, no byte to the origin."""

import pytest

from harness import hostile

INPUTS = hostile.inputs()


def test_there_are_65_inputs():
    assert len(INPUTS) == 65
    assert sum(each.group == "framing" for each in INPUTS) == 30


@pytest.mark.parametrize("way", hostile.WAYS)
@pytest.mark.parametrize("each", INPUTS, ids=lambda each: each.name)
def test_is_refused_and_reaches_no_origin(each, way, weir_to, origin):
    weir = weir_to(origin)
    outcome = hostile.attempt(weir.port, each.bytes, way)
    assert outcome.status == each.status
    assert outcome.says_close
    assert outcome.surplus == b""
    weir.stop()
    # Whatever weir might have sent has arrived: all connections to the origin are closed.
    assert origin.drained().received == 0


CHUNKED = b"POST / HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n%s\r\n"


@pytest.mark.parametrize("way", hostile.WAYS)
def test_an_ordinary_chunk_extension_is_accepted_and_dropped(way, weir_to, origin, raw):
    client = raw(weir_to(origin).port)
    client.send(CHUNKED % b"" + b'5;a=b\r\nhello\r\n3;c="d;\\"e"\r\nyou\r\n0;last\r\n\r\n',
                bytewise=way == "bytewise")
    assert client.response().status == 200
    assert origin.requests[0].body == b"helloyou"
    received = bytes(origin.connections[0].reader.received)
    assert b";" not in received.partition(b"\r\n\r\n")[2]
    assert b"a=b" not in received and b"last" not in received


@pytest.mark.parametrize("way", hostile.WAYS)
@pytest.mark.parametrize("trailer", ["Content-Length: 3", "Authorization: Basic eDp5",
                                     "Host: evil", "X-Checksum: 1"])
def test_a_trailer_is_dropped(trailer, way, weir_to, origin, raw):
    client = raw(weir_to(origin).port)
    client.send(CHUNKED % b"" + b"5\r\nhello\r\n0\r\n" + trailer.encode() + b"\r\n\r\n",
                bytewise=way == "bytewise")
    assert client.response().status == 200
    assert origin.requests[0].body == b"hello"
    assert origin.requests[0].trailers == []
    assert trailer.split(":")[1].strip() not in [v for _, v in origin.requests[0].fields]
    # Nothing of it became a request.
    client.request("/next").response()
    assert [request.target for request in origin.requests] == ["/", "/next"]


def test_the_log_says_why(weir_to, origin):
    weir = weir_to(origin, server={"log": {"level": "info"}})
    each = next(each for each in INPUTS if each.reason == "te_unknown")
    hostile.attempt(weir.port, each.bytes, "whole")
    weir.await_line(r"\bte_unknown\b")
