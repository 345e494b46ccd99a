# SPDX-License-Identifier: Apache-2.0
"""Tasks of modules that run on pool threads while a reload, or the end, takes their instance."""

import pathlib

import pytest

from harness import config, module, proxy
from harness.processes import until

pytestmark = pytest.mark.threads


@pytest.fixture(scope="session")
def tasks(tmp_path_factory):
    """The path of the module."""
    source = pathlib.Path(__file__).with_name("tasks.cpp")
    return module.build(source, tmp_path_factory.mktemp("tasks"))


@pytest.fixture
def tasked(weir, tasks, tmp_path):
    """tasked(keys, ...) starts weir with one handler "t" of the module; reload(keys, ...) gives it
    others. Tasks end when open_gate() has been called. `more` is a second handler's keys."""
    trace, gate, control = tmp_path / "trace", tmp_path / "gate", tmp_path / "c.sock"
    trace.touch()

    def text(keys, more=None, drain="20s", listeners=1):
        text = 'modules = ["tasks"]\n'
        text += config.table("[server]", {"workers": 1, "drain": drain, "control": str(control)})
        text += config.table("[module.tasks]", {"path": str(tasks)})
        text += config.table("[[listener]]", {"address": "127.0.0.1:0"}) * listeners
        for name, own in (("t", keys), ("u", more)):
            if own is None:
                continue
            own = {"use": "tasks", "trace": str(trace), "gate": str(gate), **own}
            text += config.table(f"[filter.{name}]", own)
            text += config.table("[[route]]", {"path": f"/{name}", "filters": [name]})
        return text

    def start(keys, **how):
        made = weir(text(keys, **how))

        def reload(keys, more=None, good=True, listeners=1):
            made.conf.write_text(text(keys, more, listeners=listeners, **how))
            done = proxy.run("reload", "--control", control)
            assert (done.returncode == 0) == good, done.stderr
            return done.stderr

        made.reload = reload
        made.open_gate = gate.touch
        made.words = lambda tag: [line[2:] for line in trace.read_text().splitlines()
                                  if line.startswith(tag)]
        made.await_word = lambda tag, word: until(lambda: word in made.words(tag), f"{tag} {word}")
        return made

    yield start
    gate.touch()


ENDS = ["work begins", "work ends", "task dropped", "stopped", "late task dropped", "post dropped",
        "destroyed"]


@pytest.mark.parametrize("of_exchange", [False, True])
def test_an_instance_was_destroyed_while_its_task_ran(of_exchange, tasked):
    weir = tasked({"tag": "a", "of_exchange": of_exchange})
    assert weir.get("/t").body == b"a"
    weir.await_word("a", "work begins")
    weir.reload({"tag": "b"})
    assert weir.get("/t").body == b"b"  # neither the loop nor the control thread waits
    weir.reload({"tag": "b"})
    assert weir.words("a") == ["work begins"]
    weir.open_gate()
    weir.await_word("a", "destroyed")
    assert weir.words("a") == ENDS


def test_a_refused_instance_was_destroyed_while_its_task_ran(tasked):
    weir = tasked({"tag": "a"})
    weir.reload({"tag": "b", "eager": True}, more={"tag": "c", "fails": True}, good=False)
    weir.await_word("b", "work begins")
    assert "stopped" not in weir.words("b")
    weir.open_gate()
    weir.await_word("b", "destroyed")
    assert weir.words("b") == ENDS
    assert weir.get("/t").body == b"a"


def test_an_instance_stopped_at_the_end_while_its_task_ran(tasked):
    weir = tasked({"tag": "a"})
    assert weir.get("/t").body == b"a"
    weir.await_word("a", "work begins")
    weir.signal(15)
    weir.await_line("draining")
    weir.await_refusal()
    assert weir.words("a") == ["work begins"]
    weir.open_gate()
    assert weir.wait() == 0
    words = [word for word in weir.words("a") if word != "done"]  # or its loop has ended by then
    assert words[:4] == ENDS[:4]
    assert words[-1] == "destroyed"


def test_a_reload_waited_for_ever_for_a_task(tasked):
    weir = tasked({"tag": "a"}, drain="300ms")
    for tag in "abc":
        assert weir.get("/t").body == tag.encode()
        weir.await_word(tag, "work begins")
        told = weir.reload({"tag": chr(ord(tag) + 1)}, good=tag != "c")
    assert "generation 1 has not ended" in told and "a task of one of its modules" in told
    assert weir.get("/t").body == b"c"
    weir.open_gate()
    for tag in "ab":
        weir.await_word(tag, "destroyed")
    weir.reload({"tag": "d"})
    assert weir.get("/t").body == b"d"


def test_a_reload_waits_for_a_task_of_what_was_given_up_but_not_for_ever(tasked):
    weir = tasked({"tag": "a"}, drain="300ms")
    weir.reload({"tag": "b", "eager": True}, more={"tag": "c", "fails": True}, good=False,
                listeners=2)
    weir.await_word("b", "work begins")
    told = weir.reload({"tag": "d"}, good=False)
    assert "what was discarded before has not ended; a task of one of its modules" in told
    weir.open_gate()
    weir.await_word("b", "destroyed")
    weir.reload({"tag": "d"})
    assert weir.get("/t").body == b"d"


def test_a_kept_instance_with_tasks_does_not_hold_what_was_before(tasked):
    weir = tasked({"tag": "a"})
    assert weir.get("/t").body == b"a"
    weir.await_word("a", "work begins")
    for number in range(4):  # more generations than may be there at a time
        weir.reload({"tag": "a"}, more={"tag": f"{number}"})
    assert weir.words("a") == ["work begins"]
    weir.open_gate()
    weir.await_word("a", "done")
