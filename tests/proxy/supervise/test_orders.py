# SPDX-License-Identifier: Apache-2.0
"""Orders to several worker processes: of those that hang, and of those that some refuse."""

import json
import os
import signal
import socket
import threading

import pytest

from harness import config, pace, proxy
from harness.processes import number_in, until

pytestmark = pytest.mark.threads


@pytest.fixture
def two(weir, judge, tmp_path):
    """Two processes; write(keys) gives their handler others, order(*words) asks them."""
    control = tmp_path / "c.sock"

    def text(keys, more=""):
        return ('modules = ["judge"]\n'
                + config.table("[server]", {"processes": 2, "workers": 1, "drain": "2s",
                                            "control": str(control)})
                + config.table("[module.judge]", {"path": str(judge)})
                + config.table("[filter.j]", {"use": "judge", **keys})
                + config.table("[[listener]]", {"address": "127.0.0.1:0"}) + more
                + config.table("[[route]]", {"filters": ["j"]}))

    made = weir(text({"says": "one"}))
    made.await_line("ready: weir", count=2)
    made.write = lambda keys, more="": made.conf.write_text(text(keys, more))
    made.order = lambda *words: proxy.run(*words, "--control", control, timeout=60 * pace.FACTOR)
    made.answers = lambda: {made.get().body for _ in range(30)}
    made.processes = lambda: json.loads(made.order("ctl", "status").stdout)["processes"]
    return made


def test_a_file_that_one_process_refuses_served_in_the_others(two, tmp_path):
    once = tmp_path / "once"
    for _ in range(2):
        once.touch()
        two.write({"says": "two", "once": str(once)})
        done = two.order("reload")
        assert done.returncode == 1
        assert 'judge "j" could not start' in done.stderr
        assert not once.exists()  # the other one had prepared it
        assert two.answers() == {b"one"}
    two.await_line("not reloaded, since another process refuses the file", count=2)
    for each in two.processes():
        assert [known["number"] for known in each["generations"]] == [1]
    two.write({"says": "three"})
    assert two.order("reload").returncode == 0
    assert two.answers() == {b"three"}


def test_a_socket_that_one_process_refuses_goes_with_its_file(two, tmp_path):
    path = tmp_path / "new.sock"
    once = tmp_path / "once"
    listener = config.table("[[listener]]", {"address": f"unix:{path}"})
    for _ in range(5):
        once.touch()
        two.write({"says": "two", "once": str(once)}, listener)
        assert two.order("reload").returncode == 1
        two.write({"says": "one"})
        assert two.order("reload").returncode == 0  # the discard has been carried out by now
        assert not path.exists()


@pytest.mark.timeout(60)
def test_a_file_that_changes_meanwhile_found_its_new_address_in_use(two, tmp_path):
    waits = tmp_path / "waits"
    with socket.create_server(("127.0.0.1", 0)) as found:
        address = f"127.0.0.1:{found.getsockname()[1]}"
    listener = config.table("[[listener]]", {"address": address})
    waits.touch()
    two.write({"says": "two", "waits": str(waits)}, listener)
    results = []
    asking = threading.Thread(target=lambda: results.append(two.order("reload")))
    asking.start()
    try:
        until(lambda: number_in(waits), "a process to configure it")
        two.write({"says": "three"}, listener)
    finally:
        waits.unlink()
        asking.join()
    assert results[0].returncode == 0, results[0].stderr
    assert two.answers() == {b"three"}
    with two.client(int(address.partition(":")[2])) as client:
        assert client.get().body == b"three"


class TestNoWorker:
    """A file that is mended while no worker process is there, for each that starts ends."""

    @pytest.fixture
    def down(self, weir, judge, tmp_path):
        """weir between two workers; write(keys, more) gives the file's handler others."""
        once = tmp_path / "once"

        def text(keys, more=""):
            return (f'modules = ["judge"{more}]\n' + config.table("[server]", {"workers": 1})
                    + config.table("[module.judge]", {"path": str(judge)})
                    + config.table("[filter.j]", {"use": "judge", **keys})
                    + config.table("[[listener]]", {"address": "127.0.0.1:0"})
                    + config.table("[[route]]", {"filters": ["j"]}))

        once.touch()
        made = weir(text({"says": "one", "once": str(once)}))
        made.write = lambda *how: made.conf.write_text(text(*how))
        made.once = once
        assert not once.exists()
        os.kill(made.workers[0], signal.SIGKILL)
        made.await_line("another one starts in 1600 ms")
        return made

    def test_the_next_one_started_with_the_former_file(self, down):
        down.write({"says": "two"})
        down.signal(signal.SIGHUP)
        down.await_line("the next one starts with the file as it is now")
        down.await_line("ready: weir", count=2)
        assert down.get().body == b"two"

    @pytest.mark.parametrize("wrong", [', "no_such_module"', ', ""]]'])
    def test_a_file_that_is_wrong_changes_nothing(self, wrong, down):
        down.write({"says": "two"}, wrong)
        down.signal(signal.SIGHUP)
        down.await_line("not reloaded: no worker process")
        down.once.touch()
        down.await_line("ready: weir", count=2)
        assert down.get().body == b"one"


@pytest.mark.timeout(60)
def test_a_process_that_hangs_held_those_that_ask_the_others(two, tmp_path):
    waits = tmp_path / "waits"
    waits.touch()
    two.write({"says": "two", "waits": str(waits)})
    results = []
    asking = threading.Thread(target=lambda: results.append(two.order("reload").returncode))
    asking.start()
    try:
        line = two.await_line("stuck: control for .* ms in module")
        assert 'handler "j", phase configure' in line
        shown = two.processes()
        assert len(shown) == 2
        errors = [each["error"] for each in shown if "error" in each]
        assert len(errors) == 1
        assert "has not answered within 10 s: something holds its control thread" in errors[0]
        assert two.answers() == {b"one"}  # data goes on in both
    finally:
        waits.unlink()
        asking.join()
    assert results == [0]
    assert two.answers() == {b"two"}
