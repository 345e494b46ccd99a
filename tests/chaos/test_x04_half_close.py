# SPDX-License-Identifier: Apache-2.0
"""X04: who ends one direction only, and bytes that come when nobody expects any."""

import re
import signal

import pytest
from chaos import chaosd
from chaos.chaosd_tally import LONG, await_that, no_descriptor_lost, report

from harness import client, pace

TIMES = 100 if LONG else 10
UPGRADE = (b"GET / HTTP/1.1\r\nHost: t\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
           b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n")
SWITCH = (b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
          b"Sec-WebSocket-Accept: ICX+Yqv66kxgM0FcWaLWlFLwTAI=\r\n\r\n")


def answer(body, more=b""):
    return b"HTTP/1.1 200 OK\r\n" + more + b"Content-Length: %d\r\n\r\n" % len(body) + body


def told(what, requests, failures=0):
    report(f"X04 {what}: {requests} requests, {failures} visible failures, 0 corrupted, 0 lost, "
           "0 duplicated, 0 hangs")


def test_a_client_that_half_closes_while_it_waits_counts_as_gone(weir_to):
    with chaosd.Chaosd("expect \\r\\n\\r\\n\nuntil-end 60000") as origin:
        weir = weir_to(origin)
        with no_descriptor_lost(weir):
            for number in range(TIMES):
                with client.Client(weir.port) as made:
                    made.request()
                    assert origin.wait(lambda o, n=number: len(o.peers) > n and o.peers[n].looked)
                    made.half_close()
                    assert made.rest() == b""
                assert origin.wait(lambda o, n=number: o.peers[n].ended)
    told("client half-closes, then nothing", TIMES, TIMES)


def test_an_origin_that_half_closes_behind_its_answer_has_answered(weir_to):
    script = "expect \\r\\n\\r\\n\nsend HTTP/1.1 200 OK\\r\\nContent-Length: 5\\r\\n\\r\\nhello\n" \
             "half-close\nuntil-end 60000"
    with chaosd.Chaosd(script) as origin:
        weir = weir_to(origin)
        with no_descriptor_lost(weir), client.Client(weir.port) as made:
            for _ in range(TIMES):
                assert made.get().body == b"hello"
        # One request each: a connection with an end in it is not used again, but closed.
        assert origin.wait(lambda o: all(peer.ended for peer in o.peers))
        assert len(origin.peers) == TIMES
    told("origin half-closes behind its answer", TIMES)


@pytest.mark.parametrize("end", ["half-close", "fin", "rst"])
def test_an_origin_that_ends_before_it_answers_is_502(end, weir_to):
    with chaosd.Chaosd(f"expect \\r\\n\\r\\n\n{end}\nuntil-end 60000") as origin:
        weir = weir_to(origin)
        with no_descriptor_lost(weir):
            for _ in range(TIMES):
                with client.Client(weir.port) as made:
                    made.send(b"POST / HTTP/1.1\r\nHost: t\r\nContent-Length: 5\r\n\r\nhe")
                    assert made.head().status == 502
    told(f"origin ends by {end} before it answers", TIMES, TIMES)


def test_an_origin_that_answers_early_and_half_closes_is_heard(weir_to):
    def early(peer):
        peer.expect(b"\r\n\r\n")
        peer.send(answer(b"enough"))
        peer.half_close()
        peer.until_end()

    with chaosd.Chaosd(early) as origin:
        weir = weir_to(origin)
        with no_descriptor_lost(weir):
            for _ in range(TIMES):
                with client.Client(weir.port) as made:
                    made.send(b"POST / HTTP/1.1\r\nHost: t\r\nContent-Length: 900000\r\n\r\nhello")
                    assert made.response().body == b"enough"
                    made.send(b"a" * 900_000)
                    made.rest()
    told("origin answers early and half-closes", TIMES)


BRIEF = {"idle_timeout": "1s"}  # so that the count of descriptors comes back


def numbered(peer):
    """Answers each request with its target."""
    while True:
        peer.send(answer(re.match(rb"GET /(\S*) ", peer.expect(b"\r\n\r\n"))[1]))


SURPLUS = answer(b"stolen")


@pytest.mark.parametrize("data", [SURPLUS, b"\r\n", b"x"], ids=["answer", "crlf", "byte"])
def test_late_data_of_an_idle_origin_is_no_answer(data, weir_to):
    with chaosd.Chaosd(numbered) as origin:
        weir = weir_to(origin, upstream=BRIEF)
        with no_descriptor_lost(weir), client.Client(weir.port) as made:
            for number in range(TIMES):
                assert made.get(f"/{number}").body == b"%d" % number
                late = origin.peers[-1]
                late.send(data)
                assert origin.wait(lambda _, peer=late: peer.ended or not peer.open)
    told("late data while idle", TIMES)


def stopped(weir):
    with open(f"/proc/{weir.process.pid}/stat", encoding="ascii") as stat:
        return stat.read().rpartition(")")[2].split()[0] == "T"


@pytest.mark.parametrize("first", ["client", "origin"])
def test_late_data_in_the_turn_of_the_next_request_is_no_answer_to_it(first, weir_to):
    # Both are there before weir looks at either: the connection at rest must not be used.
    with chaosd.Chaosd(numbered) as origin:
        weir = weir_to(origin, upstream=BRIEF, alone=True)
        with no_descriptor_lost(weir), client.Client(weir.port) as made:
            for number in range(TIMES):
                assert made.get(f"/{number}-a").body == b"%d-a" % number
                weir.signal(signal.SIGSTOP)
                await_that(lambda: stopped(weir), "the process to stop")
                sends = [lambda n=number: made.request(f"/{n}-b"),
                         lambda: origin.peers[-1].send(SURPLUS)]
                for send in sends if first == "client" else reversed(sends):
                    send()
                weir.signal(signal.SIGCONT)
                assert made.response().body == b"%d-b" % number
    told(f"late data beside the next request, {first} first", 2 * TIMES)


def test_late_data_of_a_client_takes_no_answer_from_it(weir_to):
    with chaosd.Chaosd(numbered) as origin:
        weir = weir_to(origin, upstream=BRIEF)
        with no_descriptor_lost(weir):
            for number in range(TIMES):
                with client.Client(weir.port) as made:
                    made.request(f"/{number}", "Connection: close")
                    made.send(b"GET /late HTTP/1.1\r\nHost: t\r\n\r\n" * 100)
                    assert made.response().body == b"%d" % number
                    assert made.rest() == b""
    told("late data of a client", TIMES)


@pytest.mark.parametrize("first", ["client", "origin"])
def test_a_tunnel_ends_one_direction_after_the_other(first, weir_to):
    size = 300_000

    def speak(peer):
        peer.expect(b"\r\n\r\n")
        peer.send(SWITCH)
        if first == "client":
            peer.until_end()
            peer.send(b"%d" % (len(peer.received) - peer.looked))
        else:
            peer.send(b"all")
            peer.half_close()
            peer.until_end()
            assert len(peer.received) - peer.looked == size

    with chaosd.Chaosd(speak) as origin:
        weir = weir_to(origin, upstream=BRIEF)
        with no_descriptor_lost(weir):
            for _ in range(TIMES):
                with client.Client(weir.port, pace.PATIENCE) as made:
                    made.send(UPGRADE)
                    assert made.head().status == 101
                    if first == "origin":
                        assert made.rest() == b"all"
                    made.send(b"a" * size)
                    made.half_close()
                    assert made.rest() == (b"" if first == "origin" else b"%d" % size)
    told(f"tunnel, {first} first", TIMES)
