# SPDX-License-Identifier: Apache-2.0
"""Processes that are nobody's children here: found, waited for, and ended after the test."""

import os
import pathlib
import signal

import pytest

from harness import module, pace
from harness.processes import alive, number_in, until


@pytest.fixture(scope="session")
def judge(tmp_path_factory):
    """The path of the module judge."""
    source = pathlib.Path(__file__).with_name("judge.cpp")
    return module.build(source, tmp_path_factory.mktemp("judge"))


@pytest.fixture
def replaced():
    """replaced(weir, pid) kills a worker process and waits for the next one's "ready"."""
    def replace(weir, pid=None, with_signal=signal.SIGKILL):
        pid = pid or weir.workers[0]
        before = weir.stderr.count(" ready: weir")
        os.kill(pid, with_signal)
        weir.await_line(r" ready: weir", count=before + 1)
        return pid

    return replace


@pytest.fixture
def upgradable(weir_to, tmp_path):
    """upgradable(origin, ...) starts weir with a pid file; whoever it names after the test is ended
    as an administrator does."""
    file = tmp_path / "weir.pid"

    def start(to, server=None, **how):
        made = weir_to(to, server={"pid": str(file), **(server or {})}, **how)
        made.pid_file = file
        return made

    yield start
    pid = number_in(file)
    if pid and alive(pid):
        os.kill(pid, signal.SIGTERM)
        until(lambda: not alive(pid), f"the end of {pid}", pace.PATIENCE * 2)
        assert not file.exists()


@pytest.fixture
def upgraded():
    """upgraded(weir) has the process of the pid file followed by another; gives that one's id."""
    def upgrade(weir):
        former = number_in(weir.pid_file)
        os.kill(former, signal.SIGUSR2)
        return until(lambda: number_in(weir.pid_file) not in (0, former)
                     and number_in(weir.pid_file), "a new process in the pid file")

    return upgrade
