# SPDX-License-Identifier: Apache-2.0
"""Worker processes die, hang and drain; clients notice as little as can be."""

import os
import pathlib
import signal
import socket
import threading

import pytest

from harness import config, load, module, pace, proxy
from harness.processes import alive, until

pytestmark = pytest.mark.threads


@pytest.fixture
def held(make_origin):
    """An origin that begins its answer and ends it when held.go is set."""
    go = threading.Event()

    def slow(exchange):
        exchange.send(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello")
        go.wait(pace.PATIENCE)
        exchange.send(b"world")

    origin = make_origin(slow)
    origin.go = go
    yield origin
    go.set()


@pytest.mark.parametrize("processes", [1, 2])
def test_a_replacement_that_does_not_start_leaves_the_doors_open(
        processes, weir, origin, replaced, tmp_path, tmp_path_factory):
    source = pathlib.Path(__file__).with_name("fails_once.cpp")
    path = module.build(source, tmp_path_factory.mktemp("fails_once"))
    flag = tmp_path / "flag"
    made = weir('modules = ["fails_once"]\n'
                + config.table("[server]", {"workers": 1, "processes": processes, "drain": "2s"})
                + config.table("[module.fails_once]", {"path": str(path)})
                + config.table("[filter.once]", {"use": "fails_once", "path": str(flag)})
                + config.table("[[listener]]", {"address": "127.0.0.1:0"})
                + config.table("[[route]]", {"to": origin.url, "filters": ["once"]}))
    made.await_line("ready: weir", count=processes)
    flag.touch()
    replaced(made)
    made.await_line("another one starts", count=2)
    assert not flag.exists()
    for _ in range(10):
        assert made.get().status == 200


def test_a_pid_file_replaces_a_link_and_not_what_it_leads_to(weir_to, origin, tmp_path):
    precious = tmp_path / "precious"
    precious.write_text("text")
    (tmp_path / "weir.pid").symlink_to(precious)
    weir = weir_to(origin, server={"pid": str(tmp_path / "weir.pid")})
    assert int((tmp_path / "weir.pid").read_text()) == weir.process.pid
    assert precious.read_text() == "text"


class TestDeath:
    @pytest.mark.timeout(90)
    @pytest.mark.parametrize("processes", [1, 2])
    def test_no_connection_is_refused_under_load(self, processes, weir_to, make_origin, replaced):
        weir = weir_to(make_origin(keep=0), server={"processes": processes},
                       limits={"connections_per_client": 0})
        weir.await_line("ready: weir", count=processes)
        clients = load.Load(weir.port, 16)
        try:
            for _ in range(5):
                clients.await_good(200 // pace.FACTOR)
                replaced(weir)
            clients.await_good(200 // pace.FACTOR)
        finally:
            clients.stop()
        assert clients.refused == 0
        assert len(clients.failures) <= 5 * 16  # one for each client and death: what was under way

    def test_the_log_says_how_and_what_is_done(self, weir_to, origin, replaced):
        weir = weir_to(origin)
        for count, then in enumerate(["at once", "in 100 ms", "in 200 ms", "in 400 ms"], 1):
            pid = replaced(weir)
            line = weir.await_line("another one starts", count=count)
            assert f"worker process {pid} ended by SIGKILL: another one starts {then}" in line

    def test_the_others_go_on_meanwhile(self, weir_to, origin, raw, replaced):
        weir = weir_to(origin, server={"processes": 2})
        weir.await_line("ready: weir", count=2)
        kept = raw(weir.port)
        assert kept.get().status == 200
        # The connection belongs to one of the two: kill the one that does not have it.
        idle = next(pid for pid in weir.workers if not connected(pid))
        replaced(weir, idle)
        assert kept.get().status == 200

    def test_a_connection_waits_while_there_is_no_worker(self, weir_to, origin, raw, replaced):
        weir = weir_to(origin)
        for _ in range(4):
            replaced(weir)
        os.kill(weir.workers[0], signal.SIGKILL)
        weir.await_line("in 800 ms")
        assert raw(weir.port).get().status == 200

    def test_a_file_in_the_middle_of_an_edit_is_no_hindrance(self, weir_to, origin, replaced):
        weir = weir_to(origin)
        weir.conf.write_text("[[listener]\n")
        replaced(weir)
        assert weir.get().status == 200

    def test_the_ports_are_kept_in_their_order(self, weir, origin, replaced):
        listener = config.table("[[listener]]", {"address": "127.0.0.1:0"})
        served = weir(listener * 3 + config.table("[[route]]", {"to": origin.url}))
        ports = served.ports
        replaced(served)
        assert served.ports == ports * 2

    def test_a_unix_socket_stays(self, weir_to, origin, replaced, tmp_path):
        path = tmp_path / "weir.sock"
        weir = weir_to(origin, listener={"address": f"unix:{path}"})
        file = path.stat().st_ino
        replaced(weir)
        assert weir.get().status == 200
        assert path.stat().st_ino == file
        weir.stop()
        assert not path.exists()


class TestStart:
    def test_a_first_worker_that_fails_is_not_tried_again(self, tmp_path, origin):
        with socket.create_server(("127.0.0.1", 0)) as taken:
            address = f"127.0.0.1:{taken.getsockname()[1]}"
            conf = tmp_path / "weir.toml"
            conf.write_text(config.simple(origin, server={"processes": 3},
                                          listener={"address": address}))
            done = proxy.run("run", "-c", conf)
        assert done.returncode == 2
        assert "another one starts" not in done.stderr

    def test_modules_are_reported_by_the_worker_alone(self, tmp_path, origin):
        conf = tmp_path / "weir.toml"
        conf.write_text(config.simple(origin, modules=["no_such_module"]))
        done = proxy.run("run", "-c", conf)
        assert done.returncode == 1
        assert done.stderr.count("error: ") == 1

    def test_without_a_supervisor_there_is_one_process(self, tmp_path, origin):
        conf, pid = tmp_path / "weir.toml", tmp_path / "weir.pid"
        conf.write_text(config.simple(origin, server={"pid": str(pid)}))
        weir = proxy.Weir("run", "--no-supervisor", "-c", conf)
        try:
            assert weir.workers == [weir.process.pid] == [int(pid.read_text())]
            assert weir.get().status == 200
            weir.stop()
            assert not pid.exists()
        finally:
            weir.kill()

    def test_a_second_one_leaves_the_pid_file_of_the_first_alone(self, weir_to, origin, tmp_path):
        file = tmp_path / "weir.pid"
        weir = weir_to(origin, server={"pid": str(file)})
        conf = tmp_path / "second.toml"
        conf.write_text(config.simple(origin, server={"pid": str(file)},
                                      listener={"address": f"127.0.0.1:{weir.port}"}))
        assert proxy.run("run", "-c", conf).returncode == 2
        assert int(file.read_text()) == weir.process.pid

    @pytest.mark.parametrize("alone", [(), ("--no-supervisor",)])
    def test_a_pid_file_that_cannot_be_written(self, alone, tmp_path, origin):
        conf = tmp_path / "weir.toml"
        conf.write_text(config.simple(origin, server={"pid": "/nowhere/weir.pid"}))
        done = proxy.run("run", *alone, "-c", conf)
        assert done.returncode == 2
        assert "/nowhere/weir.pid" in done.stderr


class TestEnd:
    def test_all_workers_drain(self, weir_to, held, raw):
        weir = weir_to(held, server={"processes": 2, "drain": "20s"})
        weir.await_line("ready: weir", count=2)
        made = [raw(weir.port).request() for _ in range(8)]
        heads = [each.head() for each in made]
        workers = weir.workers
        weir.signal(signal.SIGTERM)
        weir.await_refusal()
        held.go.set()
        for each, head in zip(made, heads):
            assert each.reader.body(head).body == b"helloworld"
        assert weir.wait() == 0
        assert not any(map(alive, workers))

    def test_a_second_signal_cuts(self, weir_to, held, raw):
        weir = weir_to(held, server={"drain": "60s"})
        raw(weir.port).request().head()
        weir.signal(signal.SIGTERM)
        weir.await_line("draining")
        weir.signal(signal.SIGTERM)
        assert weir.wait() == 0

    def test_what_a_terminal_sends_to_both_does_not_cut(self, weir_to, held, raw):
        weir = weir_to(held, server={"drain": "20s"})
        made = raw(weir.port).request()
        head = made.head()
        os.kill(weir.workers[0], signal.SIGINT)
        weir.signal(signal.SIGINT)
        weir.await_refusal()
        held.go.set()
        assert made.reader.body(head).body == b"helloworld"
        assert weir.wait() == 0

    def test_a_worker_that_is_told_alone_drains_and_is_replaced(self, weir_to, held, raw, replaced):
        weir = weir_to(held, server={"drain": "20s"})
        made = raw(weir.port).request()
        head = made.head()
        worker = weir.workers[0]
        os.kill(worker, signal.SIGTERM)
        weir.await_line("draining")
        held.go.set()
        assert made.reader.body(head).body == b"helloworld"
        weir.await_line(f"worker process {worker} ended with status 0: another one starts at once")
        assert weir.get().status == 200

    def test_a_worker_that_goes_on_after_its_drain_is_killed(self, weir_to, origin):
        weir = weir_to(origin, server={"drain": "500ms"})
        os.kill(weir.workers[0], signal.SIGSTOP)
        weir.signal(signal.SIGTERM)
        weir.await_line("goes on after its drain: it is killed")
        assert weir.wait() == 2

    def test_workers_drain_when_the_supervisor_is_gone(self, weir_to, held, raw):
        weir = weir_to(held, server={"processes": 2, "drain": "20s"})
        weir.await_line("ready: weir", count=2)
        made = raw(weir.port).request()
        head = made.head()
        workers = weir.workers
        weir.process.kill()
        weir.await_line("the supervisor has ended", count=2)
        held.go.set()
        assert made.reader.body(head).body == b"helloworld"
        until(lambda: not any(map(alive, workers)), "the end of the workers")
        weir.await_refusal()
        assert weir.wait() == -signal.SIGKILL


def connected(pid):
    """Whether the process holds an accepted connection."""
    inodes = {os.readlink(f"/proc/{pid}/fd/{fd}") for fd in os.listdir(f"/proc/{pid}/fd")}
    with open("/proc/net/tcp", encoding="ascii") as table:
        rows = [line.split() for line in list(table)[1:]]
    established = {f"socket:[{row[9]}]" for row in rows if row[3] == "01"}
    return bool(inodes & established)
