# SPDX-License-Identifier: Apache-2.0
"""Sessions that go on: how often, across reloads, and never where other rules hold."""

import os
import ssl

import pytest

from harness import client
from harness.tls import *  # noqa: F401,F403  pylint: disable=wildcard-import


def reconnects(made, context, count, session=None, name="a.test"):
    """How many of that many connections went on with the session of the one before."""
    resumed = 0
    for _ in range(count):
        with context.wrap_socket(client.connect(made.port), server_hostname=name,
                                 session=session) as sock:
            sock.sendall(b"GET / HTTP/1.1\r\nHost: a.test\r\nConnection: close\r\n\r\n")
            while sock.recv(65536):
                pass
            resumed += sock.session_reused
            session = sock.session
    return resumed, session


@pytest.mark.timeout(120)
@pytest.mark.parametrize("version", ["1.2", "1.3"])
def test_of_1000_reconnects_nearly_all_resume(weir_tls, pki, version):
    made = weir_tls("ecdsa")
    context = pki.context(version)
    resumed, session = reconnects(made, context, 1)
    resumed, session = reconnects(made, context, 1000, session)
    assert resumed >= 990


def test_a_ticket_of_one_loop_opens_the_others(weir_tls, pki):
    made = weir_tls("ecdsa", server={"workers": 3})
    context = pki.context()
    _, session = reconnects(made, context, 1)
    assert reconnects(made, context, 100, session)[0] == 100


def test_a_ticket_outlives_a_reload(weir_tls, pki):
    made = weir_tls("ecdsa")
    context = pki.context()
    _, session = reconnects(made, context, 1)
    with open(made.conf, "a", encoding="utf-8") as conf:
        conf.write("\n# another generation\n")
    made.signal(1)
    made.await_line("reload|generation")
    assert reconnects(made, context, 2, session)[0] == 2


@pytest.mark.parametrize("version", ["1.2", "1.3"])
def test_a_ticket_is_bound_to_its_name(weir_tls, pki, version):
    made = weir_tls("ecdsa", "b")
    context = pki.context(version)
    context.check_hostname = False
    _, session = reconnects(made, context, 1, name="a.test")
    assert reconnects(made, context, 1, session, name="b.test")[0] == 0
    assert reconnects(made, context, 1, session, name="www.a.test")[0] == 0
    assert reconnects(made, context, 1, session, name="a.test")[0] == 1


@pytest.mark.parametrize("version", ["1.2", "1.3"])
def test_a_ticket_of_one_host_never_opens_one_that_asks_for_certificates(weir_tls, pki, version):
    made = weir_tls("ecdsa", "b", client_ca=pki.path("ca.pem"), client_verify="require",
                    client_hosts=["b.test"])
    context = pki.context(version)
    context.check_hostname = False
    _, session = reconnects(made, context, 1, name="a.test")
    with pytest.raises((ssl.SSLError, ConnectionError)):
        reconnects(made, context, 1, session, name="b.test")


def test_keys_of_a_file_open_tickets_of_another_machine(weir_tls, pki, tmp_path):
    keys = tmp_path / "keys"
    keys.write_bytes(os.urandom(160))
    keys.chmod(0o600)
    context = pki.context()
    _, session = reconnects(weir_tls("ecdsa", ticket_keys=str(keys)), context, 1)
    assert reconnects(weir_tls("ecdsa", ticket_keys=str(keys)), context, 1, session)[0] == 1
    assert reconnects(weir_tls("ecdsa"), context, 1, session)[0] == 0


def test_without_tickets_nothing_resumes(weir_tls, pki):
    made = weir_tls("ecdsa", tickets=False)
    for version in ("1.2", "1.3"):
        assert reconnects(made, pki.context(version), 3)[0] == 0
