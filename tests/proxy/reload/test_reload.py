# SPDX-License-Identifier: Apache-2.0
"""A new file taken over by a process that goes on to serve."""

import functools
import hashlib
import re
import signal
import threading

import pytest
from harness import client, config, load, pace, stream

pytestmark = pytest.mark.threads


@pytest.fixture(name="weir")
def alone(weir):
    """Without a supervisor, which has the file read once more when it changed meanwhile: a line in
    the log is then not for certain of the file that a test wrote last."""
    return functools.partial(weir, alone=True)


def says(text, **server):
    """A file whose only route answers this."""
    return (config.table("[server]", {"workers": 2, "drain": "2s", **server})
            + config.table("[[listener]]", {"address": "127.0.0.1:0"})
            + config.table("[[route]]", {"filters": [{"respond": {"body": text}}]}))


def reload(weir, text, good=True):
    """Writes the file, asks for a reload and waits until it is told how that went."""
    pattern = r"\breloaded: generation" if good else "not reloaded"
    told = sum(line.count("reloaded") for line in weir.lines if ("not reloaded" in line) != good)
    weir.conf.write_text(text)
    weir.signal(signal.SIGHUP)
    weir.await_line(pattern, told + 1)


def post(made):
    made.request(method="POST", body=b"12345")
    return made.response("POST")


def with_modules(text):
    return 'modules = ["respond"]\n' + text


class TestWhatChanges:
    def test_the_next_request_is_served_by_the_new_file(self, weir):
        weir = weir(with_modules(says("one")))
        reload(weir, with_modules(says("two")))
        assert weir.get().body == b"two"

    def test_a_kept_connection_goes_on_with_it(self, weir):
        weir = weir(with_modules(says("one")))
        kept = weir.client()
        assert kept.get("/").body == b"one"
        for number in range(5):
            reload(weir, with_modules(says(f"after {number}")))
            assert kept.get("/").body == b"after %d" % number

    def test_a_listener_is_added_and_removed(self, weir):
        first = with_modules(says("x"))
        second = first + config.table("[[listener]]", {"address": "127.0.0.1:0", "name": "b"})
        weir = weir(first)
        port = weir.port
        reload(weir, second)
        added = weir.ports[1]
        with client.Client(added) as made:
            assert made.get("/").body == b"x"
            # The other one stays, though it has another place in the file.
            reload(weir, first)
            made.ends()
        with pytest.raises(ConnectionRefusedError):
            client.connect(added)
        assert weir.port == port and weir.get().body == b"x"

    def test_a_listener_in_use_elsewhere_changes_nothing(self, weir, origin):
        first = with_modules(says("x"))
        weir = weir(first)
        taken = config.table("[[listener]]", {"address": origin.endpoint})
        reload(weir, first.replace('"x"', '"y"') + taken, good=False)
        assert origin.endpoint in weir.stderr
        assert weir.get().body == b"x"

    def test_limits_hold_for_the_next_request(self, weir_to, origin):
        weir = weir_to(origin)
        kept = weir.client()
        assert post(kept).status == 200
        reload(weir, weir.conf.read_text() + config.table("[server.limits]", {"body": 3}))
        assert post(kept).status == 413


class TestWhatIsWrong:
    def test_a_broken_file_changes_nothing_and_is_told_with_its_place(self, weir):
        weir = weir(with_modules(says("one")))
        reload(weir, with_modules(says("two")) + "[[route]]\npth = 1\n", good=False)
        assert re.search(r"weir-1.toml:10:1: unknown key 'pth'.*did you mean 'path'", weir.stderr)
        assert weir.get().body == b"one"
        reload(weir, with_modules(says("three")))
        assert weir.get().body == b"three"

    def test_a_failed_test_of_the_file_changes_nothing(self, weir):
        weir = weir(with_modules(says("one")))
        wrong = config.table("[[test]]", {"request": "GET http://a/", "expect": {"status": 404}})
        reload(weir, with_modules(says("two")) + wrong, good=False)
        assert weir.get().body == b"one"

    def test_a_missing_file_changes_nothing(self, weir):
        weir = weir(with_modules(says("one")))
        weir.conf.unlink()
        weir.signal(signal.SIGHUP)
        weir.await_line("not reloaded")
        assert weir.get().body == b"one"

    def test_what_needs_a_new_process_is_told(self, weir):
        weir = weir(with_modules(says("one")))
        reload(weir, with_modules(says("two", workers=1)))
        assert "server.workers takes effect when weir starts anew" in weir.stderr


class TestWhatIsKept:
    def test_connections_to_an_endpoint(self, weir_to, origin):
        weir = weir_to(origin)
        assert weir.get().status == 200
        reload(weir, weir.conf.read_text() + "\n[server.limits]\nbody = 1000\n")
        assert weir.get().status == 200
        assert len(origin.connections) == 1

    def test_connections_to_endpoints_that_stay(self, weir_to, make_origin):
        first, second, third = make_origin(), make_origin(), make_origin()
        weir = weir_to(first, modules=["round_robin"],
                       upstream={"endpoints": [first.endpoint, second.endpoint]})
        for _ in range(4):
            assert weir.get().status == 200
        text = weir.conf.read_text()
        reload(weir, text.replace(second.endpoint, third.endpoint))
        for _ in range(4):
            assert weir.get().status == 200
        assert [len(each.connections) for each in (first, second, third)] == [1, 1, 1]
        assert len(third.requests) == 2 and len(second.requests) == 2

    def test_lines_of_the_access_log(self, weir_to, origin, tmp_path):
        log = tmp_path / "access.log"
        weir = weir_to(origin, modules=["access_log"],
                       more=config.table("[observe.access_log]", {"file": str(log)}))
        for number in range(5):
            assert weir.get(f"/{number}").status == 200
            reload(weir, weir.conf.read_text() + f"# {number}\n")
        weir.stop()
        lines = log.read_text().splitlines()
        assert len(lines) == 5


class TestWhatIsUnderWay:
    def test_an_exchange_ends_as_it_began(self, weir_to, make_origin):
        go_on = threading.Event()
        parts = list(stream.pieces(4 << 20))

        def slow(exchange):
            exchange.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % (4 << 20))
            exchange.send(parts[0])
            go_on.wait(pace.PATIENCE)
            for part in parts[1:]:
                exchange.send(part)

        weir = weir_to(make_origin(slow))
        made = weir.client()
        made.send(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        head = made.head()
        for number in range(4):
            reload(weir, weir.conf.read_text() + f"# {number}\n")
        go_on.set()
        body = b"".join(made.reader.parts(head))
        assert hashlib.sha256(body).hexdigest() == stream.digest(iter(parts))[0]

    def test_at_most_three_generations_and_then_the_oldest_is_cut(self, weir_to, make_origin):
        stop = threading.Event()

        def slow(exchange):
            exchange.send(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello")
            stop.wait(pace.PATIENCE)

        weir = weir_to(make_origin(slow), server={"drain": "500ms"})
        held = []
        try:
            for number in range(4):
                made = weir.client()
                made.send(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
                made.head()
                held.append(made)
                reload(weir, weir.conf.read_text() + f"# {number}\n")
            assert "cut 1 exchanges of generation 1" in weir.stderr
            assert held[0].rest() == b"hello"
        finally:
            stop.set()

    def test_no_request_fails_in_a_storm_of_reloads(self, weir):
        weir = weir(with_modules(says("0")))
        clients = load.Load(weir.addresses[0], 8)
        broken = with_modules(says("never")) + "[[route]]\npth = 1\n"
        for number in range(50):
            bad = number % 5 == 4
            reload(weir, broken if bad else with_modules(says(str(number))), good=not bad)
        clients.await_good(10)
        clients.stop()
        assert not clients.failures and not clients.refused
        assert weir.get().body == b"48"
