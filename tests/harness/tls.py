# SPDX-License-Identifier: Apache-2.0
"""Clients and origins that speak TLS, and the certificates for them."""

import pathlib
import ssl
import subprocess

import pytest

from harness import client, http1, origin, pace

__all__ = ["https", "pki", "secure_origin", "weir_tls"]


class Pki:
    """Certificates by name: tools/dev/certs lists them."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        subprocess.run([pace.ROOT / "tools/dev/certs", folder], check=True)

    def path(self, name):
        return str(self.folder / name)

    def der(self, name):
        """The certificate itself; openssl ca writes text before it."""
        text = (self.folder / f"{name}.pem").read_text(encoding="utf-8")
        return ssl.PEM_cert_to_DER_cert(text[text.index("-----BEGIN"):])

    def pair(self, *names):
        """The keys of a table that shows these."""
        return {"certificate": [self.path(f"{name}.pem") for name in names],
                "key": [self.path(f"{name}.key") for name in names]}

    def context(self, version=None, certificate=None, verify=True, protocols=(), ciphers=None):
        """Of a client; a version such as "1.2" is the only one it speaks."""
        made = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        if verify:
            made.load_verify_locations(self.path("ca.pem"))
        else:
            made.check_hostname = False
            made.verify_mode = ssl.CERT_NONE
        if version:
            only = ssl.TLSVersion["TLSv" + version.replace(".", "_")]
            made.minimum_version = made.maximum_version = only
        if certificate:
            made.load_cert_chain(self.path(f"{certificate}.pem"), self.path(f"{certificate}.key"))
        if protocols:
            made.set_alpn_protocols(list(protocols))
        if ciphers:
            made.set_ciphers(ciphers)
        return made


class TlsClient(client.Client):
    """A client as the harness has it, over TLS."""

    def __init__(self, address, context, name="a.test", session=None, timeout=None):
        # pylint: disable=super-init-not-called
        plain = client.connect(address, timeout)
        try:
            self.sock = context.wrap_socket(plain, server_hostname=name, session=session)
        except OSError:
            plain.close()
            raise
        self.reader = http1.Reader(self.sock)

    def request(self, target="/", *fields, host="a.test", **how):
        return super().request(target, *fields, host=host, **how)

    @property
    def subject(self):
        return dict(pair for part in self.sock.getpeercert()["subject"] for pair in part)

    @property
    def names(self):
        return [name for _, name in self.sock.getpeercert()["subjectAltName"]]

    def closes(self):
        """Ends in due form and waits for the other end to do so."""
        self.sock.unwrap().close()


class TlsOrigin(origin.Origin):
    """An origin behind TLS; `handshakes` holds what became of each."""

    def __init__(self, context, handler=origin.hello):
        self.context = context
        self.handshakes = []
        super().__init__(handler)

    @property
    def url(self):
        return f"https://{self.endpoint}"

    def serve(self, connection):
        try:
            connection.sock = self.context.wrap_socket(connection.sock, server_side=True)
        except OSError as fault:
            self.handshakes.append(str(fault))
            connection.close()
            self.changed()
            return
        self.handshakes.append("resumed" if connection.sock.session_reused else "full")
        connection.reader = http1.Reader(connection.sock, keep=self.keep)
        connection.reader.on_bytes = self.changed
        super().serve(connection)


@pytest.fixture(scope="session")
def pki(tmp_path_factory):
    return Pki(tmp_path_factory.mktemp("pki"))


@pytest.fixture
def https(pki):
    """https(weir, name=..., ...) is a client of that weir; closed after the test."""
    made = []

    def connect(weir, context=None, address=None, **how):
        made.append(TlsClient(address or weir.addresses[0], context or pki.context(), **how))
        return made[-1]

    yield connect
    for each in made:
        each.close()


@pytest.fixture
def secure_origin(pki):
    """secure_origin(certificate, handler=...) is an origin that speaks TLS."""
    made = []

    def make(certificate="ecdsa", handler=origin.hello, version=None, client_ca=None):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(pki.path(f"{certificate}.pem"), pki.path(f"{certificate}.key"))
        if version:
            only = ssl.TLSVersion["TLSv" + version.replace(".", "_")]
            context.minimum_version = context.maximum_version = only
        if client_ca:
            context.verify_mode = ssl.CERT_REQUIRED
            context.load_verify_locations(pki.path(client_ca))
        new = TlsOrigin(context, handler)
        new.asked = None

        def note(_, name, __):
            new.asked = name

        context.sni_callback = note
        made.append(new)
        return new

    yield make
    for each in made:
        each.close()
    faults = [fault for each in made for fault in each.faults]
    assert not faults, f"at the origin: {faults}"


@pytest.fixture
def weir_tls(weir_to, origin, pki):
    """weir_tls("ecdsa", "rsa", to=, key=value, ...) starts weir whose listener shows these
    certificates; what are no keys of tls goes to weir_to()."""
    others = ("env", "expect_ready", "limits", "more", "route", "timeouts", "upstream")

    def start(*names, to=None, modules=(), server=None, **keys):
        how = {name: keys.pop(name) for name in others if name in keys}
        return weir_to(to or origin, modules=["tls", *modules],
                       server={"log": {"level": "info"}, **(server or {})},
                       listener={"tls": {**pki.pair(*(names or ["ecdsa"])), **keys}}, **how)

    return start
