# SPDX-License-Identifier: Apache-2.0
"""What comes in pieces, and ends that come with the last bytes: nothing due to anybody is lost."""

import time


def test_a_trailer_in_two_pieces_behind_an_empty_body_is_one_trailer(weir_to, origin, raw):
    weir = weir_to(origin, route={"trailers": ["X-Sum"]})
    client = raw(weir.port)
    client.send(b"POST / HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX-Su")
    time.sleep(0.1)
    client.send(b"m: 1\r\n\r\n")
    assert client.response().status == 200
    assert origin.requests[-1].trailers == [("X-Sum", "1")]
