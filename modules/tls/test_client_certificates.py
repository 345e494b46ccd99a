# SPDX-License-Identifier: Apache-2.0
"""Clients that prove who they are, or cannot."""

import hashlib
import ssl

import pytest

from harness.tls import *  # noqa: F401,F403  pylint: disable=wildcard-import

IDENTITY = ("{attr.tls.client.verified} {attr.tls.client.subject} {attr.tls.client.san} "
            "{attr.tls.client.fingerprint}")


@pytest.fixture
def asking(weir_tls, pki):
    """asking("require") starts weir that asks clients for certificates of ca."""

    def start(verify="require", *names, **keys):
        return weir_tls(*(names or ["ecdsa"]), modules=["headers"], client_verify=verify,
                        client_ca=pki.path("ca.pem"), route={"filters": [
                            {"headers": {"response": {"set": {"X-Client": IDENTITY}}}}]}, **keys)

    return start


def refused(made, https, pki, certificate, version, why):
    """TLS 1.3 tells a client of it only when it reads."""
    with pytest.raises((ssl.SSLError, ConnectionError)):
        https(made, pki.context(version, certificate)).get()
    made.await_line(f"client 127.0.0.1: handshake failed: .*{why}")


@pytest.mark.parametrize("version", ["1.2", "1.3"])
def test_a_good_certificate_is_told_of(asking, https, pki, version):
    verified, subject, names, fingerprint = https(
        asking(), pki.context(version, "client")).get().get("X-Client").split()
    assert (verified, subject) == ("true", "CN=alice,O=Example")
    assert names == "DNS:alice.test,URI:spiffe://test/alice"
    assert fingerprint == hashlib.sha256(pki.der("client")).hexdigest()


@pytest.mark.parametrize("version", ["1.2", "1.3"])
def test_none_is_refused_where_one_is_required(asking, https, pki, version):
    refused(asking(), https, pki, None, version, "peer did not return a certificate")


@pytest.mark.parametrize("certificate, why", [
    ("stranger", "certificate refused: unable to get local issuer certificate"),
    ("client_expired", "certificate refused: certificate has expired"),
    ("self", "certificate refused: self-signed certificate")])
@pytest.mark.parametrize("verify", ["require", "optional"])
def test_a_bad_one_is_refused(asking, https, pki, certificate, why, verify):
    made = asking(verify)
    for version in ("1.2", "1.3"):
        refused(made, https, pki, certificate, version, why)


def test_a_revoked_one_is_refused(asking, https, pki):
    made = asking(client_crl=pki.path("ca.crl"))
    assert https(made, pki.context(certificate="client")).get().status == 200
    refused(made, https, pki, "revoked", "1.3", "certificate refused: certificate revoked")


def test_none_is_fine_where_it_is_optional(asking, https, pki):
    made = asking("optional")
    assert https(made).get().get("X-Client").split() == ["false"]
    assert https(made, pki.context(certificate="client")).get().get("X-Client")[:5] == "true "


def test_only_the_named_hosts_ask(asking, https, pki):
    made = asking("require", "ecdsa", "b", client_hosts=["b.test", "*.www.test"])
    both = pki.context(certificate="client")
    assert https(made).get().status == 200
    assert https(made, both, name="b.test").get(host="b.test").status == 200
    # Whoever came in without a certificate does not get there by another Host, whatever SNI said.
    assert https(made).get(host="b.test").status == 421
    assert https(made).get(host="B.test.").status != 200
    nameless = pki.context()
    nameless.check_hostname = False
    assert https(made, nameless, name=None).get(host="b.test").status == 421
    assert https(made, nameless, name=None).get(host="x.www.test").status == 421
    with pytest.raises((ssl.SSLError, ConnectionError)):
        https(made, name="b.test").get(host="b.test")


@pytest.mark.parametrize("version", ["1.2", "1.3"])
def test_the_identity_is_there_again_after_resumption(asking, https, pki, version):
    made = asking()
    context = pki.context(version, "client")
    first = https(made, context)
    told = first.get().get("X-Client")
    again = https(made, context, session=first.sock.session)
    assert again.sock.session_reused
    assert again.get().get("X-Client") == told


def test_a_wildcard_asked_the_hosts_of_one_label_only(asking, https, pki, weir_tls):
    # A route's "*.a.test" covers them all, so those further down came in without a certificate.
    made, below = asking(client_hosts=["*.deep.test"]), "b.a.deep.test"
    with pytest.raises((ssl.SSLError, ConnectionError)):
        https(made, pki.context("1.2", verify=False), name=below).get(host=below)
    assert https(made).get(host=below).status == 421
