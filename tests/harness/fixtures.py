# SPDX-License-Identifier: Apache-2.0
"""The fixtures, and a time limit for each test. A conftest.py takes all of this by `import *`."""

import itertools
import os
import signal

import pytest

from harness import client, config, nginx, pace, proxy
from harness import origin as origin_module

__all__ = ["make_origin", "nginx_origin", "origin", "pytest_configure", "pytest_runtest_call",
           "pytest_runtest_setup", "pytest_runtest_teardown", "raw", "weir", "weir_to"]

LIMIT = 30  # seconds for a test that says nothing else


def pytest_configure(config):
    config.addinivalue_line("markers", "timeout(seconds): for each phase of the test")


def limited(item):
    marker = item.get_closest_marker("timeout")
    seconds = (marker.args[0] if marker else LIMIT) * pace.FACTOR

    def late(*_):
        raise TimeoutError(f"{item.nodeid} took more than {seconds} s")

    before = signal.signal(signal.SIGALRM, late)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_setup(item):
    yield from limited(item)


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_call(item):
    yield from limited(item)


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_teardown(item):
    yield from limited(item)


@pytest.fixture
def make_origin():
    """make_origin(handler, ...) gives an origin.Origin."""
    made = []

    def make(*args, **how):
        made.append(origin_module.Origin(*args, **how))
        return made[-1]

    yield make
    for each in made:
        each.close()
    faults = [fault for each in made for fault in each.faults]
    assert not faults, f"at the origin: {faults}"


@pytest.fixture
def origin(make_origin):
    """An origin that says hello to everything until its handler is replaced."""
    return make_origin()


@pytest.fixture
def weir(tmp_path, make_origin):
    """weir(conf_text, modules=[...], env={...}) starts weir, `under` a tool if one is given, or
    `alone`: without a supervisor; after the test it must end well."""
    made = []
    numbers = itertools.count(1)

    def make(text, modules=(), env=None, expect_ready=True, under=(), alone=False):
        conf = tmp_path / f"weir-{next(numbers)}.toml"
        if modules:
            text = f"modules = {config.toml(list(modules))}\n{text}"
        conf.write_text(text)
        # A tool looks at one process.
        options = ["--no-supervisor"] if alone or under else []
        made.append(proxy.Weir("run", *options, "-c", conf, env={**os.environ, **(env or {})},
                               expect_ready=expect_ready, under=under))
        made[-1].conf = conf
        return made[-1]

    yield make
    try:
        for each in made:
            if each.process.returncode is None:
                each.stop()
    finally:
        for each in made:
            each.kill()


@pytest.fixture
def weir_to(weir):
    """weir_to(origin, ...) starts weir with config.simple(origin, ...)."""
    def make(to, env=None, expect_ready=True, under=(), alone=False, **how):
        options = {"alone": True} if alone else {}
        return weir(config.simple(to, **how), env=env, expect_ready=expect_ready, under=under,
                    **options)

    return make


@pytest.fixture
def raw():
    """raw(address) is a client that sends the bytes it is told to; closed after the test."""
    made = []

    def connect(address, timeout=None):
        made.append(client.Client(address, timeout))
        return made[-1]

    yield connect
    for each in made:
        each.close()


@pytest.fixture
def nginx_origin(tmp_path):
    """A real nginx that serves the folder nginx_origin.root."""
    folder = tmp_path / "nginx"
    root = folder / "root"
    root.mkdir(parents=True)
    made = nginx.Nginx(folder, root)
    yield made
    made.stop()
