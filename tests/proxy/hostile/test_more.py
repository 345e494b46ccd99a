# SPDX-License-Identifier: Apache-2.0
"""Inputs beyond appendix A: variants of the same attacks, and what a gateway must not do."""

import pytest

from harness import hostile

HEAD = b"GET / HTTP/1.1\r\nHost: test\r\n"
POST = b"POST / HTTP/1.1\r\nHost: test\r\n"
CHUNKED = POST + b"Transfer-Encoding: chunked\r\n\r\n"


def get(target):
    return b"GET " + target + b" HTTP/1.1\r\nHost: test\r\n\r\n"


REFUSED = {
    # name: (bytes, status)
    "te_empty": (POST + b"Transfer-Encoding:\r\n\r\n0\r\n\r\n", 400),
    "te_comma": (POST + b"Transfer-Encoding: chunked,\r\n\r\n0\r\n\r\n", 400),
    "te_two_lines": (POST + b"Transfer-Encoding: chunked\r\ntransfer-encoding: chunked\r\n\r\n"
                     b"0\r\n\r\n", 400),
    "te_identity": (POST + b"Transfer-Encoding: identity\r\n\r\n", 501),
    "te_quoted": (POST + b'Transfer-Encoding: "chunked"\r\n\r\n0\r\n\r\n', 400),
    "length_and_te_in_http10": (b"POST / HTTP/1.0\r\nHost: test\r\nContent-Length: 5\r\n"
                                b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
    "length_20_digits": (POST + b"Content-Length: 00000000000000000005\r\n\r\nhello", 400),
    "length_over_int64": (POST + b"Content-Length: 9223372036854775808\r\n\r\n", 400),
    "length_inner_blank": (POST + b"Content-Length: 1 0\r\n\r\n", 400),
    "chunk_size_16_digits": (CHUNKED + b"0000000000000005\r\nhello\r\n0\r\n\r\n", 400),
    "chunk_size_none": (CHUNKED + b";a=b\r\n\r\n", 400),
    "chunk_extension_nul": (CHUNKED + b"5;a\0b\r\nhello\r\n0\r\n\r\n", 400),
    "chunk_extension_bare_equals": (CHUNKED + b"5;=b\r\nhello\r\n0\r\n\r\n", 400),
    "trailer_no_colon": (CHUNKED + b"0\r\nX-A\r\n\r\n", 400),
    "trailer_folded": (CHUNKED + b"0\r\nX-A: 1\r\n b\r\n\r\n", 400),
    "trailer_lf": (CHUNKED + b"0\r\nX-A: 1\n\r\n", 400),
    "leading_empty_line": (b"\r\n" + HEAD + b"\r\n", 400),
    "tls_hello": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", 400),
    "h2_preface": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505),
    "version_1_2": (b"GET / HTTP/1.2\r\nHost: test\r\n\r\n", 505),
    "version_3": (b"GET / HTTP/3.0\r\nHost: test\r\n\r\n", 505),
    "no_target": (b"GET  HTTP/1.1\r\nHost: test\r\n\r\n", 400),
    "relative_target": (get(b"index.html"), 400),
    "asterisk_of_get": (get(b"*"), 400),
    "authority_target": (get(b"test:80"), 400),
    "ftp_target": (get(b"ftp://test/"), 400),
    "target_quote": (get(b'/"'), 400),
    "target_braces": (get(b"/{x}"), 400),
    "target_delete": (get(b"/\x7f"), 400),
    "path_above_root": (get(b"/a/../../b"), 400),
    "path_above_root_escaped": (get(b"/%2e%2e/b"), 400),
    "path_slash": (get(b"/a%2fb"), 400),
    "path_backslash_escaped": (get(b"/a%5cb"), 400),
    "path_escape_cut": (get(b"/a%2"), 400),
    "path_dots_with_parameter": (get(b"/a/..;x/b"), 400),
    "host_differs": (b"GET http://other/ HTTP/1.1\r\nHost: test\r\n\r\n", 400),
    "host_empty": (b"GET / HTTP/1.1\r\nHost:\r\n\r\n", 400),
    "host_port_word": (b"GET / HTTP/1.1\r\nHost: test:http\r\n\r\n", 400),
    "host_port_high": (b"GET / HTTP/1.1\r\nHost: test:65536\r\n\r\n", 400),
    "host_blank": (b"GET / HTTP/1.1\r\nHost: te st\r\n\r\n", 400),
    "host_quote": (b'GET / HTTP/1.1\r\nHost: te"st\r\n\r\n', 400),
    "host_bad_ipv6": (b"GET / HTTP/1.1\r\nHost: [::1\r\n\r\n", 400),
    "host_missing_in_http10": (b"GET / HTTP/1.0\r\n\r\n", 400),
    "connect_name": (b"CONNECT test:443 HTTP/1.1\r\nHost: test:443\r\n\r\n", 405),
    "expect_list": (POST + b"Expect: 100-continue, x\r\nContent-Length: 1\r\n\r\na", 417),
    "authorization_twice": (HEAD + b"Authorization: a\r\nAuthorization: b\r\n\r\n", 400),
    "connection_host": (HEAD + b"Connection: Host\r\n\r\n", 400),
    "connection_length": (HEAD + b"Connection: close, content-length\r\n\r\n", 400),
    "connection_te": (HEAD + b"Connection: transfer-encoding\r\n\r\n", 400),
    "connection_authorization": (HEAD + b"Connection: Authorization\r\n\r\n", 400),
    "connection_cookie": (HEAD + b"Connection: cookie\r\n\r\n", 400),
    "connection_forwarded_for": (HEAD + b"Connection: X-Forwarded-For\r\n\r\n", 400),
    "connection_no_token": (HEAD + b"Connection: (close)\r\n\r\n", 400),
    "cookie_crumbs_101": (HEAD + b"Cookie: " + b"; ".join([b"a=b"] * 101) + b"\r\n\r\n", 431),
}


@pytest.mark.parametrize("way", hostile.WAYS)
@pytest.mark.parametrize("name", REFUSED)
def test_is_refused_and_reaches_no_origin(name, way, weir_to, origin):
    data, status = REFUSED[name]
    weir = weir_to(origin)
    outcome = hostile.attempt(weir.port, data, way)
    assert outcome.status == status
    assert outcome.says_close
    assert outcome.surplus == b""
    weir.stop()
    assert origin.drained().received == 0


def test_a_second_request_behind_a_refused_one_is_never_answered(weir_to, origin, raw):
    weir = weir_to(origin)
    client = raw(weir.port)
    client.send(HEAD + b"Content-Length: -1\r\n\r\n" + get(b"/smuggled"))
    assert client.response().status == 400
    assert client.rest() == b""
    weir.stop()
    assert origin.drained().received == 0


def test_a_refused_request_behind_a_good_one_is_answered_in_order(weir_to, origin, raw):
    client = raw(weir_to(origin).port)
    client.send(get(b"/good") + b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n")
    assert client.response().status == 200
    assert client.response().status == 400
    assert client.rest() == b""
    assert [request.target for request in origin.requests] == ["/good"]


def test_a_body_that_breaks_on_the_way_is_never_ended_at_the_origin(weir_to, make_origin, raw):
    # S11: the origin must not take the first half for the whole.
    origin = make_origin(lambda exchange: exchange.body())
    weir = weir_to(origin)
    client = raw(weir.port)
    client.send(CHUNKED + b"20000\r\n" + b"a" * 0x20000)
    origin.wait(lambda o: o.received > 1000)
    client.send(b"\r\nXX\r\n")
    assert client.response().status == 400
    assert client.rest() == b""
    weir.stop()
    origin.drained()
    received = bytes(origin.connections[0].reader.received)
    assert not received.endswith(b"0\r\n\r\n")
    assert origin.requests[0].body == b""  # it was never whole


def test_chunk_extensions_of_a_whole_body_are_bounded(weir_to, origin, raw):
    weir = weir_to(origin)
    client = raw(weir.port)
    client.send(CHUNKED + (b"1;" + b"a" * 200 + b"\r\nx\r\n") * 30 + b"0\r\n\r\n")
    assert client.response().status == 400
    assert client.rest() == b""
