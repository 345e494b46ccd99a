# SPDX-License-Identifier: Apache-2.0
"""What becomes of modules and their state when the file, or their code, changes."""

import pathlib
import shutil

import pytest
from harness import config, module, pace, proxy
from harness.processes import until

pytestmark = pytest.mark.threads


@pytest.fixture(scope="session")
def versions(tmp_path_factory):
    """Two builds of the same module."""
    source = pathlib.Path(__file__).with_name("counter.cpp")
    return [module.build(source, tmp_path_factory.mktemp(f"v{number}"),
                         f'-DVERSION="{number}"') for number in (1, 2)]


@pytest.fixture
def counting(weir, versions, tmp_path):
    """A weir whose only route counts; reload(keys) writes them and reloads."""
    image = tmp_path / "counter.so"
    shutil.copy(versions[0], image)
    control = tmp_path / "c.sock"

    def text(keys, more=""):
        return ('modules = ["counter"]\n'
                + config.table("[server]", {"workers": 2, "drain": "2s", "control": str(control)})
                + config.table("[[listener]]", {"address": "127.0.0.1:0"})
                + config.table("[[route]]", {"filters": ["count"]})
                + config.table("[filter.count]", {"use": "counter", **keys})
                + config.table("[module.counter]", {"path": str(image)}) + more)

    made = weir(text({}))

    def reload(keys, good=True, more=""):
        made.conf.write_text(text(keys, more))
        done = proxy.run("reload", "--control", control)
        assert (done.returncode == 0) == good, done.stderr
        return done

    def swap(version):
        fresh = tmp_path / "fresh.so"
        shutil.copy(versions[version - 1], fresh)
        fresh.rename(image)

    made.reload, made.swap = reload, swap
    made.order = lambda word: proxy.run(word, "--control", control)
    made.says = lambda: made.get().body.decode().rstrip()
    return made


def test_an_instance_with_the_same_keys_goes_on(counting):
    assert counting.says() == "v1 new 1"
    counting.reload({})
    assert counting.says() == "v1 new 2"


def test_one_with_other_keys_takes_the_state_over(counting):
    assert counting.says() == "v1 new 1"
    counting.reload({"note": "x"})
    assert counting.says() == "v1 adopted 2 x"


def test_another_version_gets_the_state_as_bytes(counting):
    assert counting.says() == "v1 new 1"
    counting.swap(2)
    counting.reload({})
    assert counting.says() == "v2 restored 2"
    counting.swap(1)
    counting.reload({})
    assert counting.says() == "v1 restored 3"


def test_an_instance_that_does_not_start_changes_nothing(counting):
    assert counting.says() == "v1 new 1"
    done = counting.reload({"fails": True}, good=False)
    assert 'counter "count" could not start' in done.stderr
    assert counting.says() == "v1 new 2"


def test_one_that_does_not_start_on_a_loop_changes_nothing(counting):
    assert counting.says() == "v1 new 1"
    done = counting.reload({"fails_here": True}, good=False)
    assert 'counter "count" could not start on worker' in done.stderr
    assert counting.says() == "v1 new 2"
    counting.reload({"note": "y"})
    assert counting.says() == "v1 adopted 3 y"


def test_the_file_of_a_socket_stayed_behind_a_refused_reload(counting, tmp_path):
    path = tmp_path / "more.sock"
    listener = config.table("[[listener]]", {"address": f"unix:{path}"})
    for _ in range(10):
        counting.reload({"fails_here": True}, good=False, more=listener)
        until(lambda: not path.exists(), "the end of the file")
    assert counting.says() == "v1 new 1"


def test_tests_of_the_file_do_not_reach_what_serves(counting):
    assert counting.says() == "v1 new 1"
    test = config.table("[[test]]", {"request": "GET http://a/", "expect": {"status": 200}})
    counting.reload({}, more=test)
    for _ in range(3):
        assert counting.order("plan").returncode == 0
    assert counting.says() == "v1 new 2"


def test_of_two_without_a_name_none_takes_over_from_the_other(weir, versions, tmp_path):
    control = tmp_path / "c.sock"

    def text(note):
        text = 'modules = ["counter"]\n'
        text += config.table("[server]", {"workers": 1, "drain": "2s", "control": str(control)})
        text += config.table("[[listener]]", {"address": "127.0.0.1:0"})
        text += config.table("[module.counter]", {"path": str(versions[0])})
        for path, said in (("/a", note), ("/b", "b")):
            text += config.table("[[route]]", {"path": path,
                                               "filters": [{"counter": {"note": said}}]})
        return text

    made = weir(text("a"))
    for _ in range(3):
        made.get("/a")
    assert made.get("/b").body == b"v1 new 1 b"
    made.conf.write_text(text("c"))
    assert proxy.run("reload", "--control", control).returncode == 0
    assert made.get("/a").body == b"v1 new 1 c"
    assert made.get("/b").body == b"v1 new 2 b"


@pytest.mark.skipif(pace.SANITIZED, reason="a sanitizer keeps freed memory")
@pytest.mark.timeout(90)
def test_memory_does_not_grow_with_reloads(counting):
    def rounds(count):
        for number in range(count):
            counting.reload({"note": f"{number % 7}"})
        return counting.memory("VmRSS")

    before = rounds(60)
    after = rounds(140)
    assert after < before * 1.05, f"{before} bytes after 60 reloads, {after} after 200"
