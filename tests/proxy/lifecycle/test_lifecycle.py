# SPDX-License-Identifier: Apache-2.0
"""From start to end: readiness, signals, draining, and reasons not to start."""

import os
import re
import signal
import socket
import threading

import pytest

from harness import config, http1, load, pace, proxy

pytestmark = pytest.mark.threads


class TestStart:
    def test_it_says_where_it_listens_and_then_that_it_is_ready(self, weir_to, origin):
        lines = weir_to(origin).stderr.splitlines()
        listening = next(n for n, line in enumerate(lines) if "listening on 127.0.0.1:" in line)
        ready = next(n for n, line in enumerate(lines) if re.search(r"\bready\b", line))
        assert listening < ready

    def test_the_process_id_is_written_and_taken_away(self, weir_to, origin, tmp_path):
        file = tmp_path / "weir.pid"
        weir = weir_to(origin, server={"pid": str(file)})
        assert int(file.read_text()) == weir.process.pid
        weir.stop()
        assert not file.exists()

    def test_as_many_workers_as_told(self, weir_to, origin):
        weir = weir_to(origin, server={"workers": 3})
        for _ in range(30):
            assert weir.get().status == 200

    def test_without_a_file(self, origin):
        weir = proxy.Weir("run", "--listen", "127.0.0.1:0", "--to", origin.url)
        try:
            assert weir.get("/quick").status == 200
            assert origin.requests[0].target == "/quick"
            weir.stop()
        finally:
            weir.kill()


class TestNoStart:
    """Exit status 2: the world is wrong; 1: the file is."""

    def test_a_port_in_use(self, tmp_path, origin):
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            address = f"127.0.0.1:{taken.getsockname()[1]}"
            conf = tmp_path / "weir.toml"
            conf.write_text(config.simple(origin, listener={"address": address}))
            done = proxy.run("run", "-c", conf)
        assert done.returncode == 2
        assert address in done.stderr
        assert "in use" in done.stderr

    def test_an_address_of_another_machine(self, tmp_path, origin):
        conf = tmp_path / "weir.toml"
        conf.write_text(config.simple(origin, listener={"address": "203.0.113.1:0"}))
        done = proxy.run("run", "-c", conf)
        assert done.returncode == 2
        assert "203.0.113.1" in done.stderr

    def test_no_such_file(self, tmp_path):
        done = proxy.run("run", "-c", tmp_path / "nothing.toml")
        assert done.returncode == 2
        assert "nothing.toml" in done.stderr

    def test_a_wrong_file(self, tmp_path):
        conf = tmp_path / "weir.toml"
        conf.write_text('[[listener]]\naddress = "127.0.0.1:0"\n\n[[route]]\nto = "nowhere"\n')
        done = proxy.run("run", "-c", conf)
        assert done.returncode == 1
        assert "weir.toml:5:6" in done.stderr
        assert "nowhere" in done.stderr

    def test_a_module_that_is_not_there(self, tmp_path, origin):
        conf = tmp_path / "weir.toml"
        conf.write_text(config.simple(origin, modules=["no_such_module"]))
        done = proxy.run("run", "-c", conf)
        assert done.returncode in (1, 2)
        assert "no_such_module" in done.stderr


class TestDrain:
    def test_an_exchange_that_runs_is_finished(self, weir_to, make_origin, raw):
        go_on = threading.Event()

        def slow(exchange):
            exchange.send(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello")
            go_on.wait(pace.PATIENCE)
            exchange.send(b"world")

        weir = weir_to(make_origin(slow), server={"drain": "10s"})
        made = raw(weir.port)
        made.request()
        head = made.head()
        weir.signal(signal.SIGTERM)
        weir.await_refusal()
        go_on.set()
        assert made.reader.body(head).body == b"helloworld"
        made.ends()
        assert weir.wait() == 0

    def test_the_answer_says_that_the_connection_ends(self, weir_to, make_origin, raw):
        go_on = threading.Event()

        def slow(exchange):
            go_on.wait(pace.PATIENCE)
            exchange.respond()

        origin = make_origin(slow)
        weir = weir_to(origin, server={"drain": "10s"})
        made = raw(weir.port).request()
        origin.wait(lambda o: o.requests)
        weir.signal(signal.SIGTERM)
        weir.await_refusal()
        go_on.set()
        assert made.response().get("Connection") == "close"
        assert weir.wait() == 0

    def test_an_idle_connection_does_not_delay_the_end(self, weir_to, origin, raw):
        weir = weir_to(origin, server={"drain": "60s"})
        made = raw(weir.port)
        assert made.get().status == 200
        weir.signal(signal.SIGTERM)
        assert made.rest() == b""
        assert weir.wait() == 0

    def test_what_goes_on_too_long_is_cut(self, weir_to, make_origin, raw):
        def endless(exchange):
            exchange.send(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello")
            exchange.await_end()

        weir = weir_to(make_origin(endless), server={"drain": "300ms"})
        made = raw(weir.port).request()
        head = made.head()
        weir.signal(signal.SIGTERM)
        with pytest.raises((http1.Cut, ConnectionResetError)):
            made.reader.body(head)
        assert weir.wait() == 0

    def test_an_answer_without_a_length_that_is_cut_is_not_shown_as_whole(self, weir_to,
                                                                          make_origin, raw):
        """To a client of 1.0 its end by FIN would be."""
        def endless(exchange):
            exchange.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n")
            exchange.await_end()

        weir = weir_to(make_origin(endless), server={"drain": "300ms"})
        made = raw(weir.port)
        made.send(b"GET / HTTP/1.0\r\nHost: test\r\n\r\n")
        head = made.head()
        weir.signal(signal.SIGTERM)
        with pytest.raises(ConnectionResetError):
            made.reader.body(head)
        assert weir.wait() == 0

    def test_no_new_connection_is_taken(self, weir_to, make_origin, raw):
        go_on = threading.Event()

        def slow(exchange):
            go_on.wait(pace.PATIENCE)
            exchange.respond()

        origin = make_origin(slow)
        weir = weir_to(origin, server={"drain": "10s"})
        made = raw(weir.port).request()
        origin.wait(lambda o: o.requests)
        weir.signal(signal.SIGTERM)
        weir.await_refusal()
        go_on.set()
        assert made.response().status == 200
        assert weir.wait() == 0

    def test_sigint_ends_it_as_well(self, weir_to, origin):
        weir = weir_to(origin)
        weir.get()
        weir.signal(signal.SIGINT)
        assert weir.wait() == 0

    @pytest.mark.timeout(60)
    @pytest.mark.parametrize("workers", [1, 2])
    def test_no_request_fails_under_load(self, workers, weir_to, make_origin):
        origin = make_origin(keep=0)
        weir = weir_to(origin, server={"workers": workers, "drain": "20s"},
                       limits={"connections_per_client": 0})
        clients = load.Load(weir.port, 64)
        try:
            clients.await_good(2000 // pace.FACTOR)
            weir.signal(signal.SIGTERM)
            assert weir.wait(pace.PATIENCE * 3) == 0
        finally:
            clients.stop()
        assert clients.failures == []
        assert clients.refused == 64
        assert not proxy.SANITIZER.search(weir.stderr), weir.stderr


class TestSignals:
    def test_sigusr1_opens_the_log_anew(self, weir_to, origin, tmp_path, raw):
        file = tmp_path / "weir.log"
        weir = weir_to(origin, server={"log": {"file": str(file)}}, expect_ready=False)
        await_file(file, "ready")
        file.rename(tmp_path / "weir.log.1")
        weir.signal(signal.SIGUSR1)
        await_file(file)
        port = int(re.search(r"listening on 127.0.0.1:(\d+)",
                             (tmp_path / "weir.log.1").read_text())[1])
        assert raw(port).get().status == 200
        weir.signal(signal.SIGTERM)
        assert weir.wait() == 0
        assert file.read_text() != ""

    def test_sigusr1_opens_the_access_log_anew(self, weir_to, origin, tmp_path):
        file = tmp_path / "access.log"
        weir = weir_to(origin, modules=["access_log"], more=config.table(
            "[observe.access_log]", {"file": str(file)}))
        assert weir.get("/first").status == 200
        await_file(file, "/first")
        file.rename(tmp_path / "access.log.1")
        weir.signal(signal.SIGUSR1)
        await_file(file)
        assert weir.get("/second").status == 200
        weir.stop()
        assert "/second" in file.read_text()
        assert "/second" not in (tmp_path / "access.log.1").read_text()

    def test_sighup_and_sigpipe_do_not_end_it(self, weir_to, origin):
        weir = weir_to(origin)
        weir.signal(signal.SIGPIPE)
        assert weir.get().status == 200


def await_file(file, text=""):
    """Waits until the file is there and holds the text."""
    moment = threading.Event()
    for _ in range(int(pace.PATIENCE * 100)):
        if file.exists() and text in file.read_text():
            return
        moment.wait(0.01)
    raise AssertionError(f"no {text!r} in {file}")
