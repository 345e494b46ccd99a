# SPDX-License-Identifier: Apache-2.0
"""Files that change while weir runs, and files with which it does not start."""

import os
import re
import shutil
import signal
import ssl
import subprocess
import threading
import time

import pytest

from harness import client, pace, proxy
from harness.tls import *  # noqa: F401,F403  pylint: disable=wildcard-import

LONG = os.environ.get("WEIR_CHAOS") == "long"


@pytest.fixture
def live(tmp_path, pki):
    """A folder with live.pem and live.key, which live(name) replaces as a deployment does."""

    def put(name, parts=("pem", "key")):
        for part in parts:
            new = tmp_path / f"new.{part}"
            shutil.copy(pki.path(f"{name}.{part}"), new)
            new.rename(tmp_path / f"live.{part}")

    put("ecdsa")
    put.keys = {"certificate": [str(tmp_path / "live.pem")], "key": [str(tmp_path / "live.key")],
                "watch": "50ms"}
    return put


def shown(made, context, name="a.test"):
    with context.wrap_socket(client.connect(made.port), server_hostname=name) as sock:
        return sock.getpeercert(binary_form=True)


def unchecked(pki):
    return pki.context(verify=False)


def await_shown(made, pki, name):
    """Waits until new connections get this certificate."""
    wanted = pki.der(name)
    end = time.monotonic() + pace.PATIENCE
    while shown(made, unchecked(pki)) != wanted:
        assert time.monotonic() < end, f"{name} never came:\n{made.stderr}"


@pytest.fixture
def weak(tmp_path):
    """The paths of a certificate and key of a.test that OpenSSL refuses: its key is too short."""
    paths = tmp_path / "weak.pem", tmp_path / "weak.key"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:1024", "-nodes", "-subj", "/CN=weak",
                    "-addext", "subjectAltName=DNS:a.test", "-days", "30",
                    "-out", paths[0], "-keyout", paths[1]], check=True, capture_output=True)
    return paths


@pytest.mark.timeout(600 if LONG else 60)
def test_certificates_are_swapped_under_load(weir_tls, pki, live):
    made = weir_tls(**live.keys)
    stopping = threading.Event()
    counts, failures = [0], []

    def load():
        context = unchecked(pki)
        while not stopping.is_set():
            try:
                with context.wrap_socket(client.connect(made.port)) as sock:
                    sock.sendall(b"GET / HTTP/1.1\r\nHost: a.test\r\nConnection: close\r\n\r\n")
                    if not sock.recv(65536).startswith(b"HTTP/1.1 200"):
                        failures.append("no 200")
                counts[0] += 1
            except OSError as fault:
                failures.append(repr(fault))

    threads = [threading.Thread(target=load) for _ in range(2)]
    for thread in threads:
        thread.start()
    try:
        for turn in range(1000 if LONG else 50):
            name = ("rsa", "ecdsa")[turn % 2]
            live(name)
            await_shown(made, pki, name)
    finally:
        stopping.set()
        for thread in threads:
            thread.join(pace.PATIENCE)
    assert failures == []
    assert counts[0] > 50


def test_a_pair_that_does_not_fit_leaves_the_old_one(weir_tls, pki, live, https):
    made = weir_tls(**live.keys)
    live("rsa", parts=["pem"])
    made.await_line("live.key: is not the key of .*live.pem; the former certificate stays in use")
    assert https(made).get().status == 200
    live("rsa", parts=["key"])
    await_shown(made, pki, "rsa")
    made.await_line("live.pem: taken over")


def test_a_certificate_that_goes_away_leaves_the_old_one(weir_tls, live, https, tmp_path):
    made = weir_tls(**live.keys)
    (tmp_path / "live.pem").unlink()
    made.await_line("live.pem: No such file or directory; the former certificate stays in use")
    assert https(made).get().status == 200


def test_a_pair_that_a_start_refuses_leaves_the_old_one(weir_tls, https, weak, live, tmp_path):
    made = weir_tls(**live.keys)
    for path, part in zip(weak, ("pem", "key")):
        path.rename(tmp_path / f"live.{part}")
    made.await_line("live.pem: ee key too small; the former certificate stays in use")
    assert https(made).get().status == 200


def test_an_expired_certificate_that_is_taken_over_is_warned_of(weir_tls, pki, live):
    made = weir_tls(**live.keys)
    live("expired")
    made.await_line("live.pem: has expired")
    await_shown(made, pki, "expired")


def test_a_file_whose_mode_is_mended_is_taken_over(weir_tls, tmp_path):
    keys = tmp_path / "tickets"
    keys.write_bytes(bytes(80))
    keys.chmod(0o600)
    made = weir_tls(ticket_keys=str(keys), watch="50ms")
    new = tmp_path / "new"
    new.write_bytes(bytes(160))
    new.chmod(0o644)
    new.rename(keys)
    made.await_line("others than its owner may use it; .*; its former content stays in use")
    keys.chmod(0o600)
    made.await_line("tickets: taken over")


def test_a_new_revocation_list_ends_sessions_that_it_revokes(weir_tls, pki, https, tmp_path):
    crl = tmp_path / "live.crl"
    # An authority that has revoked nobody yet.
    (tmp_path / "index").write_text("")
    conf = tmp_path / "ca.conf"
    conf.write_text((pki.folder / "ca.conf").read_text().replace("ca.index", f"{tmp_path}/index"))
    subprocess.run(["openssl", "ca", "-config", conf, "-cert", "ca.pem", "-keyfile", "ca.key",
                    "-gencrl", "-crldays", "30", "-out", crl],
                   cwd=pki.folder, check=True, capture_output=True)
    made = weir_tls(client_ca=pki.path("ca.pem"), client_crl=str(crl), client_verify="require",
                    watch="50ms")
    context = pki.context("1.2", "revoked")
    first = https(made, context)
    assert first.get().status == 200
    assert https(made, context, session=first.sock.session).sock.session_reused
    shutil.copy(pki.path("ca.crl"), crl)
    made.await_line("taken over")
    with pytest.raises((ssl.SSLError, ConnectionError)):
        https(made, context, session=first.sock.session)
    made.await_line("certificate revoked")


def wrong(pki, tmp_path, listener):
    text = "modules = [\"tls\"]\n[[listener]]\naddress = \"127.0.0.1:0\"\n[listener.tls]\n"
    text += "\n".join(f"{key} = {value}" for key, value in listener.items())
    text += "\n[[route]]\nto = \"http://127.0.0.1:9\"\n"
    conf = tmp_path / "wrong.toml"
    conf.write_text(text)
    done = proxy.run("check", conf)
    assert done.returncode in (1, 2), done
    return done.stderr


def test_what_is_wrong_is_told_with_its_place(pki, tmp_path):
    pair = {"certificate": f'"{pki.path("ecdsa.pem")}"', "key": f'"{pki.path("ecdsa.key")}"'}
    told = {}
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    loose = tmp_path / "loose"
    loose.write_bytes(bytes(80))
    loose.chmod(0o644)
    for name, keys in {
            "nothing": {},
            "missing": {**pair, "certificate": '"/nowhere/cert.pem"'},
            "fifo": {**pair, "certificate": f'"{fifo}"'},
            "fifo key": {**pair, "key": f'"{fifo}"'},
            "no key": {**pair, "key": f'"{pki.path("ecdsa.pem")}"'},
            "other key": {**pair, "key": f'"{pki.path("b.key")}"'},
            "no ca": {**pair, "client_verify": '"require"'},
            "bad ca": {**pair, "client_verify": '"require"', "client_ca": pair["key"]},
            "bad crl": {**pair, "client_verify": '"require"', "client_ca": pair["certificate"],
                        "client_crl": pair["key"]},
            "ciphers": {**pair, "ciphers": '["nonsense"]'},
            "one cipher": {**pair, "ciphers":
                           '["ECDHE-ECDSA-AES128-GCM-SHA256", "ECDHE-ECDSA-AES128-GCM-SHA265"]'},
            "new cipher": {**pair, "ciphers": '["TLS_AES_128_GCM_SHA256", "TLS_AES_128"]'},
            "curves": {**pair, "curves": '["nonsense"]'},
            "tickets": {**pair, "ticket_keys": f'"{loose}"'},
            "side": {**pair, "server_name": '"a.test"', "verify": "false"}}.items():
        told[name] = wrong(pki, tmp_path, keys)
    place = "wrong.toml:"
    for name, words in {
            "nothing": "a listener cannot do without one",
            "missing": "/nowhere/cert.pem: No such file",
            "fifo": "fifo: is no regular file",
            "fifo key": "fifo: is no regular file",
            "no key": "ecdsa.pem: holds no private key",
            "other key": "b.key: is not the key of",
            "no ca": "client_verify: has no meaning without client_ca",
            "bad ca": "client_ca",
            "bad crl": "holds no revocation list",
            "ciphers": "ciphers",
            "one cipher": 'OpenSSL knows no "ECDHE-ECDSA-AES128-GCM-SHA265"',
            "new cipher": 'OpenSSL knows no "TLS_AES_128"',
            "curves": "OpenSSL does not know one of them",
            "tickets": "chmod 600",
            "side": "server_name: belongs to an upstream"}.items():
        assert words in told[name] and place in told[name], (name, told[name])
    assert "verify: belongs to an upstream" in told["side"]


@pytest.mark.parametrize("file", ["ca.pem", "ca.crl"])
def test_a_security_file_that_is_gone_stops_a_reload(weir_tls, pki, https, tmp_path, file):
    for name in ("ca.pem", "ca.crl"):
        shutil.copy(pki.path(name), tmp_path / name)
    made = weir_tls(client_ca=str(tmp_path / "ca.pem"), client_crl=str(tmp_path / "ca.crl"),
                    client_verify="require", watch="1h")
    (tmp_path / file).unlink()
    made.signal(signal.SIGHUP)
    made.await_line(f"{file}: No such file")
    with pytest.raises((ssl.SSLError, ConnectionError)):
        https(made).get()
    assert https(made, pki.context(certificate="client")).get().status == 200


def test_an_encrypted_key_is_refused_without_asking(pki, tmp_path):
    key = tmp_path / "encrypted.key"
    subprocess.run(["openssl", "pkey", "-in", pki.path("ecdsa.key"), "-aes256", "-passout",
                    "pass:secret", "-out", key], check=True)
    assert "the key is encrypted" in wrong(
        pki, tmp_path, {"certificate": f'"{pki.path("ecdsa.pem")}"', "key": f'"{key}"'})


def test_the_example_is_correct(pki, tmp_path):
    text = (pace.ROOT / "modules/tls/example.toml").read_text(encoding="utf-8")
    for name in re.findall(r'"([\w-]+\.pem)"', text):
        if name.endswith("ca.pem"):
            shutil.copy(pki.path("ca.pem"), tmp_path / name)
        else:
            kind = "key" if name.endswith("key.pem") else "pem"
            shutil.copy(pki.path(f"ecdsa.{kind}"), tmp_path / name)
    conf = tmp_path / "example.toml"
    conf.write_text(text)
    done = proxy.run("check", conf)
    assert done.returncode == 0, done.stderr


@pytest.mark.timeout(120)
def test_ten_thousand_certificates_start_in_seconds(weir_tls, pki, https, tmp_path):
    # Names alone make the difference here: the same key, as many certificates as asked for.
    count = 10000 if LONG else 1000
    pair = {"certificate": [], "key": []}
    for number in range(count):
        certificate, key = tmp_path / f"{number}.pem", tmp_path / f"{number}.key"
        shutil.copy(pki.path(("ecdsa", "b")[number % 2] + ".pem"), certificate)
        shutil.copy(pki.path(("ecdsa", "b")[number % 2] + ".key"), key)
        pair["certificate"].append(str(certificate))
        pair["key"].append(str(key))
    began = time.monotonic()
    made = weir_tls(**pair)
    assert time.monotonic() - began < 8 * pace.FACTOR
    assert https(made, name="b.test").get(host="b.test").status == 200


def test_one_certificate_that_is_refused_does_not_spoil_the_one_beside_it(
        weir_tls, pki, https, weak):
    # So many that none is tried before its first use.
    made = weir_tls(certificate=[pki.path("ecdsa.pem"), str(weak[0]), *[pki.path("b.pem")] * 256],
                    key=[pki.path("ecdsa.key"), str(weak[1]), *[pki.path("b.key")] * 256])
    for version in ("1.2", "1.3"):
        assert https(made, pki.context(version)).get().status == 200


def test_a_key_that_could_not_be_read_at_its_first_use_is_not_dead(
        weir_tls, pki, https, tmp_path):
    # So many that keys wait for their first use.
    key, away = tmp_path / "late.key", tmp_path / "away"
    shutil.copy(pki.path("ecdsa.key"), key)
    made = weir_tls(certificate=[pki.path("ecdsa.pem"), *[pki.path("b.pem")] * 256],
                    key=[str(key), *[pki.path("b.key")] * 256], watch="1h")
    key.rename(away)
    for _ in range(3):
        with pytest.raises((ssl.SSLError, ConnectionError)):
            https(made)
    away.rename(key)
    assert https(made).get().status == 200
    made.await_line("late.key: No such file")
    assert made.stderr.count("late.key: No such file") == 1
