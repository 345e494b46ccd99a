# SPDX-License-Identifier: Apache-2.0
"""Bodies larger than a proxy should ever hold: equal on the other side, in little memory."""

import shutil
import threading

import pytest

from harness import pace, stream

SIZE = pace.bulk_size()
ROOM = 8 << 20  # what the process may grow by


def flood(sock, parts):
    """Sends from a thread of its own, as an upload and its answer overlap."""
    def send():
        try:
            for part in parts:
                sock.sendall(part)
        except OSError:
            pass

    thread = threading.Thread(target=send, daemon=True)
    thread.start()
    return thread


def sink(exchange):
    """Answers with hash and length of the body."""
    exchange.read = True
    exchange.invite()
    sha, size = stream.digest(exchange.connection.reader.parts(exchange.request))
    exchange.respond(body=f"{sha} {size}".encode())


@pytest.fixture
def warm(weir_to):
    """weir behind which everything was used once, so that growth is growth."""
    def start(origin, **how):
        weir = weir_to(origin, **how)
        weir.get(method="POST", body=b"a" * 300_000)
        return weir

    return start


@pytest.mark.timeout(120)
@pytest.mark.parametrize("framing", ["length", "chunked"])
def test_an_upload_arrives_as_it_was_sent(framing, warm, make_origin, raw):
    origin = make_origin(sink, keep=0)
    weir = warm(origin, limits={"body": "2GiB"})
    before = weir.memory()
    client = raw(weir.port, timeout=pace.PATIENCE * 6)
    parts = stream.pieces(SIZE)
    if framing == "chunked":
        client.send(b"POST / HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n")
        parts = stream.chunked(parts)
    else:
        client.send(f"POST / HTTP/1.1\r\nHost: t\r\nContent-Length: {SIZE}\r\n\r\n".encode())
    thread = flood(client.sock, parts)
    sha, size = client.response().body.decode().split()
    thread.join()
    assert int(size) == SIZE
    assert sha == stream.digest(stream.pieces(SIZE))[0]
    assert origin.requests[-1].framing[0] == framing
    if not pace.SANITIZED:
        assert weir.memory() - before < ROOM


@pytest.mark.timeout(120)
@pytest.mark.parametrize("framing", ["length", "chunked", "close"])
def test_a_download_arrives_as_it_was_sent(framing, warm, make_origin, raw):
    def source(exchange):
        exchange.body()
        if exchange.request.method == "POST":
            exchange.respond()
            return
        line = {"length": f"Content-Length: {SIZE}\r\n", "close": "",
                "chunked": "Transfer-Encoding: chunked\r\n"}[framing]
        exchange.send(f"HTTP/1.1 200 OK\r\n{line}\r\n".encode())
        parts = stream.pieces(SIZE)
        for part in stream.chunked(parts) if framing == "chunked" else parts:
            exchange.send(part)
        if framing == "close":
            exchange.close()

    weir = warm(make_origin(source))
    before = weir.memory()
    client = raw(weir.port, timeout=pace.PATIENCE * 6)
    client.request()
    head = client.head()
    assert head.status == 200
    assert stream.digest(client.reader.parts(head)) == stream.digest(stream.pieces(SIZE))
    if not pace.SANITIZED:
        assert weir.memory() - before < ROOM


@pytest.mark.timeout(60)
def test_a_file_from_nginx_arrives_as_it_is(weir_to, nginx_origin, raw):
    size = min(SIZE, 256 << 20)
    with open(nginx_origin.root / "file", "wb") as file:
        for part in stream.pieces(size):
            file.write(part)
    client = raw(weir_to(nginx_origin.url).port)
    client.request("/file")
    assert stream.digest(client.reader.parts(client.head())) == stream.digest(stream.pieces(size))


class TestBackPressure:
    """Who is slow makes the other side wait, not the process grow."""

    def test_a_slow_reader_stops_the_origin(self, warm, make_origin, raw):
        sent = [0]
        told = threading.Condition()

        def source(exchange):
            exchange.body()
            if exchange.request.method == "POST":
                exchange.respond()
                return
            exchange.send(f"HTTP/1.1 200 OK\r\nContent-Length: {SIZE}\r\n\r\n".encode())
            for part in stream.pieces(SIZE):
                exchange.send(part)
                with told:
                    sent[0] += len(part)
                    told.notify_all()

        weir = warm(make_origin(source))
        before = weir.memory()
        client = raw(weir.port)
        client.request()
        head = client.head()
        # The origin comes to a halt: all buffers on the way are full, and nothing more moves.
        with told:
            while True:
                seen = sent[0]
                if not told.wait(0.5 * pace.FACTOR) and seen == sent[0]:
                    break
        assert sent[0] < min(SIZE, 64 << 20), "the origin was never made to wait"
        assert pace.SANITIZED or weir.memory() - before < ROOM
        # And nothing is lost when the client goes on.
        assert stream.digest(client.reader.parts(head)) == stream.digest(stream.pieces(SIZE))

    def test_a_slow_origin_stops_the_client(self, warm, make_origin, raw):
        go_on = threading.Event()

        def slow(exchange):
            if exchange.request.target == "/slow":
                go_on.wait(pace.PATIENCE * 2)
            sink(exchange)

        weir = warm(make_origin(slow, keep=0))
        before = weir.memory()
        client = raw(weir.port, timeout=pace.PATIENCE * 6)
        size = min(SIZE, 512 << 20)
        client.send(f"POST /slow HTTP/1.1\r\nHost: t\r\nContent-Length: {size}\r\n\r\n".encode())
        sent = [0]
        told = threading.Condition()

        def counted():
            for part in stream.pieces(size):
                yield part
                with told:
                    sent[0] += len(part)
                    told.notify_all()

        thread = flood(client.sock, counted())
        with told:
            while True:
                seen = sent[0]
                if not told.wait(0.5 * pace.FACTOR) and seen == sent[0]:
                    break
        assert sent[0] < min(size, 64 << 20), "the client was never made to wait"
        assert pace.SANITIZED or weir.memory() - before < ROOM
        go_on.set()
        assert client.response().body.decode() == "{} {}".format(
            *stream.digest(stream.pieces(size)))
        thread.join()

    @pytest.mark.timeout(60)
    def test_many_slow_readers_cost_little_each(self, warm, make_origin, raw):
        count = 50

        def source(exchange):
            exchange.body()
            if exchange.request.method == "POST":
                exchange.respond()
                return
            exchange.send(b"HTTP/1.1 200 OK\r\nContent-Length: 20000000\r\n\r\n")
            exchange.send(b"a" * 20_000_000)

        weir = warm(make_origin(source))
        before = weir.memory()
        clients = [raw(weir.port).request() for _ in range(count)]
        for client in clients:
            assert client.head().status == 200
        # 256 KiB each on the way out, and a little beside.
        assert pace.SANITIZED or weir.memory() - before < count * (384 << 10) + ROOM
        for client in clients:
            client.reset()


def test_duplex_a_body_and_its_answer_at_the_same_time(weir_to, make_origin, raw):
    size = min(SIZE, 64 << 20)

    def mirror(exchange):
        exchange.read = True
        exchange.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        for part in exchange.connection.reader.parts(exchange.request):
            exchange.send(b"%x\r\n" % len(part) + part + b"\r\n")
        exchange.send(b"0\r\n\r\n")

    client = raw(weir_to(make_origin(mirror, keep=0)).port)
    client.send(b"POST / HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n")
    thread = flood(client.sock, stream.chunked(stream.pieces(size)))
    head = client.head()
    assert stream.digest(client.reader.parts(head)) == stream.digest(stream.pieces(size))
    thread.join()


class TestPipes:
    """Bulk that nobody looks at goes through a pipe of the kernel's: what is in it belongs to one
    message, and a pipe that is full, small or not to be had loses nothing."""

    LENGTH = 6_000_001

    def source(self, exchange):
        """A body that the target names."""
        seed = exchange.request.target.encode()
        exchange.body()
        exchange.send(f"HTTP/1.1 200 OK\r\nContent-Length: {self.LENGTH}\r\n\r\n".encode())
        for part in stream.pieces(self.LENGTH, seed):
            exchange.send(part)

    def check(self, client, target):
        head = client.request(target).head()
        expected = stream.digest(stream.pieces(self.LENGTH, target.encode()))
        assert stream.digest(client.reader.parts(head)) == expected

    def test_what_a_client_left_behind_reaches_nobody_else(self, weir_to, make_origin, raw):
        weir = weir_to(make_origin(self.source))
        for number in range(10):
            gone = raw(weir.port).request(f"/gone/{number}")
            assert gone.head().status == 200
            gone.sock.recv(100_000)
            gone.reset()
            self.check(raw(weir.port), f"/kept/{number}")

    def test_one_connection_carries_bulk_after_bulk(self, weir_to, make_origin, raw):
        client = raw(weir_to(make_origin(self.source)).port)
        for number in range(5):
            self.check(client, f"/{number}")

    def test_small_segments_fill_a_pipe_and_nothing_stops(self, weir_to, make_origin, raw):
        size = 700_000
        sent = threading.Event()

        def drip(exchange):
            exchange.body()
            exchange.send(f"HTTP/1.1 200 OK\r\nContent-Length: {size}\r\n\r\n".encode())
            body = b"".join(stream.pieces(size))
            for at in range(0, size, 700):
                exchange.send(body[at:at + 700])
            sent.set()

        client = raw(weir_to(make_origin(drip)).port)
        client.request()
        assert sent.wait(pace.PATIENCE)
        head = client.head()
        assert stream.digest(client.reader.parts(head)) == stream.digest(stream.pieces(size))

    def test_an_upload_to_an_origin_that_breaks_off_ends(self, weir_to, make_origin, raw):
        def break_off(exchange):
            exchange.connection.sock.recv(300_000)
            exchange.reset()

        weir = weir_to(make_origin(break_off, keep=0), limits={"body": "64MiB"})
        client = raw(weir.port)
        client.send(b"POST / HTTP/1.1\r\nHost: t\r\nContent-Length: 20000000\r\n\r\n")
        thread = flood(client.sock, stream.pieces(20_000_000))
        assert client.response().status == 502
        thread.join()

    @pytest.mark.skipif(pace.SANITIZED, reason="the sanitizer asks a pipe whether memory is there")
    def test_without_descriptors_bulk_is_copied(self, weir_to, make_origin, raw):
        def source(exchange):
            if exchange.request.target == "/small":
                exchange.respond()
            else:
                self.source(exchange)

        weir = weir_to(make_origin(source))
        client = raw(weir.port)
        assert client.request("/small").response().status == 200
        weir.forbid_descriptors()
        self.check(client, "/large")

    @pytest.mark.skipif(not shutil.which("strace"), reason="strace is not installed")
    def test_a_source_that_never_runs_dry_has_no_turn_for_itself(self, weir_to, make_origin, raw,
                                                                 tmp_path):
        size = 100_000_000

        def source(exchange):
            exchange.body()
            exchange.send(f"HTTP/1.1 200 OK\r\nContent-Length: {size}\r\n\r\n".encode())
            part = bytes(1 << 20)
            for at in range(0, size, len(part)):
                exchange.send(part[:size - at])

        # What slows weir down, and neither side, makes both sides keep up with it.
        trace = tmp_path / "trace"
        calls = "trace=splice,epoll_wait"
        weir = weir_to(make_origin(source), under=("strace", "-D", "-f", "-o", trace, "-e", calls),
                       env={"ASAN_OPTIONS": "detect_leaks=0"})
        client = raw(weir.port)
        head = client.request().head()
        assert sum(map(len, client.reader.parts(head))) == size
        weir.stop()
        turns = [0]
        for line in trace.read_text().splitlines():
            if "epoll_wait(" in line:
                turns.append(0)
            elif "splice(" in line:
                turns[-1] += 1
        assert 0 < max(turns) <= 200, "splices of one turn"
