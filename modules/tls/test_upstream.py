# SPDX-License-Identifier: Apache-2.0
"""tls towards endpoints: who is believed, what is shown, what is kept for the next time."""

import hashlib
import os
import ssl
import subprocess
from pathlib import Path

import pytest

from harness.tls import *  # noqa: F401,F403  pylint: disable=wildcard-import


@pytest.fixture
def weir_up(weir_to, pki):
    """weir_up(origin, key=value) starts weir whose upstream speaks TLS with these keys."""

    def start(to, upstream=None, **keys):
        keys = {"ca": pki.path("ca.pem"), "server_name": "a.test", **keys}
        keys = {key: value for key, value in keys.items() if value is not None}
        return weir_to(to.url.replace("https://", "http://"), modules=["tls"],
                       upstream={"tls": keys or True, **(upstream or {})})

    return start


@pytest.mark.parametrize("version", ["1.2", "1.3"])
@pytest.mark.parametrize("certificate", ["ecdsa", "rsa"])
def test_a_good_endpoint_is_asked(weir_up, secure_origin, version, certificate):
    origin = secure_origin(certificate, version=version)
    response = weir_up(origin).get()
    assert (response.status, bytes(response.body)) == (200, b"hello\n")
    assert origin.asked == "a.test"


@pytest.mark.parametrize("certificate, why", [
    ("wrong", "hostname mismatch"),
    ("self", "self-signed certificate"),
    ("expired", "certificate has expired"),
    ("stranger", "unable to get local issuer certificate")])
def test_a_bad_endpoint_gets_nothing(weir_up, secure_origin, certificate, why):
    origin = secure_origin(certificate)
    made = weir_up(origin)
    assert made.get().status == 502
    made.await_line(f"endpoint a.test .*: handshake failed: certificate refused: .*{why}")
    assert origin.requests == []


def test_the_name_is_the_endpoints_unless_another_is_given(weir_up, secure_origin):
    made = weir_up(secure_origin("address"), server_name=None)
    assert made.get().status == 200
    assert weir_up(secure_origin("ecdsa"), server_name=None).get().status == 502


def test_an_endpoint_without_a_name_is_told_of_once_a_second(
        weir_up, make_origin, tmp_path):
    origin = make_origin(address=str(tmp_path / "socket"))
    made = weir_up(origin, server_name=None)
    for _ in range(10):
        assert made.get().status == 502
    made.await_line(r"endpoint \(unix\): it has no name that it could prove: set server_name")
    assert made.stderr.count("that it could prove") < 10


def test_the_systems_authorities_are_believed_by_default(weir, secure_origin, pki):
    origin = secure_origin("address")
    text = ('modules = ["tls"]\n[[listener]]\naddress = "127.0.0.1:0"\n'
            f'[[route]]\nto = "{origin.url}"\n')
    assert weir(text, env={"SSL_CERT_FILE": pki.path("ca.pem")}).get().status == 200
    assert weir(text, env={"SSL_CERT_FILE": pki.path("other_ca.pem")}).get().status == 502


def test_without_verification_anybody_is_believed_and_a_warning_said(weir_up, secure_origin):
    made = weir_up(secure_origin("self"), ca=None, verify=False)
    made.await_line("anybody on the way to the endpoints can pretend to be them")
    assert made.get().status == 200


def test_an_endpoint_may_ask_who_we_are(weir_up, secure_origin, pki):
    shown = []
    origin = secure_origin(client_ca="ca.pem", handler=lambda x: (
        shown.append(x.connection.sock.getpeercert()["subject"]), x.respond()))
    assert weir_up(origin, certificate=pki.path("client.pem"),
                   key=pki.path("client.key")).get().status == 200
    assert (("commonName", "alice"),) in shown[0]


def test_what_a_start_refuses_is_not_shown_after_a_swap(weir_up, secure_origin, pki, tmp_path):
    pair = tmp_path / "live.pem"
    pair.write_text(Path(pki.path("client.pem")).read_text() +
                    Path(pki.path("client.key")).read_text())
    made = weir_up(secure_origin(client_ca="ca.pem"), certificate=str(pair), watch="50ms",
                   upstream={"max_idle": 0})
    weak = tmp_path / "weak.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:1024", "-nodes", "-subj", "/CN=weak",
                    "-days", "30", "-out", weak, "-keyout", weak.with_suffix(".key")],
                   check=True, capture_output=True)
    with weak.open("a") as both:
        both.write(weak.with_suffix(".key").read_text())
    weak.rename(pair)
    made.await_line("live.pem: ee key too small; what it held stays in use")
    assert made.get().status == 200


@pytest.mark.parametrize("version", ["1.2", "1.3"])
def test_sessions_are_resumed(weir_up, secure_origin, version):
    origin = secure_origin(version=version, handler=lambda x: (
        x.respond(fields=["Connection: close"]), x.close()))
    made = weir_up(origin)
    for _ in range(5):
        assert made.get().status == 200
    origin.wait(lambda o: len(o.handshakes) == 5)
    assert origin.handshakes == ["full", *["resumed"] * 4]


def test_connections_are_kept(weir_up, secure_origin):
    origin = secure_origin()
    made = weir_up(origin)
    for _ in range(5):
        assert made.get().status == 200
    assert len(origin.connections) == 1


@pytest.mark.timeout(120)
@pytest.mark.parametrize("size", [1 << 20, 64 << 20])
def test_large_bodies_are_equal_on_the_other_side(weir_up, secure_origin, size):
    block = os.urandom(1 << 20)
    body = block * (size // len(block))

    def handle(exchange):
        if exchange.request.method == "POST":
            digest = hashlib.sha256()
            for part in exchange.parts():
                digest.update(part)
            return exchange.respond(body=digest.hexdigest().encode())
        exchange.body()
        exchange.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % size)
        for _ in range(size // len(block)):
            exchange.send(block)
        return None

    made = weir_up(secure_origin(handler=handle))
    client = made.client(timeout=60)
    digest = hashlib.sha256(body).hexdigest()
    assert client.get(method="POST", body=body).body == digest.encode()
    assert hashlib.sha256(client.get("/down").body).hexdigest() == digest


def test_a_response_that_is_cut_off_is_no_whole_response(weir_up, secure_origin, raw):
    def cut(exchange):
        exchange.body()
        exchange.send(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nhalf of it")
        os.close(exchange.connection.sock.detach())  # without close_notify
        exchange.connection.open = False

    made = weir_up(secure_origin(handler=cut))
    connection = raw(made.port)
    connection.request()
    assert not connection.rest().endswith(b"0\r\n\r\n")


def test_a_response_that_ends_in_due_form_is_whole(weir_up, secure_origin):
    def end(exchange):
        exchange.body()
        exchange.send(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nall of it")
        exchange.connection.sock.unwrap()

    assert weir_up(secure_origin(handler=end)).get().body == b"all of it"


def test_plain_http_from_the_endpoint_is_refused(weir_up, make_origin):
    made = weir_up(make_origin(raw=lambda c: c.sock.sendall(b"HTTP/1.1 200 OK\r\n\r\nplain")))
    assert made.get().status == 502
    made.await_line("endpoint a.test .*: handshake failed: wrong version number")


def test_keys_of_a_listener_do_not_belong_here(weir_to, secure_origin):
    made = weir_to(secure_origin().url.replace("https", "http"), modules=["tls"],
                   upstream={"tls": {"client_verify": "require", "tickets": False}},
                   expect_ready=False)
    made.await_line("client_verify: belongs to a listener's tls")
    made.await_line("tickets: belongs to a listener's tls")
    assert made.wait() != 0
