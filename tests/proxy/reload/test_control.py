# SPDX-License-Identifier: Apache-2.0
"""The control socket and the commands that speak to it."""

import json
import os
import signal
import socket
import stat
import threading

import pytest
from harness import config, pace, proxy

pytestmark = pytest.mark.threads


@pytest.fixture
def governed(weir, tmp_path):
    """A weir with a control socket: its file says what it answers."""
    path = tmp_path / "c.sock"

    def text(body, more=""):
        return ('modules = ["respond"]\n'
                + config.table("[server]", {"workers": 2, "drain": "2s", "control": str(path)})
                + config.table("[[listener]]", {"address": "127.0.0.1:0", "name": "main"})
                + config.table("[[route]]", {"name": "r", "filters": [{"respond": {"body": body}}]})
                + more)

    made = weir(text("one"))
    made.control = path
    made.text = text
    return made


def order(weir, *words):
    return proxy.run(*words, "--control", weir.control)


class TestReload:
    def test_it_takes_the_file_over_and_says_so(self, governed):
        governed.conf.write_text(governed.text("two"))
        done = order(governed, "reload")
        assert (done.returncode, done.stdout, done.stderr) == (0, "reloaded\n", "")
        assert governed.get().body == b"two"

    def test_a_wrong_file_is_told_with_its_place(self, governed):
        governed.conf.write_text(governed.text("two", "[[route]]\npath = 1\n"))
        done = order(governed, "reload")
        assert done.returncode == 1
        assert f"--> {governed.conf}:" in done.stderr and "path" in done.stderr
        assert governed.get().body == b"one"

    def test_the_socket_is_found_by_the_file(self, governed):
        assert proxy.run("reload", "-c", governed.conf).returncode == 0

    def test_many_at_once_are_all_answered(self, governed):
        results = []

        def ask():
            results.append(order(governed, "reload").returncode)

        threads = [threading.Thread(target=ask) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(pace.PATIENCE)
        assert results == [0] * 8

    def test_nobody_there_is_exit_status_2(self, tmp_path):
        done = proxy.run("reload", "--control", tmp_path / "none.sock")
        assert done.returncode == 2 and "nobody answers on" in done.stderr

    def test_a_file_without_a_control_socket_says_what_to_add(self, weir):
        made = weir('modules = ["respond"]\n[[listener]]\naddress = "127.0.0.1:0"\n'
                    '[[route]]\nfilters = [{ respond = {} }]\n')
        done = proxy.run("reload", "-c", made.conf)
        assert done.returncode == 2 and 'add control = "' in done.stderr


def test_idle_connections_shut_everybody_else_out(governed):
    idle = []
    try:
        for _ in range(100):
            idle.append(socket.socket(socket.AF_UNIX))
            idle[-1].connect(str(governed.control))
            done = order(governed, "ctl", "health") if len(idle) in (64, 65, 100) else None
            assert done is None or done.returncode == 0, done.stderr
        idle[0].settimeout(pace.PATIENCE)
        assert idle[0].recv(1) == b""  # the oldest gave way
        idle[-1].sendall(b"GET /v1/health HTTP/1.1\r\nHost: a\r\n\r\n")
        idle[-1].settimeout(pace.PATIENCE)
        assert idle[-1].recv(100).startswith(b"HTTP/1.1 200 ")
    finally:
        for each in idle:
            each.close()


class TestProcesses:
    @pytest.fixture
    def three(self, weir, tmp_path):
        path = tmp_path / "c.sock"

        def text(body):
            return ('modules = ["respond"]\n'
                    + config.table("[server]", {"processes": 3, "workers": 1, "drain": "2s",
                                                "control": str(path)})
                    + config.table("[[listener]]", {"address": "127.0.0.1:0"})
                    + config.table("[[route]]", {"filters": [{"respond": {"body": body}}]}))

        made = weir(text("one"))
        made.await_line("ready: weir", count=3)
        made.control, made.text = path, text
        return made

    def answers(self, weir):
        return {weir.get().body for _ in range(30)}

    def test_every_process_takes_the_file_over(self, three):
        three.conf.write_text(three.text("two"))
        assert order(three, "reload").returncode == 0
        assert self.answers(three) == {b"two"}

    def test_a_wrong_file_is_taken_over_by_none(self, three):
        three.conf.write_text(three.text("two") + "[[route]]\npth = 1\n")
        assert order(three, "reload").returncode == 1
        assert self.answers(three) == {b"one"}

    def test_a_new_process_has_the_file_that_serves(self, three):
        three.conf.write_text(three.text("two"))
        assert order(three, "reload").returncode == 0
        three.conf.write_text("half an edit")
        os.kill(three.workers[0], signal.SIGKILL)
        three.await_line("ready: weir", count=4)
        assert self.answers(three) == {b"two"}

    def test_status_shows_each(self, three):
        shown = json.loads(order(three, "ctl", "status").stdout)["processes"]
        assert sorted(each["pid"] for each in shown) == sorted(three.workers)
        assert order(three, "status").stdout.count("process ") == 3

    def test_drain_ends_them_all(self, three):
        assert order(three, "ctl", "drain").returncode == 0
        assert three.wait() == 0


class TestPlan:
    def test_nothing_is_no_change(self, governed):
        governed.conf.write_text("# a remark\n" + governed.text("one"))
        done = order(governed, "plan")
        assert done.stdout == ("no change\n1 instance kept with their state\n"
                               "0 upstreams of 0 kept with connections\n")

    def test_differences_by_meaning(self, governed):
        governed.conf.write_text(
            governed.text("two", config.table("[[listener]]", {"address": "127.0.0.1:0",
                                                               "name": "b"})
                          + config.table("[[route]]", {"path": "/new/*", "to": "u"})
                          + config.table("[upstream.u]", {"endpoints": ["127.0.0.1:1"]}))
            .replace('drain = "2s"', 'drain = "3s"').replace("workers = 2", "workers = 1"))
        done = order(governed, "plan")
        lines = done.stdout.splitlines()
        assert '~ server.drain: "2s" -> "3s"' in lines
        assert "+ listener b" in lines and "+ upstream u" in lines and "+ route * /new/*" in lines
        assert any(line.startswith("~ route *") for line in lines)
        assert "server.workers takes effect when weir starts anew" in lines
        assert governed.get().body == b"one"

    def test_a_wrong_file_is_refused(self, governed):
        governed.conf.write_text("wrong")
        assert order(governed, "plan").returncode == 1


class TestQuestions:
    def test_status_for_people(self, governed):
        governed.get()
        done = order(governed, "status")
        assert done.returncode == 0
        assert f"process {governed.process.pid}" in done.stdout or "process " in done.stdout
        assert "generation 1, serves: 1 routes" in done.stdout
        assert f"listens on 127.0.0.1:{governed.port}" in done.stdout

    def test_status_for_programs(self, governed):
        governed.get()
        process, = json.loads(order(governed, "ctl", "status").stdout)["processes"]
        assert sum(loop["requests"] for loop in process["workers"]) == 1
        assert process["state"] == "serving"

    def test_connections(self, governed):
        kept = governed.client()
        kept.get("/x")
        shown, = json.loads(order(governed, "ctl", "connections").stdout)["processes"]
        assert [(each["requests"], each["listener"]) for each in shown["connections"]] == [
            (1, "main")]

    def test_modules(self, governed):
        shown, = json.loads(order(governed, "ctl", "modules").stdout)["processes"]
        assert [each["name"] for each in shown["modules"]] == ["respond"]

    def test_health_and_readiness(self, governed):
        assert order(governed, "ctl", "health").returncode == 0
        assert json.loads(order(governed, "ctl", "ready").stdout) == {"ready": True}

    def test_the_log_level(self, governed):
        assert order(governed, "ctl", "log", "debug").returncode == 0
        assert order(governed, "ctl", "log", "loud").returncode == 1

    def test_drain(self, governed):
        assert order(governed, "ctl", "drain").returncode == 0
        assert governed.wait() == 0
        assert not governed.control.exists()

    def test_an_unknown_question_lists_them(self, governed):
        done = order(governed, "ctl", "helth")
        assert done.returncode == 64 and "weir help ctl" in done.stderr


class TestSocket:
    def test_only_its_owner_may_open_it(self, governed):
        assert stat.S_IMODE(os.stat(governed.control).st_mode) == 0o600

    @pytest.mark.parametrize("sent, status", [
        (b"GET /v1/nothing HTTP/1.1\r\nHost: a\r\n\r\n", b"404"),
        (b"POST /v1/status HTTP/1.1\r\nHost: a\r\n\r\n", b"405"),
        (b"GET /v1/status HTTP/1.1\nHost: a\n\n\r\n\r\n", b"400"),
        (b"POST /v1/reload HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n{}", b"400"),
        (b"GET /" + b"x" * 20000, b"400"),
    ])
    def test_what_it_refuses(self, governed, sent, status):
        with socket.socket(socket.AF_UNIX) as sock:
            sock.settimeout(pace.PATIENCE)
            sock.connect(str(governed.control))
            sock.sendall(sent)
            answer = b""
            while part := sock.recv(65536):
                answer += part
        assert answer.split()[1] == status, answer
        assert governed.get().body == b"one"

    def test_clients_that_leave_early_do_no_harm(self, governed):
        for part in (b"", b"GET /v1/st", b"GET /v1/status HTTP/1.1\r\nHost: a\r\n\r\n"):
            with socket.socket(socket.AF_UNIX) as sock:
                sock.connect(str(governed.control))
                sock.sendall(part)
        assert order(governed, "ctl", "health").returncode == 0
