# SPDX-License-Identifier: Apache-2.0
"""Processes that leave one after the other, since they still call a module in quarantine."""

import os
import pathlib
import signal

import pytest

from harness import config, module, pace
from harness.processes import alive, number_in, until

pytestmark = [pytest.mark.threads,
              pytest.mark.skipif(pace.SANITIZED,
                                 reason="a sanitizer ends the process in its own way")]
LEAVES = "worker process ([0-9]+) drains: another one takes its place"


@pytest.fixture(scope="session")
def segv(tmp_path_factory):
    """The path of the module."""
    source = pace.ROOT / "tests" / "chaos" / "bad_modules" / "segv.cpp"
    return module.build(source, tmp_path_factory.mktemp("segv"))


@pytest.fixture
def two(weir, origin, segv):
    """two(name, path, keys) starts two processes: /bad makes one crash, and all have an instance of
    that other module, whose keys write(keys) changes."""
    def start(name, path, keys):
        def text(keys):
            return (f'modules = ["segv", "{name}"]\n'
                    + config.table("[server]", {"processes": 2, "workers": 1, "drain": "1s"})
                    + config.table("[module.segv]", {"path": str(segv)})
                    + config.table(f"[module.{name}]", {"path": str(path)})
                    + config.table("[filter.other]", {"use": name, **keys})
                    + config.table("[[listener]]", {"address": "127.0.0.1:0"})
                    + config.table("[[route]]", {"path": "/bad", "to": origin.url,
                                                 "filters": ["segv"]})
                    + config.table("[[route]]", {"path": "/other", "filters": ["other"]}))

        made = weir(text(keys))
        made.await_line("ready: weir", count=2)
        made.write = lambda keys: made.conf.write_text(text(keys))
        return made

    return start


def crash(weir, client=None):
    """Brings down the process that this client, or any, is connected with; waits for the next."""
    before = weir.stderr.count(" ready: weir")
    with client or weir.client() as lost:
        assert lost.request("/bad").rest() == b""
    weir.await_line(" ready: weir", count=before + 1)


def holder(weir, client):
    """The process that has accepted this connection."""
    ports = [f":{end[1]:04X}" for end in (client.sock.getpeername(), client.sock.getsockname())]

    def found():
        with open("/proc/net/tcp", encoding="ascii") as table:
            rows = [line.split() for line in list(table)[1:]]
        wanted = {f"socket:[{row[9]}]" for row in rows
                  if row[1].endswith(ports[0]) and row[2].endswith(ports[1])}
        return next((pid for pid in weir.workers for fd in os.scandir(f"/proc/{pid}/fd")
                     if os.readlink(fd.path) in wanted), None)

    return until(found, "the connection to be accepted")


def connected(weir, pid):
    """A connection that this process has accepted, since the others could not."""
    others = [each for each in weir.workers if each != pid]
    for each in others:
        os.kill(each, signal.SIGSTOP)
    try:
        until(lambda: all(stopped(each) for each in others), "the others to stop")
        while holder(weir, client := weir.client()) != pid:
            pass
    finally:
        for each in others:
            os.kill(each, signal.SIGCONT)
    return client


def stopped(pid):
    """Whether all threads of the process are."""
    states = [pathlib.Path(each.path, "stat").read_text(encoding="ascii").rpartition(")")[2]
              for each in os.scandir(f"/proc/{pid}/task")]
    return all(state.split()[0] == "T" for state in states)


@pytest.mark.timeout(120)
def test_one_with_a_task_that_does_not_end_stayed_for_ever(two, tmp_path, tmp_path_factory):
    source = pace.ROOT / "tests" / "proxy" / "lifecycle" / "tasks.cpp"
    tasks = module.build(source, tmp_path_factory.mktemp("tasks"))
    gate = tmp_path / "gate"
    weir = two("tasks", tasks, {"trace": str(tmp_path / "trace"), "gate": str(gate),
                                "eager": True})
    try:
        for _ in range(3):
            crash(weir)
        leaving = int(weir.await_line(LEAVES).split("worker process ")[1].split()[0])
        weir.await_line(f"worker process {leaving} goes on after its drain: it is killed")
        weir.await_line("ready: weir", count=6)
        assert not alive(leaving)
        assert len(weir.workers) == 2
        assert {weir.get("/bad").status for _ in range(30)} == {200}
    finally:
        gate.touch()


@pytest.mark.timeout(120)
def test_one_left_in_the_middle_of_a_reload_which_failed_of_it(two, judge, tmp_path):
    gate = tmp_path / "gate"
    weir = two("judge", judge, {"says": "one"})
    for _ in range(2):
        crash(weir)
    clients = {pid: connected(weir, pid) for pid in weir.workers}
    gate.touch()
    weir.write({"says": "two", "waits": str(gate)})
    weir.signal(signal.SIGHUP)
    try:
        waiting = until(lambda: number_in(gate), "a process to configure it")
        other = next(pid for pid in clients if pid != waiting)
        crash(weir, clients[other])  # the third time
    finally:
        gate.unlink()
    weir.await_line("reloaded: generation 2 serves", count=2)
    assert f"worker process {waiting} drains" in weir.await_line(LEAVES)
    weir.await_line("ready: weir", count=6)
    assert {weir.get("/other").body for _ in range(30)} == {b"two"}
