# SPDX-License-Identifier: Apache-2.0
"""X14: name servers that are silent, wrong, fickle or generous, behind the system's resolver.

weir runs in a mount namespace of its own, whose resolv.conf names a server of this test.
"""

import os
import random
import socket
import struct
import threading

import pytest
from chaos import chaosd, chaosd_crowd
from chaos.chaosd_crowd import Crowd
from chaos.chaosd_tally import await_that, report

from harness import pace

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root makes a mount namespace")

NAME, SERVFAIL, NXDOMAIN = "origin.chaos", 2, 3
A, AAAA = 1, 28


class NameServer:
    """Answers every question as `mood` says: a list of addresses, an rcode, or None for silence.
    Names are answered as A; AAAA has no data."""

    def __init__(self, mood):
        self.mood = mood
        self.asked = 0
        self.sock, self.host = self.bind()
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    @staticmethod
    def bind():
        """Port 53 is the only one that a resolv.conf can name, so the address has to be free."""
        while True:
            sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            host = f"127.53.{random.randrange(1, 255)}.{random.randrange(1, 255)}"
            try:
                sock.bind((host, 53))
                return sock, host
            except OSError:
                sock.close()

    def run(self):
        while True:
            question, peer = self.sock.recvfrom(1024)
            if question == b"stop":
                return
            self.asked += 1
            if self.mood is not None:
                self.sock.sendto(self.answer(question), peer)

    def answer(self, question):
        end = question.index(b"\0", 12) + 5
        kind = struct.unpack("!H", question[end - 4 : end - 2])[0]
        found = self.mood if isinstance(self.mood, list) and kind == A else []
        code = self.mood if isinstance(self.mood, int) else 0
        records = b"".join(b"\xc0\x0c" + struct.pack("!HHIH", A, 1, 1, 4) + socket.inet_aton(each)
                           for each in found)
        # One datagram holds what glibc asked for room for (1,232 bytes by EDNS, or 512): the rest
        # comes by TCP.
        if len(records) > 400 and not self.by_tcp:
            return question[:2] + struct.pack("!HHHHH", 0x8780, 1, 0, 0, 0) + question[12:end]
        head = question[:2] + struct.pack("!HHHHH", 0x8580 | code, 1, len(found), 0, 0)
        return head + question[12:end] + records

    by_tcp = False

    def close(self):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            sock.sendto(b"stop", (self.host, 53))
        self.thread.join(pace.PATIENCE)
        self.sock.close()


class TcpNames(NameServer):
    """The same, and by TCP too, where long answers are asked for."""

    def __init__(self, mood):
        super().__init__(mood)
        self.listening = socket.create_server((self.host, 53))
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                sock, _ = self.listening.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(sock,), daemon=True).start()

    def serve(self, sock):
        peer = chaosd.Peer(sock)
        try:
            while True:
                question = peer.read(struct.unpack("!H", peer.read(2))[0])
                long = TcpNames.__new__(TcpNames)
                long.mood, long.by_tcp = self.mood, True
                answer = long.answer(question)
                peer.send(struct.pack("!H", len(answer)) + answer)
        except (chaosd.Gone, OSError):
            peer.close()

    def close(self):
        self.listening.shutdown(socket.SHUT_RDWR)
        self.listening.close()
        super().close()


@pytest.fixture
def names():
    made = []

    def make(mood):
        made.append(TcpNames(mood))
        return made[-1]

    yield make
    for each in made:
        each.close()


@pytest.fixture
def weir_asking(weir_to, tmp_path):
    """weir_asking(server, port): weir with one upstream of that name, and that server only."""
    def make(server, port, modules=(), **how):
        conf = tmp_path / "resolv.conf"
        conf.write_text(f"nameserver {server.host}\noptions timeout:1 attempts:1\n")
        script = f'mount --bind {conf} /etc/resolv.conf && exec "$@"'
        return weir_to(f"http://{NAME}:{port}", route={"path": "/*"},
                       modules=[*chaosd_crowd.MODULES, *modules], more=chaosd_crowd.ROUTE,
                       under=("unshare", "-m", "sh", "-c", script, "sh"), **how)

    return make


@pytest.fixture
def origin():
    def answer(peer):
        peer.to = peer.sock.getsockname()[0]
        peer.run("expect \\r\\n\\r\\n\n"
                 "send HTTP/1.1 200 OK\\r\\nContent-Length: 2\\r\\n\\r\\nok\nagain")

    with chaosd.Chaosd(answer, host="0.0.0.0") as made:
        yield made


@pytest.mark.timeout(60)
@pytest.mark.parametrize(("mood", "words"), [(None, "no name server answered"),
                                             (SERVFAIL, "no name server answered"),
                                             (NXDOMAIN, "no such name")],
                         ids=["silence", "servfail", "nxdomain"])
def test_a_name_that_does_not_resolve_is_a_503_until_it_does(mood, words, names, weir_asking,
                                                            origin):
    server = names(mood)
    weir = weir_asking(server, origin.port)
    with Crowd(weir.port) as crowd:
        crowd.enter("before", 50)
        began_at = server.asked
        assert weir.get("/").status in (502, 503)
        weir.await_line(f"{NAME} does not resolve: {NAME}: {words}; the endpoint is down")
        crowd.enter("during")
        server.mood = ["127.0.0.1"]
        took = await_that(lambda: weir.get("/").status == 200, "the name to be asked for again")
        crowd.enter("after")
        crowd.stop()
    report(f"X14 {words}: 503, and 200 {took:.1f} s after the name was there, "
           f"{server.asked - began_at} questions; {crowd.line('during')}")
    crowd.check("during", 2)


@pytest.mark.timeout(120)
def test_the_last_good_addresses_are_kept_and_no_loop_waits(names, weir_asking, origin):
    server = names(["127.0.0.1"])
    weir = weir_asking(server, origin.port)
    assert weir.get("/").body == b"ok"
    moods = [(SERVFAIL, "no name server answered"), (NXDOMAIN, "no such name"),
             (None, "no name server answered"), (["127.0.0.2"], None)]
    requests = 0
    with Crowd(weir.port, target="/") as crowd:
        crowd.enter("before", 200)
        crowd.enter("during")
        for mood, words in moods:
            server.mood, before = mood, server.asked
            await_that(lambda n=before: server.asked > n + 1, "the next question", 45)
            if words:
                weir.await_line(f"{words}; the last addresses are kept")
            requests += 1
            assert weir.get("/").body == b"ok"
        crowd.enter("after")
        crowd.stop()
    report(f"X14 flapping: {len(crowd.took['during']) + requests} requests, 0 visible failures, "
           f"0 corrupted, 0 lost, 0 duplicated in {len(moods)} moods; {crowd.line('during')}")
    crowd.check("during", 2)


def test_two_hundred_addresses_are_two_hundred_endpoints(names, weir_asking, origin):
    server = names([f"127.0.2.{number}" for number in range(1, 201)])
    weir = weir_asking(server, origin.port, modules=["round_robin"],
                       upstream={"balancer": "round_robin"})
    statuses = [weir.get("/").status for _ in range(400)]
    reached = {peer.to for peer in origin.peers}
    report(f"X14 200 addresses: 400 requests, {400 - statuses.count(200)} visible failures, "
           f"0 corrupted, 0 lost, 0 duplicated; {len(reached)} addresses were used")
    assert statuses == [200] * 400
    assert len(reached) == 200
