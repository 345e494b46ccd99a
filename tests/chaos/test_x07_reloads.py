# SPDX-License-Identifier: Apache-2.0
"""X07: reloads under load, one in five with a broken file, while a WebSocket and a slow download
that began before the first one go on."""

import hashlib
import json
import signal
import threading

import pytest
from chaos.chaosd_clients import Clients, answer
from chaos.chaosd_tally import LONG, Tally
from harness import client, config, pace, proxy, stream

pytestmark = pytest.mark.threads
RELOADS = 500 if LONG else 60
CLIENTS = 16
SLOW = 8 << 20


class Storm:
    """A weir with a control socket, an origin, and what has begun before the first reload."""

    def __init__(self, weir, origin, control):
        self.origin = origin
        self.control = control
        self.weir = weir(self.text(0))

    def text(self, number, broken=False):
        return ('modules = ["headers"]\n'
                + config.table("[server]", {"workers": 2, "drain": "5s",
                                            "control": str(self.control)})
                + config.table("[server.limits]", {"connections_per_client": 0})
                + config.table("[[listener]]", {"address": "127.0.0.1:0"})
                + config.table("[[route]]", {"to": self.origin.url, "filters": [
                    {"headers": {"response": {"set": {"X-Round": str(number)}}}}]})
                + ("[[route]]\npth = 1\n" if broken else ""))

    def reload(self, number):
        """Every fifth file is broken."""
        broken = number % 5 == 4
        self.weir.conf.write_text(self.text(number, broken))
        refused = self.count("not reloaded")
        good = self.count("reloaded: generation")
        self.weir.signal(signal.SIGHUP)
        if broken:
            self.weir.await_line("not reloaded", count=refused + 1)
        else:
            self.weir.await_line("reloaded: generation", count=good + 1)

    def count(self, words):
        return self.weir.stderr.count(words)

    def generations(self):
        status = json.loads(proxy.run("ctl", "status", "--control", self.control).stdout)
        return [each["number"] for each in status["processes"][0]["generations"]]


@pytest.mark.timeout(600)
def test_x07_reloads_under_load(weir, make_origin, tmp_path):
    go_on = threading.Event()
    tally = Tally("X07")

    def serve(exchange):
        target = exchange.request.target
        if target == "/ws":
            exchange.send(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
                          b"Connection: Upgrade\r\nSec-WebSocket-Accept: "
                          b"s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n")
            while data := exchange.connection.sock.recv(4096):
                exchange.send(data)
        elif target == "/slow":
            exchange.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % SLOW)
            for number, part in enumerate(stream.pieces(SLOW)):
                if number == 4:
                    go_on.wait(pace.PATIENCE * 20)
                exchange.send(part)
        else:
            answer(tally, exchange)

    origin = make_origin(serve, keep=0)
    storm = Storm(weir, origin, tmp_path / "c.sock")
    tunnel = client.Client(storm.weir.port)
    tunnel.send(b"GET /ws HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n")
    assert tunnel.head().status == 101
    slow = client.Client(storm.weir.port)
    slow.send(b"GET /slow HTTP/1.1\r\nHost: a\r\n\r\n")
    slow_head = slow.head()
    clients = Clients(tally, storm.weir.port, CLIENTS)
    most, memory = 0, 0
    try:
        for number in range(1, RELOADS + 1):
            storm.reload(number)
            if number % 10 == 0:
                most = max(most, len(storm.generations()))
                clients.await_good(CLIENTS)
                tunnel.send(b"round %04d" % number)
                assert b"".join(tunnel.reader.exactly(10)) == b"round %04d" % number
            if number == RELOADS // 5:
                memory = storm.weir.memory("VmRSS")
        after = storm.weir.memory("VmRSS")
        go_on.set()
        digest = hashlib.sha256()
        for part in slow.reader.parts(slow_head):
            digest.update(part)
        clients.await_good(CLIENTS)
    finally:
        go_on.set()
        clients.stop()
        tunnel.close()
        slow.close()
    clients.tally.check(
        f"{RELOADS} reloads, {RELOADS // 5} of them broken, {clients.refused} refused, at most "
        f"{most} generations, {memory >> 10} KiB after a fifth of them, {after >> 10} at the end")
    assert clients.tally.visible == 0 and clients.refused == 0
    assert digest.hexdigest() == stream.digest(stream.pieces(SLOW))[0]
    assert most <= 3
    if not pace.SANITIZED:
        assert after < memory * 1.05
