# SPDX-License-Identifier: Apache-2.0
"""Processes that leave one after the other, since they still call a module in quarantine."""

import pytest

from harness import config, module, pace
from harness.processes import alive

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
