# SPDX-License-Identifier: Apache-2.0
"""X10: 64 descriptors, and then a thousand clients."""

import socket
import threading
import time

import pytest
from chaos import chaosd, chaosd_crowd
from chaos.chaosd_tally import await_that, processor_time, report

from harness import client, http1, pace

CLIENTS = 1000
REQUEST = b"GET /origin HTTP/1.1\r\nHost: t\r\n\r\n"


def answered(weir):
    """Whether a client of good will is served by weir itself within a short time."""
    try:
        with client.Client(weir.port, 0.5 * pace.FACTOR) as made:
            return made.get("/fine").status == 200
    except (http1.Cut, OSError):
        return False


def crowd(port):
    """Connections that ask at once, as far as the system takes them; none is waited for."""
    made = []
    for _ in range(CLIENTS):
        sock = socket.socket()
        sock.setblocking(False)
        sock.connect_ex(("127.0.0.1", port))
        try:
            sock.send(REQUEST)
        except OSError:
            pass  # not connected yet, or turned away already
        made.append(sock)
    return made


@pytest.mark.timeout(60)
@pytest.mark.skipif(pace.SANITIZED, reason="UBSan asks by a pipe whether memory can be read")
@pytest.mark.parametrize("limits", [{}, {"connections": 2 * CLIENTS}],
                         ids=["limit_of_its_own", "limit_of_the_system"])
def test_a_thousand_clients_at_64_descriptors(limits, weir_to):
    script = "expect \\r\\n\\r\\n\n" \
             "send HTTP/1.1 200 OK\\r\\nContent-Length: 2\\r\\n\\r\\nok\nagain"
    with chaosd.Chaosd(script) as origin:
        weir = weir_to(origin, modules=chaosd_crowd.MODULES, more=chaosd_crowd.ROUTE,
                       route={"path": "/*"}, limits={"connections_per_client": 0, **limits},
                       under=("prlimit", "--nofile=64:64"))
        before = weir.open_files()
        with weir.client() as kept:
            assert kept.get("/fine").status == 200
            others = crowd(weir.port)
            used, began = processor_time(weir), time.monotonic()
            for _ in range(100):  # who is in goes on being served
                assert kept.get("/fine").status == 200
            pause = threading.Event()
            while time.monotonic() - began < 2:
                assert kept.get("/fine").status == 200
                assert weir.open_files() <= 64
                pause.wait(0.05)
            spent = processor_time(weir) - used
            for sock in others:
                sock.close()
            took = await_that(lambda: answered(weir), "a new client to be served")
        report(f"X10 {'limit of the system' if limits else 'limit of its own'}: {CLIENTS} clients, "
               f"{spent:.2f} s of processor time in 2 s, served again {took * 1000:.0f} ms after "
               "the release")
        assert spent < 1
        assert took <= 1 * pace.FACTOR
        await_that(lambda: weir.open_files() <= before + 1, "the descriptors to come back")
        assert weir.get("/origin").body == b"ok"
