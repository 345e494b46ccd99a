# SPDX-License-Identifier: Apache-2.0
"""Connections through a transport that changes every byte, as a real one might."""

import hashlib
import pathlib
import signal
import time

import pytest

from harness import client, config, http1, module
from harness.processes import until

BODY = bytes(range(256)) * 4096


@pytest.fixture(scope="session")
def mask(tmp_path_factory):
    """The path of the module."""
    source = pathlib.Path(__file__).with_name("mask.cpp")
    return module.build(source, tmp_path_factory.mktemp("mask"))


class Masked:
    """A socket whose other end is masked."""

    def __init__(self, sock):
        self.sock = sock

    def sendall(self, data):
        self.sock.sendall(bytes(byte ^ 0x2a for byte in data))

    def recv(self, most):
        return bytes(byte ^ 0x2a for byte in self.sock.recv(most))

    def __getattr__(self, name):
        return getattr(self.sock, name)


def masked(port):
    connection = client.Client(port)
    connection.sock = Masked(connection.sock)
    connection.reader = http1.Reader(connection.sock)
    return connection


@pytest.fixture
def behind(weir, mask):
    """behind(origin, listener={...}, upstream={...}, ...): mask on either side, with these keys."""

    def text(to, listener=None, upstream=None, modules=(), **how):
        sides = {}
        if listener is not None:
            sides["listener"] = {"mask": listener}
        if upstream is not None:
            sides["upstream"] = {"mask": upstream}
        how["more"] = config.table("[module.mask]", {"path": str(mask)}) + how.get("more", "")
        return config.simple(to, modules=["mask", *modules], **sides, **how)

    return lambda to, **how: weir(text(to, **how))


WAYS = [{}, {"most": 7}, {"holds": True}, {"most": 1000, "holds": True}]


@pytest.mark.parametrize("keys", WAYS, ids=str)
def test_messages_pass_through_both_sides(behind, make_origin, keys):
    # A transport that gave less than there was room for was not asked again.
    size = 20_000 if keys.get("most", 1000) < 1000 else len(BODY)
    body = BODY[:size]
    origin = make_origin(lambda exchange: exchange.respond(body=exchange.body()))
    inner = behind(origin, listener=keys)
    outer = behind(inner.url, upstream=keys)
    with client.Client(outer.port) as connection:
        for _ in range(3):
            answer = connection.get("/", method="POST", body=body)
            assert hashlib.sha256(answer.body).digest() == hashlib.sha256(body).digest()


def test_requests_have_the_scheme_https_and_attributes_of_the_connection(behind, make_origin):
    origin = make_origin()
    set_fields = {"headers": {"request": {"set": {"X-Protocol": "{connection.protocol}"}}}}
    proxy = behind(origin, listener={}, modules=["headers"], route={"filters": [set_fields]})
    with masked(proxy.port) as connection:
        assert connection.get("/").status == 200
    request = origin.requests[-1]
    assert (request.get("X-Forwarded-Proto"), request.get("X-Protocol")) == ("https", "masked")


def test_a_host_that_is_not_for_the_connection_is_misdirected(behind, make_origin):
    proxy = behind(make_origin(), listener={})
    with masked(proxy.port) as connection:
        assert connection.get("/", host="elsewhere").status == 421
        assert connection.get("/").status == 200


def test_the_last_of_a_file_is_not_sent_as_if_more_followed(behind, make_origin, tmp_path):
    # The system then waits 200 ms for it.
    (tmp_path / "small").write_bytes(b"small\n")
    (tmp_path / "large").write_bytes(BODY)
    tmp_path.chmod(0o755)
    trace = tmp_path / "trace"
    proxy = behind(make_origin(), listener={"trace": str(trace)}, modules=["static"],
                   more=config.table("[[route]]", {
                       "path": "/*", "filters": [{"static": {"root": str(tmp_path)}}]}),
                   route={"path": "/none"})
    with masked(proxy.port) as connection:
        for name, body in (("large", BODY), ("small", b"small\n")):
            assert connection.get(f"/{name}").body == body
            assert trace.read_text().splitlines()[-1] == "last"


def test_an_end_that_says_again_is_asked_again(behind, make_origin, tmp_path):
    trace = tmp_path / "trace"
    proxy = behind(make_origin(), listener={"ends": 1, "trace": str(trace)},
                   limits={"requests": 1}, timeouts={"unread_body": "60s"})
    with masked(proxy.port) as connection:
        assert connection.get("/").status == 200
        connection.send(b"x")  # the socket moves
        assert connection.rest() == b""
    calls = [line for line in trace.read_text().splitlines() if "end" in line]
    assert calls == ["end again", "end"]


def test_a_broken_transport_is_only_closed(behind, make_origin, tmp_path):
    trace = tmp_path / "trace"
    proxy = behind(make_origin(), listener={"breaks": True, "trace": str(trace)})
    with masked(proxy.port) as connection:
        connection.send(b"GET /~ HTTP/1.1\r\nHost: t\r\n\r\n")
        assert connection.rest() == b""
    until(lambda: trace.read_text().splitlines() == ["broken", "close"], "close alone")


def test_silent_connections_keep_no_other_from_its_handshake(behind, make_origin):
    proxy = behind(make_origin(), listener={"hello": True})
    silent = [client.connect(proxy.port) for _ in range(300)]
    began = time.monotonic()
    with client.Client(proxy.port) as connection:
        connection.send(b"k")
        connection.sock = Masked(connection.sock)
        connection.reader = http1.Reader(connection.sock)
        assert connection.get("/").status == 200
    assert time.monotonic() - began < 5  # of the ten seconds that a handshake may take
    for each in silent:
        each.close()


def test_clients_that_stall_behind_a_balancer_lock_nobody_out(weir, mask, make_origin):
    # They were counted as one until the last handshake was over.
    listener = {"mask": {"hello": True}, "proxy_protocol": {"trusted": ["127.0.0.0/8"]}}
    proxy = weir(config.simple(make_origin(), modules=["mask", "proxy_protocol"],
                               limits={"connections_per_client": 3}, listener=listener,
                               more=config.table("[module.mask]", {"path": str(mask)})))
    stalled = []
    for number in range(12):
        stalled.append(client.connect(proxy.port))
        stalled[-1].sendall(b"PROXY TCP4 203.0.113.%d 192.0.2.1 1 1\r\n" % number)
    with client.Client(proxy.port) as connection:
        connection.send(b"PROXY TCP4 198.51.100.1 192.0.2.1 1 1\r\nk")
        connection.sock = Masked(connection.sock)
        connection.reader = http1.Reader(connection.sock)
        assert connection.get("/").status == 200
    for each in stalled:
        each.close()


def test_a_reload_changes_new_connections_alone(weir, mask, make_origin, tmp_path):
    origin = make_origin()
    control = str(tmp_path / "c.sock")

    def text(**listener):
        return config.simple(origin, modules=["mask"], server={"control": control},
                             listener=listener,
                             more=config.table("[module.mask]", {"path": str(mask)}))

    proxy = weir(text(mask=True))
    port = proxy.port
    with masked(port) as kept:
        assert kept.get("/").status == 200
        for generation, listener in enumerate(({}, {"mask": {"most": 9}}, {}), 2):
            proxy.conf.write_text(text(**listener))
            proxy.signal(signal.SIGHUP)
            proxy.await_line(f"generation {generation} serves")
            opened = masked(port) if listener else client.Client(port)
            with opened:
                assert opened.get("/").status == 200
                scheme = origin.requests[-1].get("X-Forwarded-Proto")
                assert scheme == ("https" if listener else "http")
            assert kept.get("/").status == 200
            assert origin.requests[-1].get("X-Forwarded-Proto") == "https"
