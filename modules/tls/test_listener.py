# SPDX-License-Identifier: Apache-2.0
"""tls on a listener: handshakes, names, bodies, ends, and what is no TLS."""

import hashlib
import os
import random
import socket
import ssl
import subprocess

import pytest

from harness import client, pace
from harness.tls import *  # noqa: F401,F403  pylint: disable=wildcard-import


def s_client(made, *options, commands=b""):
    return subprocess.run(
        ["openssl", "s_client", "-connect", f"127.0.0.1:{made.port}", *options],
        input=commands, capture_output=True, timeout=pace.PATIENCE, check=False)


@pytest.mark.parametrize("version", ["1.2", "1.3"])
@pytest.mark.parametrize("certificate", ["ecdsa", "rsa"])
def test_a_request_over_tls(weir_tls, https, pki, origin, version, certificate):
    made = weir_tls(certificate)
    response = https(made, pki.context(version)).get("/a")
    assert (response.status, bytes(response.body)) == (200, b"hello\n")
    assert origin.requests[0].get("X-Forwarded-Proto") in (None, "https")


def test_curl(weir_tls, pki):
    made = weir_tls("ecdsa")
    done = subprocess.run(
        ["curl", "-sS", "--cacert", pki.path("ca.pem"),
         "--resolve", f"a.test:{made.port}:127.0.0.1", f"https://a.test:{made.port}/"],
        capture_output=True, timeout=pace.PATIENCE, check=True)
    assert done.stdout == b"hello\n"


def test_both_kinds_of_key_stand_side_by_side(weir_tls):
    made = weir_tls("ecdsa", "rsa")
    for algorithms, kind in (("ECDSA+SHA256", b"ECDSA"), ("RSA-PSS+SHA256", b"RSA-PSS"),
                             ("RSA-PSS+SHA256:ECDSA+SHA256", b"")):
        said = s_client(made, "-sigalgs", algorithms, "-servername", "a.test")
        assert b"Peer signature type: " + kind in said.stdout, said


def test_the_name_asked_for_chooses_the_certificate(weir_tls, https, pki):
    made = weir_tls("ecdsa", "wild", "exact", "b", "chained")
    context = pki.context()
    context.check_hostname = False
    shown = {name: https(made, context, name=name).names for name in (
        "b.test", "B.TEST", "one.wild.test", "two.wild.test", "a.two.wild.test", "nobody.test",
        "c.test", None)}
    standard = ["a.test", "www.a.test"]
    assert shown == {"b.test": ["b.test"], "B.TEST": ["b.test"],
                     "one.wild.test": ["one.wild.test"], "two.wild.test": ["*.wild.test"],
                     "a.two.wild.test": standard, "nobody.test": standard, "c.test": ["c.test"],
                     None: standard}


def test_hosts_of_another_certificate_are_misdirected(weir_tls, https):
    made = weir_tls("ecdsa", "b", "wild")
    connection = https(made, name="a.test")
    assert connection.get(host="a.test").status == 200
    assert connection.get(host="www.a.test").status == 200  # the same certificate
    assert connection.get(host="nobody.test").status == 200  # whose certificate is the first
    assert connection.get(host="b.test").status == 421
    assert https(made, name="a.test").get(host="x.wild.test").status == 421
    assert https(made, name="b.test").get(host="nobody.test").status == 421
    assert https(made, name="x.wild.test").get(host="y.wild.test").status == 200


def test_without_a_name_every_host_is_served(weir_tls, https, pki):
    made = weir_tls("ecdsa", "b")
    context = pki.context()
    context.check_hostname = False
    assert https(made, context, name=None).get(host="b.test").status == 200


def test_alpn_takes_what_weir_speaks(weir_tls, https, pki):
    made = weir_tls()
    spoken = https(made, pki.context(protocols=["x", "http/1.1"]))
    assert spoken.sock.selected_alpn_protocol() == "http/1.1"
    with pytest.raises(ssl.SSLError, match="no application protocol|NO_APPLICATION_PROTOCOL"):
        https(made, pki.context(protocols=["x"]))


def test_modern_and_min_version_refuse_tls_12(weir_tls, https, pki):
    for keys in ({"preset": "modern"}, {"min_version": "1.3"}):
        made = weir_tls(**keys)
        https(made, pki.context("1.3")).get()
        with pytest.raises(ssl.SSLError):
            https(made, pki.context("1.2"))
        assert b"handshake failed: unsupported protocol" in made.await_line(
            "handshake failed").encode()


def test_ciphers_and_curves_can_be_named(weir_tls, https, pki):
    made = weir_tls(ciphers=["ECDHE-ECDSA-CHACHA20-POLY1305", "TLS_AES_256_GCM_SHA384"],
                    curves=["P-384"])
    assert https(made, pki.context("1.2")).sock.cipher()[0] == "ECDHE-ECDSA-CHACHA20-POLY1305"
    assert https(made, pki.context("1.3")).sock.cipher()[0] == "TLS_AES_256_GCM_SHA384"
    assert b"Server Temp Key: ECDH, secp384r1" in s_client(made).stdout


def test_attributes_tell_of_the_connection(weir_tls, https, pki):
    made = weir_tls(modules=["headers"], route={"filters": [{"headers": {"response": {"set": {
        "X-Tls": "{attr.tls.version} {attr.tls.cipher} {attr.tls.server_name} {attr.tls.resumed} "
                 "{connection.protocol} {request.scheme}"}}}}]})
    context = pki.context("1.3", protocols=["http/1.1"])
    assert https(made, context).get().get("X-Tls") == (
        "TLSv1.3 TLS_AES_128_GCM_SHA256 a.test false http/1.1 https")


def echo(exchange):
    digest = hashlib.sha256()
    size = 0
    for part in exchange.parts():
        digest.update(part)
        size += len(part)
    exchange.respond(body=f"{size} {digest.hexdigest()}".encode())


@pytest.mark.timeout(120)
@pytest.mark.parametrize("size", [1 << 20, 64 << 20])
@pytest.mark.parametrize("version", ["1.2", "1.3"])
def test_large_bodies_are_equal_on_the_other_side(weir_tls, make_origin, https, pki, version, size):
    block = os.urandom(1 << 20)
    body = block * (size // len(block))

    def handle(exchange):
        if exchange.request.method == "POST":
            return echo(exchange)
        exchange.body()
        exchange.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % size)
        for _ in range(size // len(block)):
            exchange.send(block)
        return None

    made = weir_tls("ecdsa", to=make_origin(handle, keep=0))
    connection = https(made, pki.context(version), timeout=60)
    digest = hashlib.sha256(body).hexdigest()
    assert connection.get(method="POST", body=body).body == f"{size} {digest}".encode()
    response = connection.get("/down")
    assert hashlib.sha256(response.body).hexdigest() == digest


def test_a_slow_reader_gets_every_byte(weir_tls, make_origin, https):
    body = os.urandom(8 << 20)
    slow = make_origin(lambda x: x.respond(body=body))
    connection = https(weir_tls("ecdsa", to=slow)).request()
    fill = connection.reader.fill
    connection.reader.fill = lambda: fill(7001)
    slow.wait(lambda o: o.requests)
    assert connection.response().body == body


def test_the_end_comes_in_due_form(weir_tls, https):
    connection = https(weir_tls())
    assert connection.get("/", "Connection: close").status == 200
    assert connection.sock.recv(10) == b""  # close_notify; else ssl would raise


def test_a_client_that_ends_its_direction_still_gets_the_answer(weir_tls, make_origin, pki):
    made = weir_tls(to=make_origin(lambda x: x.respond(body=b"late")))
    said = subprocess.run(
        ["openssl", "s_client", "-quiet", "-connect", f"127.0.0.1:{made.port}"],
        input=b"GET / HTTP/1.1\r\nHost: a.test\r\nConnection: close\r\n\r\n",
        capture_output=True, timeout=pace.PATIENCE, check=False)
    assert said.stdout.endswith(b"late")


def test_a_body_that_is_cut_off_is_no_whole_body(weir_tls, https, origin):
    made = weir_tls()
    connection = https(made)
    connection.send(b"POST / HTTP/1.1\r\nHost: a.test\r\nTransfer-Encoding: chunked\r\n\r\n"
                    b"5\r\nhello\r\n")
    origin.wait(lambda o: o.received > 0)
    connection.sock.shutdown(socket.SHUT_WR)  # without close_notify
    connection.sock.close()
    origin.drained()
    assert not any(c.reader.received.endswith(b"0\r\n\r\n") for c in origin.connections)


@pytest.mark.parametrize("garbage", [
    b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", b"\x16\x03\x01\xff\xff" + b"a" * 70000,
    b"\x16\x03\x01\x00\x05\x01\x00\x00\x01\x00", bytes(range(256)) * 20,
    b"\x15\x03\x03\x00\x02\x02\x28"])
def test_what_is_no_handshake_is_refused(weir_tls, https, raw, garbage, origin):
    made = weir_tls()
    connection = raw(made.port)
    connection.send(garbage)
    connection.rest()
    made.await_line("client 127.0.0.1: handshake failed: ")
    assert origin.received == 0
    assert https(made).get().status == 200


def test_plain_http_is_told_of_in_words(weir_tls, raw):
    made = weir_tls()
    connection = raw(made.port)
    connection.request()
    connection.rest()
    made.await_line("client 127.0.0.1: handshake failed: plain HTTP, where TLS is spoken")


def test_no_shared_cipher_is_told_of_in_words(weir_tls, pki, https):
    made = weir_tls("ecdsa")
    with pytest.raises(ssl.SSLError):
        https(made, pki.context("1.2", ciphers="ECDHE-RSA-AES128-GCM-SHA256"))
    made.await_line("client 127.0.0.1: handshake failed: no shared cipher")


def test_one_who_says_nothing_is_let_go_in_time(weir_tls, raw, https):
    made = weir_tls(timeouts={"handshake": "300ms"})
    silent = [raw(made.port) for _ in range(20)]
    silent[0].send(b"\x16\x03\x01\x02\x00\x01")  # begins, and no more
    assert https(made).get().status == 200
    for each in silent:
        each.rest()


def test_a_client_hello_byte_by_byte(weir_tls, pki):
    made = weir_tls()
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    tls = pki.context().wrap_bio(incoming, outgoing, server_hostname="a.test")
    with client.connect(made.port) as sock:
        done = False
        while not done:
            try:
                tls.do_handshake()
                done = True
            except ssl.SSLWantReadError:
                pass
            for byte in outgoing.read():
                sock.send(bytes([byte]))
            if not done:
                incoming.write(sock.recv(65536))
        tls.write(b"GET / HTTP/1.1\r\nHost: a.test\r\n\r\n")
        sock.sendall(outgoing.read())
        incoming.write(sock.recv(65536))
        while True:
            try:
                assert tls.read(15) == b"HTTP/1.1 200 Fi"
                return
            except ssl.SSLWantReadError:
                incoming.write(sock.recv(65536))


def test_renegotiation_is_refused(weir_tls):
    made = weir_tls()
    said = s_client(made, "-tls1_2", "-servername", "a.test", commands=b"R\n")
    assert b"no renegotiation" in said.stderr


def test_the_key_log_has_what_wireshark_reads(weir_tls, https, tmp_path):
    log = tmp_path / "keys.log"
    made = weir_tls(key_log=str(log))
    made.await_line("key_log|whoever reads this file")
    https(made).get()
    assert "CLIENT_TRAFFIC_SECRET_0 " in log.read_text()
    assert log.stat().st_mode & 0o777 == 0o600


def test_an_ocsp_response_is_stapled_to_its_certificate(weir_tls, pki, tmp_path):
    response = tmp_path / "ecdsa.ocsp"
    subprocess.run(
        ["openssl", "ocsp", "-index", "ca.index", "-rsigner", "ca.pem", "-rkey", "ca.key", "-CA",
         "ca.pem", "-issuer", "ca.pem", "-cert", "ecdsa.pem", "-ndays", "7", "-respout", response],
        cwd=pki.folder, capture_output=True, check=True)
    made = weir_tls("ecdsa", "b", ocsp=[str(response)])
    for version in ("-tls1_2", "-tls1_3"):
        said = s_client(made, version, "-status", "-servername", "a.test")
        assert b"OCSP Response Status: successful" in said.stdout
        assert b"no response sent" in s_client(made, version, "-status",
                                               "-servername", "b.test").stdout
    refused = weir_tls("b", expect_ready=False, ocsp=[str(response)])
    refused.await_line("ecdsa.ocsp: speaks of another certificate than .*b.pem")
    assert refused.wait() != 0


def test_mutated_client_hellos_do_no_harm(weir_tls, https, pki):
    made = weir_tls("ecdsa", "b", client_ca=pki.path("ca.pem"), client_verify="optional")
    seed = int.from_bytes(os.urandom(4), "big")
    chance = random.Random(seed)
    outgoing = ssl.MemoryBIO()
    tls = pki.context(protocols=["http/1.1"]).wrap_bio(ssl.MemoryBIO(), outgoing,
                                                       server_hostname="b.test")
    with pytest.raises(ssl.SSLWantReadError):
        tls.do_handshake()
    hello = outgoing.read()
    for _ in range(300):
        mutated = bytearray(hello)
        for _ in range(chance.randint(1, 4)):
            mutated[chance.randrange(5, len(mutated))] = chance.randrange(256)
        with client.Client(made.port) as connection:
            connection.send(mutated)
            connection.half_close()
            connection.rest()
    assert https(made).get().status == 200, f"seed {seed}"


def hello(name, share):
    """A ClientHello of TLS 1.3 that believes RSA alone."""
    def sized(width, *parts):
        body = b"".join(parts)
        return len(body).to_bytes(width, "big") + body

    def extension(number, *parts):
        return number.to_bytes(2, "big") + sized(2, *parts)

    shares = [b"\x00\x1d", sized(2, share)] if share else []
    extensions = (extension(0, sized(2, b"\x00", sized(2, name.encode()))),
                  extension(10, sized(2, b"\x00\x1d")), extension(13, sized(2, b"\x08\x04")),
                  extension(43, sized(1, b"\x03\x04")), extension(51, sized(2, *shares)))
    body = (b"\x03\x03", bytes(32), sized(1), sized(2, b"\x13\x01"), sized(1, b"\x00"),
            sized(2, *extensions))
    return b"\x16\x03\x01" + sized(2, b"\x01", sized(3, *body))


def test_a_second_hello_gets_no_certificate_of_the_first_ones_name(weir_tls):
    made = weir_tls("ecdsa", "rsa", "b")

    def answer(name):
        """The kind of record that the second of two hellos gets; the first has no key."""
        with client.connect(made.port) as sock, sock.makefile("rb") as got:
            def record():
                head = got.read(5)
                got.read(int.from_bytes(head[3:], "big"))
                return record() if head[0] == 20 else head[0]  # past a change of ciphers

            sock.sendall(hello("a.test", None))
            assert record() == 22
            sock.sendall(hello(name, bytes([9]) + bytes(31)))
            return record()

    assert answer("a.test") == 22
    assert answer("b.test") == 21  # an alert: what b.test has is not of RSA
