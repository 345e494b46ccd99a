# SPDX-License-Identifier: Apache-2.0
"""What tests of overload share: weir's own figures, an origin and clients in great numbers. A file
or folder of tests imports the fixtures that it wants."""

import json
import re
import resource
import selectors
import signal
import socket
import threading
import time

import pytest

from harness import client, config, pace

GET = b"GET / HTTP/1.1\r\nHost: test\r\n\r\n"
HEALTH = config.table("[[route]]", {"path": "/health", "overload": "serve",
                                    "filters": [{"respond": {"body": "well"}}]})


@pytest.fixture(autouse=True)
def descriptors():
    """This process opens many."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


class Watched:
    """A weir with a control socket, and what it says of overload."""

    def __init__(self, weir, control):
        self.weir = weir
        self.control = str(control)

    def __getattr__(self, name):
        return getattr(self.weir, name)

    def figures(self):
        with client.Client(self.control) as made:
            answer = json.loads(made.get("/v1/status").body)
        return answer["processes"][0]["overload"]

    def await_figures(self, holds, patience=None):
        until = time.monotonic() + (patience or pace.PATIENCE * 2)
        while not holds(figures := self.figures()):
            assert time.monotonic() < until, f"{figures}\n{self.weir.stderr}"
            time.sleep(0.02)
        return figures

    def await_step(self, *names):
        return self.await_figures(lambda figures: figures["step"] in names)

    def limit_memory(self, size):
        """By a reload."""
        told = self.stderr.count(" reloaded: ")
        limits = config.table("[server.limits]", {"memory": size, "connections_per_client": 0})
        self.conf.write_text(re.sub(r"\[server\.limits\]\n[^\[]*", limits, self.conf.read_text()))
        self.signal(signal.SIGHUP)
        self.await_line("reloaded: generation", told + 1)

    def cpu_seconds(self):
        with open(f"/proc/{self.process.pid}/stat", encoding="ascii") as stat:
            fields = stat.read().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / 100


@pytest.fixture
def watched(weir_to, tmp_path):
    """watched(origin, ...) starts weir as weir_to does, for any number of clients."""
    def make(to, limits=None, server=None, **how):
        control = tmp_path / "control"
        limits = {"connections_per_client": 0, **(limits or {})}
        weir = weir_to(to, limits=limits, server={"control": str(control), **(server or {})}, **how)
        return Watched(weir, control)

    return make


class Flood:
    """An origin that answers every request with a body without end, for any number of them."""

    HEAD = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    CHUNK = b"8000\r\n" + b"a" * 0x8000 + b"\r\n"

    def __init__(self):
        self.listening = socket.create_server(("127.0.0.1", 0), backlog=4096)
        self.listening.setblocking(False)
        self.url = f"http://127.0.0.1:{self.listening.getsockname()[1]}"
        self.selector = selectors.DefaultSelector()
        self.selector.register(self.listening, selectors.EVENT_READ)
        self.ends, self.end = socket.socketpair()
        self.selector.register(self.ends, selectors.EVENT_READ)
        self.left = {}  # what of a chunk is still to be sent, by socket
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self):
        while True:
            for key, events in self.selector.select():
                if key.fileobj is self.ends:
                    return
                if key.fileobj is self.listening:
                    self.accept()
                else:
                    self.serve(key.fileobj, events)

    def accept(self):
        try:
            made, _ = self.listening.accept()
        except BlockingIOError:
            return
        made.setblocking(False)
        made.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 65536)
        self.selector.register(made, selectors.EVENT_READ)

    def serve(self, made, events):
        try:
            if events & selectors.EVENT_READ:
                if not made.recv(65536):
                    raise ConnectionResetError
                self.left[made] = self.HEAD
                self.selector.modify(made, selectors.EVENT_READ | selectors.EVENT_WRITE)
            if events & selectors.EVENT_WRITE:
                sent = made.send(self.left[made])
                self.left[made] = self.left[made][sent:] or self.CHUNK
        except BlockingIOError:
            pass
        except OSError:
            self.selector.unregister(made)
            self.left.pop(made, None)
            made.close()

    def close(self):
        self.end.close()
        self.thread.join(pace.PATIENCE)
        for key in list(self.selector.get_map().values()):
            key.fileobj.close()
        self.selector.close()


@pytest.fixture
def flood():
    made = Flood()
    yield made
    made.close()


class Crowd:
    """Clients that connect, ask if they have something to ask, and read nothing."""

    def __init__(self, port, count, request=b""):
        self.sockets = []
        for _ in range(count):
            made = socket.socket()
            self.sockets.append(made)
            made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            made.settimeout(pace.PATIENCE)
            made.connect(("127.0.0.1", port))
            if request:
                made.sendall(request)

    def close(self):
        while self.sockets:
            self.sockets.pop().close()


@pytest.fixture
def crowd():
    """crowd(port, count, request) connects that many."""
    made = []

    def make(*args):
        made.append(Crowd(*args))
        return made[-1]

    yield make
    for each in made:
        each.close()


def survives(weir, budget, crowd, readers):
    """So many clients that read nothing: some are reset, new requests are 503 and what is to be
    served is, the memory stays within the budget, and it all ends with them."""
    kept = weir.client()
    assert kept.get("/health").status == 200
    slow = crowd(weir.port, readers, GET)
    weir.await_figures(lambda figures: figures["exchanges_reset"] > 0)
    until = time.monotonic() + pace.PATIENCE * 2
    while (response := kept.get()).status == 200:
        assert time.monotonic() < until, weir.figures()
    assert response.status == 503
    assert response.get("Retry-After") == "1"
    assert kept.get("/health").status == 200
    assert weir.memory("VmHWM") < budget * 1.1
    slow.close()
    weir.await_step("normal")
    assert weir.get("/health").status == 200
    assert kept.get("/health").status == 200
