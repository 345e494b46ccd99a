# SPDX-License-Identifier: Apache-2.0
"""X12: one allocation in N fails, and then memory runs out for good."""

import hashlib
import mmap
import os
import resource
import struct
import threading

import pytest
from chaos import chaosd
from chaos.chaosd_tally import LONG, Tally, await_that, no_descriptor_lost, report

from harness import client, http1, pace, proxy

REQUESTS = 1_000_000 if LONG else 100_000
CLIENTS = 4
PROGRAM = pace.BUILD / "weir_fail_alloc"

pytestmark = pytest.mark.skipif(not PROGRAM.exists(), reason=f"no {PROGRAM.name} in this build")


class Failures:
    """The page that tells the program which share of its allocations fails."""

    def __init__(self, path):
        path.write_bytes(bytes(24))
        self.path = path
        with open(path, "r+b") as file:
            self.page = mmap.mmap(file.fileno(), 24)

    def set(self, one_in):
        self.page[:8] = struct.pack("Q", one_in)

    @property
    def counts(self):
        return struct.unpack("QQ", self.page[8:24])


@pytest.fixture
def failures(tmp_path, monkeypatch):
    monkeypatch.setattr(proxy, "executable", lambda: PROGRAM)
    return Failures(tmp_path / "failures")


def mirror(peer):
    """Answers a body by itself in chunks, and none by a few bytes; now and then it closes."""
    reader = http1.Reader(peer.sock)
    number = 0
    while (request := reader.request()) is not None:
        number += 1
        body = b"".join(reader.parts(request)) or request.target.encode()
        head = b"HTTP/1.1 200 OK\r\n" + (b"Connection: close\r\n" if number % 7 == 0 else b"")
        if len(body) % 2:
            peer.send(head + b"Transfer-Encoding: chunked\r\n\r\n"
                      + b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body))
        else:
            peer.send(head + b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
        if number % 7 == 0:
            return


def ask(made, number, tally):
    """One request of many kinds; whether the connection can be used further."""
    size = (0, 0, 10, 3001, 70_000)[number % 5]
    body = hashlib.sha256(b"%d" % number).digest() * (size // 32 + 1) if size else None
    try:
        response = made.get(f"/{number}", *([] if number % 3 else ["X-Long: " + "a" * 2000]),
                            method="POST" if body else "GET", body=body)
    except (http1.Cut, OSError) as fault:
        tally.count("lost" if isinstance(fault, TimeoutError) else "failed", number)
        return False
    wanted = body or f"/{number}".encode()
    if response.status == 200:
        tally.count("whole" if response.body == wanted else "corrupted", number)
    else:
        tally.count("failed" if response.status in (500, 502, 503) else "corrupted", number)
    return not response.fields.has("Connection") and number % 11 != 0


def load(weir, tally, numbers):
    numbers = iter(numbers)
    number = next(numbers, None)
    while number is not None:
        with client.Client(weir.port) as made:
            keep = True
            while keep and number is not None:
                keep = ask(made, number, tally)
                number = next(numbers, None)


@pytest.mark.timeout(3000 if LONG else 600)
@pytest.mark.parametrize("one_in", [1000, 100])
def test_an_allocation_that_fails_ends_no_process(one_in, weir_to, failures):
    tally = Tally(f"X12 one in {one_in}")
    with chaosd.Chaosd(mirror) as origin:
        weir = weir_to(origin, upstream={"idle_timeout": "1s"}, modules=["access_log"],
                       more='[observe.access_log]\nfile = "/dev/null"\n',
                       env={"WEIR_FAIL_ALLOC_FILE": str(failures.path)})
        with no_descriptor_lost(weir):
            failures.set(one_in)
            parts = [range(first, REQUESTS, CLIENTS) for first in range(CLIENTS)]
            threads = [threading.Thread(target=load, args=(weir, tally, part)) for part in parts]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            assert weir.process.poll() is None, weir.stderr
            failures.set(0)
        assert weir.get("/after").body == b"/after"
        weir.await_line("out of memory")
    allocations, failed = failures.counts
    assert tally.requests == REQUESTS
    assert failed > 0
    tally.check(f"{failed} of {allocations} allocations failed")


@pytest.mark.timeout(60)
def test_a_process_without_memory_refuses_and_recovers(weir_to):
    # Real want: the address space may not grow. What is there is served, what is new refused.
    size = 60_000
    tally = Tally("X12 no memory at all")
    with chaosd.Chaosd(mirror) as origin:
        weir = weir_to(origin, limits={"connections_per_client": 0},
                       timeouts={"body": "30s"}, alone=True)
        assert weir.get("/before").body == b"/before"
        now = weir.memory("VmSize")
        _, hard = resource.prlimit(weir.process.pid, resource.RLIMIT_AS)
        resource.prlimit(weir.process.pid, resource.RLIMIT_AS, (now, hard))
        holding = []
        for _ in range(4000):  # each wants a chunk of memory, until there is none
            made = client.Client(weir.port)
            made.send(b"GET /%d HTTP/1.1\r\nHost: t\r\nX-A: " % len(holding) + b"a" * 15_000)
            holding.append(made)
        for made in holding:
            made.send(b"\r\n\r\n")
        refused = 0
        for made in holding:
            try:
                status = made.response().status
            except (http1.Cut, OSError):
                status = None
            refused += status != 200
            tally.count("whole" if status == 200 else "failed", refused)
            made.close()
        assert weir.process.poll() is None, weir.stderr
        resource.prlimit(weir.process.pid, resource.RLIMIT_AS, (hard, hard))
        await_that(lambda: weir.get("/after").status == 200, "an answer when there is memory")
        body = os.urandom(size)
        assert weir.get("/", method="POST", body=body).body == body
    assert refused > 0
    tally.check(f"{refused} refused while there was none, and served again afterwards")
