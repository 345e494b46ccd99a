# SPDX-License-Identifier: Apache-2.0
"""probe in a real proxy, before and while it ends."""

import signal

import pytest
from harness import client, config


@pytest.fixture
def probed(weir):
    def make(notice="0s", drain="5s"):
        return weir(config.table("[server]", {"workers": 1, "drain": drain, "notice": notice})
                    + config.table("[[listener]]", {"address": "127.0.0.1:0"})
                    + config.table("[[route]]", {"path": "/ready", "filters": ["probe"]})
                    + config.table("[[route]]", {"path": "/live",
                                                 "filters": [{"probe": {"asks": "live"}}]}),
                    modules=["probe"])
    return make


def test_it_is_ready_and_live(probed):
    weir = probed()
    for path, word in (("/ready", b"ready\n"), ("/live", b"live\n")):
        answer = weir.get(path)
        assert (answer.status, answer.body) == (200, word)
        assert answer.get("Cache-Control") == "no-store"


def test_during_the_notice_new_connections_hear_that_it_drains(probed):
    weir = probed("20s")
    weir.signal(signal.SIGTERM)
    weir.await_line("about to drain")
    answer = weir.get("/ready")
    assert (answer.status, answer.body) == (503, b"draining\n")
    assert weir.get("/live").status == 200
    weir.signal(signal.SIGTERM)  # no more notice
    weir.await_line("draining:")
    assert weir.wait() == 0


def test_the_notice_ends_by_itself(probed):
    weir = probed("300ms")
    weir.signal(signal.SIGTERM)
    weir.await_line("draining:")
    assert weir.wait() == 0


def test_a_notice_longer_than_the_drain_is_kept(probed):
    weir = probed("4s", drain="500ms")
    weir.signal(signal.SIGTERM)
    weir.await_line("about to drain")
    weir.await_line("draining:")
    assert weir.wait() == 0


def test_a_kept_connection_hears_it_too(probed):
    weir = probed("20s")
    with client.Client(weir.port) as kept:
        assert kept.get("/ready").status == 200
        weir.signal(signal.SIGTERM)
        weir.await_line("about to drain")
        assert kept.get("/ready").status == 503
    weir.signal(signal.SIGTERM)
