# SPDX-License-Identifier: Apache-2.0
"""The module probe.cpp, and weir with chains of it."""

import pathlib
import time

import pytest

from harness import config, module, pace


@pytest.fixture(scope="session")
def probe(tmp_path_factory):
    """The path of the module, built against the header alone."""
    source = pathlib.Path(__file__).with_name("probe.cpp")
    return module.build(source, tmp_path_factory.mktemp("probe"))


class Trace:
    """What the modules wrote down."""

    def __init__(self, path):
        self.path = path

    def lines(self):
        return self.path.read_text().splitlines() if self.path.exists() else []

    def await_line(self, line, count=1):
        until = time.monotonic() + pace.PATIENCE
        while self.lines().count(line) < count:
            assert time.monotonic() < until, f"no {line!r} in {self.lines()}"
            time.sleep(0.01)
        return self.lines()


@pytest.fixture
def trace(tmp_path):
    return Trace(tmp_path / "trace")


@pytest.fixture
def chain(weir, probe, trace):
    """chain(origin, filter, ..., handler=keys, listener=filters) starts weir with one route.

    A filter is what probe.cpp is told, keys of the instance such as on_fault included; its tag is
    its letter, a for the first of the listener, or of the route when that has none.
    """
    def make(to, *filters, handler=None, listener=(), route=None, server=None, timeouts=None,
             limits=None, upstream=None, more=""):
        uses = [{"probe": {"tag": chr(ord("a") + at), "trace": str(trace.path), **keys}}
                for at, keys in enumerate([*listener, *filters])]
        if handler is not None:
            uses.append({"probe_handler": {"trace": str(trace.path), **handler}})
        text = 'modules = ["probe"]\n'
        text += config.table("[server]", {"workers": 1, "drain": "2s", **(server or {})})
        text += config.table("[server.timeouts]", timeouts or {})
        text += config.table("[server.limits]", limits or {})
        text += config.table("[[listener]]", {"address": "127.0.0.1:0",
                                              "filters": uses[:len(listener)]})
        keys = {"filters": uses[len(listener):], **(route or {})}
        if handler is None:
            keys["to"] = "origin"
            text += config.table("[upstream.origin]", {"endpoints": [to.endpoint],
                                                       **(upstream or {})})
        text += config.table("[[route]]", keys)
        return weir(text + more + f'[module.probe]\npath = "{probe}"\n')

    return make
