# SPDX-License-Identifier: Apache-2.0
"""proxy_protocol in a real proxy: who the client is said to be, and what endpoints are told."""

import socket
import struct
import subprocess

import pytest

from harness import client, config, pace

SIGNATURE = b"\r\n\r\n\0\r\nQUIT\n"
SHOWN = {"headers": {"request": {"set": {
    "X-Client": "{client.address} {client.port}", "X-Name": "{attr.proxy_protocol.authority}",
    "X-Tls": "{attr.proxy_protocol.tls_version} {attr.proxy_protocol.tls_common_name}"}}}}


def tlv(kind, value):
    return struct.pack("!BH", kind, len(value)) + value


def binary(details=b"", command=0x21, family=0x11, ends=None):
    block = (ends if ends is not None else
             socket.inet_aton("203.0.113.7") + socket.inet_aton("192.0.2.1")
             + struct.pack("!HH", 4000, 443)) + details
    return SIGNATURE + struct.pack("!BBH", command, family, len(block)) + block


def crc32c(data):
    crc = 0xffffffff
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = (crc >> 1) ^ (0x82f63b78 if crc & 1 else 0)
    return crc ^ 0xffffffff


def summed(details=b""):
    bare = binary(details + tlv(3, bytes(4)))
    return bare[:-4] + struct.pack("!I", crc32c(bare))


@pytest.fixture
def behind(weir_to, origin):
    """behind(key=value) is a proxy that learns from proxies on 127.0.0.1."""

    def make(**keys):
        keys = {"trusted": ["127.0.0.0/8"], **keys}
        return weir_to(origin, modules=["proxy_protocol", "headers"],
                       listener={"proxy_protocol": keys}, route={"filters": [SHOWN]},
                       timeouts={"handshake": "1s"}, server={"log": {"level": "info"}})
    return make


def ask(proxy, preamble, bytewise=False):
    with client.Client(proxy.port) as connection:
        connection.send(preamble + b"GET / HTTP/1.1\r\nHost: test\r\n\r\n", bytewise)
        return connection.response()


V6 = socket.inet_pton(socket.AF_INET6, "2001:db8::7") * 2 + struct.pack("!HH", 4000, 443)


@pytest.mark.parametrize("bytewise", [False, True], ids=["whole", "bytewise"])
@pytest.mark.parametrize("preamble, seen", [
    (b"PROXY TCP4 203.0.113.7 192.0.2.1 4000 443\r\n", "203.0.113.7 4000"),
    (b"PROXY TCP6 2001:db8::7 ::1 4000 443\r\n", "2001:db8::7 4000"),
    (b"PROXY UNKNOWN\r\n", "127.0.0.1"),
    (b"PROXY UNKNOWN what ever follows\r\n", "127.0.0.1"),
    (binary(), "203.0.113.7 4000"),
    (binary(family=0x21, ends=V6), "2001:db8::7 4000"),
    (binary(command=0x20, family=0, ends=b""), "127.0.0.1"),
    (binary(command=0x20), "127.0.0.1"),
    (binary(family=0, ends=b""), "127.0.0.1"),
    (summed(tlv(2, b"a.test")), "203.0.113.7 4000"),
], ids=["v1 ipv4", "v1 ipv6", "v1 unknown", "v1 unknown with words", "v2 ipv4", "v2 ipv6",
        "v2 local", "v2 local with addresses", "v2 unspecified", "v2 with checksum"])
def test_the_client_is_who_the_proxy_says(behind, origin, preamble, seen, bytewise):
    assert ask(behind(), preamble, bytewise).status == 200
    assert origin.requests[-1].get("X-Client").startswith(seen)


@pytest.mark.parametrize("preamble", [
    b"", b"PROXY TCP4 203.0.113.7 192.0.2.1 4000\r\n",
    b"PROXY TCP4 203.0.113.7 192.0.2.1 04000 1\r\n",
    b"PROXY TCP4 203.0.113.7 192.0.2.1 65536 1\r\n", b"PROXY TCP4 203.0.113.7 192.0.2.1 1 1 \r\n",
    b"PROXY TCP4 2001:db8::7 ::1 1 1\r\n", b"PROXY TCP6 203.0.113.7 192.0.2.1 1 1\r\n",
    b"PROXY TCP4  203.0.113.7 192.0.2.1 1 1\r\n", b"PROXY UDP4 203.0.113.7 192.0.2.1 1 1\r\n",
    b"PROXY " + b"A" * 200 + b"\r\n", binary(command=0x31), binary(command=0x22),
    binary(family=0x41), binary(family=0x21), binary(tlv(2, b"abc")[:-1]),
    binary(tlv(2, b"a" * 530)), summed()[:-1] + b"\0",
], ids=range(17))
def test_what_is_no_preamble_ends_the_connection(behind, origin, preamble):
    proxy = behind()
    with client.Client(proxy.port) as connection:
        connection.send(preamble + b"GET / HTTP/1.1\r\nHost: test\r\n\r\n")
        assert connection.rest() == b""
    proxy.await_line("closed the connection of a trusted proxy")
    assert not origin.requests


def test_others_are_taken_as_they_are(weir_to, origin):
    proxy = weir_to(origin, modules=["proxy_protocol", "headers"],
                    listener={"proxy_protocol": {"trusted": ["192.0.2.0/24"]}},
                    route={"filters": [SHOWN]})
    assert proxy.get("/").status == 200
    assert origin.requests[-1].get("X-Client").startswith("127.0.0.1 ")
    assert ask(proxy, b"PROXY TCP4 203.0.113.7 192.0.2.1 4000 443\r\n").status == 400


def test_a_preamble_that_does_not_come_ends_the_connection(behind):
    proxy = behind()
    with client.Client(proxy.port) as connection:
        connection.send(b"PROXY TCP4 ")
        assert connection.rest() == b""
    proxy.await_line("its handshake was not over in time")


def test_what_version_2_adds_are_attributes(behind, origin):
    tls = b"\1" + bytes(4) + tlv(0x21, b"TLSv1.3") + tlv(0x22, b"alice")
    assert ask(behind(), binary(tlv(2, b"a.test") + tlv(4, b"pad") + tlv(0x20, tls))).status == 200
    request = origin.requests[-1]
    assert (request.get("X-Name"), request.get("X-Tls")) == ("a.test", "TLSv1.3 alice")


def test_the_limit_counts_the_clients_behind_the_proxy(weir_to, origin):
    proxy = weir_to(origin, modules=["proxy_protocol"], limits={"connections_per_client": 1},
                    server={"trusted_proxies": ["127.0.0.1"], "log": {"level": "info"}},
                    listener={"proxy_protocol": {"trusted": ["127.0.0.1"]}})
    with client.Client(proxy.port) as first, client.Client(proxy.port) as second, \
            client.Client(proxy.port) as third:
        for connection, who in ((first, "203.0.113.7"), (second, "203.0.113.8")):
            connection.send(f"PROXY TCP4 {who} 192.0.2.1 1 1\r\n".encode())
            assert connection.get("/").status == 200
        third.send(b"PROXY TCP4 203.0.113.8 192.0.2.1 1 1\r\n")
        third.request("/")
        assert third.rest() == b""
    proxy.await_line("limits.connections_per_client")


@pytest.mark.parametrize("version", ["v1", "v2"])
def test_an_endpoint_is_told_who_the_client_is(behind, weir_to, origin, version):
    inner = behind()
    outer = weir_to(inner.url, modules=["proxy_protocol"],
                    upstream={"proxy_protocol": {"version": version}})
    for _ in range(3):
        with client.Client(outer.port) as connection:
            port = connection.sock.getsockname()[1]
            for _ in range(2):
                assert connection.get("/").status == 200
                assert origin.requests[-1].get("X-Client") == f"127.0.0.1 {port}"


def test_large_bodies_pass_unharmed_both_ways(behind, weir_to, make_origin):
    inner = behind()
    outer = weir_to(inner.url, modules=["proxy_protocol"], upstream={"proxy_protocol": True})
    body = bytes(range(256)) * 16384
    with client.Client(outer.port) as connection:
        assert connection.get("/", method="POST", body=body).status == 200


def test_curl_speaks_it(behind, origin):
    proxy = behind()
    done = subprocess.run(["curl", "-fsS", "--haproxy-protocol", proxy.url], timeout=pace.PATIENCE,
                          check=True, capture_output=True)
    assert done.stdout
    assert origin.requests[-1].get("X-Client").startswith("127.0.0.1 ")


@pytest.mark.parametrize("keys, message", [
    ({"listener": {"proxy_protocol": True}}, "nobody is trusted"),
    ({"listener": {"proxy_protocol": {"trusted": []}}}, "nobody is trusted"),
    ({"upstream": {"proxy_protocol": {"trusted": ["10.0.0.0/8"]}}},
     "an upstream reads no preamble"),
    ({"listener": {"proxy_protocl": {"trusted": []}}},
     "unknown key 'proxy_protocl' in [[listener]]"),
    ({"listener": {"proxy_protocl": False}},
     "unknown key 'proxy_protocl' in [[listener]]"),
    ({"listener": {"proxy_protocol": "yes"}}, "expected the keys of a transport as a table"),
])
def test_a_wrong_table_is_told(weir, origin, keys, message):
    started = weir(config.simple(origin, modules=["proxy_protocol"], **keys), expect_ready=False)
    assert started.wait() == 1
    assert message in started.stderr
