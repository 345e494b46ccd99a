# SPDX-License-Identifier: Apache-2.0
"""How instances of modules begin and end on the loops, and what becomes of their posts."""

import pathlib
import signal

import pytest

from harness import config, module


@pytest.fixture(scope="session")
def ends(tmp_path_factory):
    """The path of the module."""
    source = pathlib.Path(__file__).with_name("ends.cpp")
    return module.build(source, tmp_path_factory.mktemp("ends"))


@pytest.fixture
def trace(tmp_path):
    return tmp_path / "trace"


@pytest.fixture
def chain(weir, ends, trace):
    """chain(origin, fails=tag) starts weir with instances a to d; one may fail to start."""
    def make(to, fails="", expect_ready=True, **server):
        text = 'modules = ["ends"]\n'
        text += config.table("[server]", {"workers": 1, "drain": "300ms", **server})
        text += config.table("[[listener]]", {"address": "127.0.0.1:0"})
        text += config.table("[[route]]", {"to": to.url, "filters": list("abcd")})
        for tag in "abcd":
            keys = {"use": "ends", "tag": tag, "trace": str(trace), "fails": tag == fails}
            text += config.table(f"[filter.{tag}]", keys)
        return weir(text + f'[module.ends]\npath = "{ends}"\n', expect_ready=expect_ready)

    return make


def test_instances_stop_in_reverse(chain, origin, trace):
    chain(origin).stop()
    lines = [line for line in trace.read_text().splitlines() if "post" not in line]
    assert lines == ["a start", "b start", "c start", "d start",
                     "d stop", "c stop", "b stop", "a stop"]


def test_a_failed_start_stops_what_had_started_and_is_told(chain, origin, trace):
    weir = chain(origin, fails="c", expect_ready=False)
    assert weir.wait() == 2
    assert 'ends "c" could not start on worker 0' in weir.stderr
    assert "ready" not in weir.stderr
    lines = [line for line in trace.read_text().splitlines() if "post" not in line]
    assert lines == ["a start", "b start", "c fails", "b stop", "a stop"]


def test_a_failed_start_on_several_loops_ends_all_of_them(chain, origin, trace):
    weir = chain(origin, fails="d", expect_ready=False, workers=3)
    assert weir.wait() == 2
    lines = trace.read_text().splitlines()
    for tag in "abc":
        assert lines.count(f"{tag} start") == lines.count(f"{tag} stop")
    assert lines.count("d fails") > 0 and "d stop" not in lines


def test_posts_run_before_worker_stop_or_are_given_back(chain, make_origin, trace, raw):
    def endless(exchange):
        exchange.send(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello")
        exchange.await_end()

    weir = chain(make_origin(endless))
    assert raw(weir.port).request().head().status == 200
    weir.signal(signal.SIGTERM)
    assert weir.wait() == 0
    lines = trace.read_text().splitlines()
    for tag in "abcd":
        # The exchange is cut, and its end posts; so does the instance while it stops.
        own = [line for line in lines if line.startswith(tag)]
        assert own == [f"{tag} start", f"{tag} post 0", f"{tag} stop", f"{tag} post -2"]
