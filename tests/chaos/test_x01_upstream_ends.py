# SPDX-License-Identifier: Apache-2.0
"""X01: an origin that ends, by FIN and by RST, behind every byte of its response."""

import dataclasses
import gzip
import re

import pytest
from chaos.chaosd import Chaosd
from chaos.chaosd_tally import LONG, Tally, no_descriptor_lost, sha

BODY = b"hello, hello, hello"
HUGE = b"".join(b"X-Field-%d: %s\r\n" % (number, b"v" * 80) for number in range(40))


@dataclasses.dataclass
class Shape:
    """A response as the origin sends it, and what makes it whole."""

    data: bytes
    body: bytes = BODY
    status: int = 200
    method: str = "GET"
    version: str = "1.1"
    whole_at: int | None = None  # bytes that suffice, when not all are needed
    ends_by_fin: bool = False  # a FIN behind the head ends the body, wherever it comes

    @property
    def needs(self):
        return self.whole_at or len(self.data)

    def head_size(self):
        return self.data.index(b"\r\n\r\n") + 4


def with_length(body, more=b"", version=b"1.1"):
    return b"HTTP/%s 200 OK\r\n%sContent-Length: %d\r\n\r\n" % (version, more, len(body)) + body


CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" \
          b"7\r\nhello, \r\nc\r\nhello, hello\r\n0\r\n"
PACKED = gzip.compress(BODY * 5, mtime=0)

SHAPES = {
    "length": Shape(with_length(BODY)),
    "post": Shape(with_length(BODY), method="POST"),
    "chunked": Shape(CHUNKED + b"\r\n"),
    "chunked_to_1_0": Shape(CHUNKED + b"\r\n", version="1.0"),
    "trailers": Shape(CHUNKED + b"X-Sum: 17\r\nX-More: 1\r\n\r\n"),
    "until_close": Shape(b"HTTP/1.1 200 OK\r\nX-A: 1\r\n\r\n" + BODY, ends_by_fin=True),
    "until_close_to_1_0": Shape(b"HTTP/1.1 200 OK\r\nX-A: 1\r\n\r\n" + BODY, version="1.0",
                                ends_by_fin=True),
    "no_content": Shape(b"HTTP/1.1 204 No Content\r\nX-A: 1\r\n\r\n", b"", 204),
    "not_modified": Shape(b"HTTP/1.1 304 Not Modified\r\nETag: \"1\"\r\n\r\n", b"", 304),
    "early_hints": Shape(b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" + with_length(BODY)),
    "head": Shape(b"HTTP/1.1 200 OK\r\nContent-Length: 19\r\n\r\n", b"", method="HEAD"),
    "gzip": Shape(with_length(PACKED, b"Content-Encoding: gzip\r\n"), PACKED),
    "from_1_0": Shape(with_length(BODY, version=b"1.0")),
    "huge_head": Shape(with_length(BODY, HUGE)),
    "surplus": Shape(with_length(BODY) + with_length(b"surplus"),
                     whole_at=len(with_length(BODY))),
    "error": Shape(b"HTTP/1.1 503 Busy\r\nContent-Length: 19\r\n\r\n" + BODY, status=503),
}


def request_of(shape, mark):
    fields = [f"{shape.method} /{mark} HTTP/{shape.version}", "Host: test"]
    fields += ["Content-Length: 4"] if shape.method == "POST" else []
    return "\r\n".join([*fields, "", "body" if shape.method == "POST" else ""]).encode()


def offsets(shape):
    """Every byte; of the head that is large for its own sake every 13th, unless there is time."""
    size = len(shape.data)
    return range(size + 1) if LONG or size < 1000 else sorted({*range(0, size + 1, 13), size})


def judge(shape, end, at):
    """whole(response) for a response that ended behind `at` bytes."""
    expected = shape.body
    if shape.ends_by_fin and end == "fin" and at >= shape.head_size():
        expected = shape.data[shape.head_size() : at]

    def whole(response):
        if response.status != shape.status or sha(response.body) != sha(expected):
            return False
        return at >= shape.needs or (shape.ends_by_fin and end == "fin")

    return whole


@pytest.mark.timeout(300)
@pytest.mark.parametrize("end", ["fin", "rst"])
@pytest.mark.parametrize("name", SHAPES)
def test_an_answer_cut_at_any_byte_is_never_shown_as_whole(name, end, weir_to):
    shape = SHAPES[name]
    tally = Tally(f"X01 {name} {end}")

    def cut(peer):
        head = peer.expect(b"\r\n\r\n")
        if shape.method == "POST":
            peer.expect(b"body")
        at = int(re.match(rb"\w+ /(\d+) ", head)[1])
        tally.arrived(at)
        peer.send(shape.data[:at])
        getattr(peer, end)()

    with Chaosd(cut) as origin:
        weir = weir_to(origin)
        with no_descriptor_lost(weir):
            for at in offsets(shape):
                outcome = tally.ask(weir.port, request_of(shape, at), judge(shape, end, at), at,
                                    shape.method)
                # What is whole and ended in good order has to arrive.
                assert outcome == "whole" or end == "rst" or at < shape.needs, (at, outcome)
    tally.check()
